"""What can go wrong at a source.

SourceError               every error names its source and carries a code of the closed list
  Retriable               ask again later           Timeout, RateLimited, Unavailable
  Fatal                   stop until a person acts  Unauthorized, WrongSettings
  Skippable               this answer only          BadPayload, UnknownField

Messages name the source, the field or the status; never a value, a body or a secret.
"""

from typing import ClassVar


class SourceError(Exception):
    """A source gave no usable answer."""

    code: ClassVar[str] = "SOURCE_UNAVAILABLE"

    def __init__(self, source: str, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(f"{source}: {message}")
        self.source = source
        self.retry_after_s = retry_after_s


class Retriable(SourceError):
    """Asking again later may help."""


class Timeout(Retriable):
    """No answer within the request's budget."""

    code = "SOURCE_TIMEOUT"


class RateLimited(Retriable):
    """The source asks for a pause.  `retry_after_s` is its wish in seconds, or None."""

    code = "SOURCE_RATE_LIMITED"


class Unavailable(Retriable):
    """The source can't be reached or answers with a server error."""


class Fatal(SourceError):
    """A person must act: asking again can't help."""


class Unauthorized(Fatal):
    """The source refuses our credentials."""


class WrongSettings(Fatal):
    """The source's settings can't work; the message says which and why."""


class Skippable(SourceError):
    """This answer is of no use; others may be."""


class BadPayload(Skippable):
    """The answer isn't what the source's documentation promises."""


class UnknownField(Skippable):
    """The source doesn't know an attribute that a field definition names."""
