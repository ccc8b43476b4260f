"""What can go wrong at a source.

SourceError               every error names its source and carries a code of the closed list
  Retriable               ask again later           Timeout, RateLimited, Unavailable
                          later, much later         QuotaExhausted, CircuitOpen
  Fatal                   stop until a person acts  Unauthorized, WrongSettings
  Skippable               this answer only          BadPayload, UnknownField, Conflict,
                                                    CursorExpired, BadSignature

Messages name the source, the field or the status; never a value, a body or a secret.
"""

from typing import ClassVar, Final

_HOUR_S: Final = 3600.0


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


class QuotaExhausted(RateLimited):
    """What the source grants for hours or a day is used up: nobody asks before it is renewed.

    `retry_after_s` says when that is; an hour where the source doesn't say.
    """

    def __init__(self, source: str, message: str, *, retry_after_s: float | None = None) -> None:
        super().__init__(source, message, retry_after_s=retry_after_s or _HOUR_S)


class Unavailable(Retriable):
    """The source can't be reached or answers with a server error."""


class CircuitOpen(Unavailable):
    """The source wasn't asked: it failed lately.  `retry_after_s` says when it is tried again."""


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


class Conflict(Skippable):
    """Not written: the source's record is another than the writer knew, or forbids it."""

    code = "CONFLICT"


class CursorExpired(Skippable):
    """The source no longer knows what changed since a cursor: all must be read again."""


class BadSignature(Skippable):
    """A webhook isn't signed by the source, or came too late to be believed."""

    code = "UNAUTHENTICATED"
