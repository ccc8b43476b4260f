"""Why a request has no principal.

Unauthenticated        the caller must bring another token: HTTP 401
  KeySetUnavailable    nobody can tell at the moment: HTTP 503, ask again later

Messages name the rule that failed; never the token, nor anything that stands in it.
"""


class Unauthenticated(Exception):
    """The request doesn't prove who asks.  `reason` is a sentence for the caller."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class KeySetUnavailable(Unauthenticated):
    """What tokens are checked with can't be had, so they can be neither accepted nor refused."""
