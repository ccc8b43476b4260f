"""What can go wrong in the policies.

PolicyError
  Unlabelled     a field has no data class: the build stops
  WrongMatrix    the matrix names what doesn't exist: the gateway doesn't start
"""


class PolicyError(Exception):
    """The policies can't be used as they stand."""


class Unlabelled(PolicyError):
    """A field of personal data carries no data class."""


class WrongMatrix(PolicyError):
    """The matrix names a role, class or operation that doesn't exist."""
