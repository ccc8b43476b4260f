"""What can go wrong in the graph, and the one table that says it to clients.

GatewayError           carries a code of the closed list
  NotFound  VersionMismatch  Forbidden  BadInput  QueryTooComplex
  LimitExceeded        says which limit
  Conflict  BreaksValues  Erased  Damaged
  StoreUnavailable     the document store gives no answer
  AuditUnavailable     an access can't be recorded

Everything that isn't in the table is INTERNAL, with an incident id and nothing else.
"""

import logging
import secrets
import traceback
from enum import Enum
from typing import Any, ClassVar

from connectors.errors import BadPayload, SourceError
from graph.model.errors import BadValue, ModelError
from policies.decision import Decision

_LOG = logging.getLogger("gateway.errors")


class ErrorCode(Enum):
    """The closed list of `extensions.code`; each has a paragraph in graph/README.md."""

    UNAUTHENTICATED = "UNAUTHENTICATED"
    FORBIDDEN = "FORBIDDEN"
    FIELD_FORBIDDEN = "FIELD_FORBIDDEN"
    STEP_UP_REQUIRED = "STEP_UP_REQUIRED"
    NOT_FOUND = "NOT_FOUND"
    BAD_INPUT = "BAD_INPUT"
    CONFLICT = "CONFLICT"
    VERSION_MISMATCH = "VERSION_MISMATCH"
    AMBIGUOUS = "AMBIGUOUS"
    SOURCE_TIMEOUT = "SOURCE_TIMEOUT"
    SOURCE_UNAVAILABLE = "SOURCE_UNAVAILABLE"
    SOURCE_RATE_LIMITED = "SOURCE_RATE_LIMITED"
    QUERY_TOO_COMPLEX = "QUERY_TOO_COMPLEX"
    RATE_LIMITED = "RATE_LIMITED"
    ERASED = "ERASED"
    AUDIT_UNAVAILABLE = "AUDIT_UNAVAILABLE"
    STORE_UNAVAILABLE = "STORE_UNAVAILABLE"
    INTERNAL = "INTERNAL"


class GatewayError(Exception):
    """A refusal or failure that clients are told about."""

    code: ClassVar[ErrorCode] = ErrorCode.INTERNAL

    def details(self) -> dict[str, Any]:
        """What else `extensions` tells a client."""
        return {}


class NotFound(GatewayError):
    """Absent, or out of the principal's scope: the two look the same."""

    code = ErrorCode.NOT_FOUND


class Conflict(GatewayError):
    """The change contradicts what is stored."""

    code = ErrorCode.CONFLICT


class BreaksValues(Conflict):
    """A new definition doesn't fit what is stored: in `count` profiles; `examples` are some ids."""

    def __init__(self, count: int, examples: list[str]) -> None:
        super().__init__(f"{count} profiles hold a value that would not fit; see examples.")
        self._told = {"count": count, "examples": examples}

    def details(self) -> dict[str, Any]:
        """How many profiles, and the ids of some."""
        return self._told


class Ambiguous(GatewayError):
    """What was named is several profiles', and nobody said which is meant."""

    code = ErrorCode.AMBIGUOUS


class VersionMismatch(GatewayError):
    """Somebody else changed the record since it was read."""

    code = ErrorCode.VERSION_MISMATCH


class Erased(GatewayError):
    """The person was erased: the keys of their sealed values are destroyed."""

    code = ErrorCode.ERASED


class Damaged(GatewayError):
    """A stored value isn't what was sealed there.  The log has its incident."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self._incident = secrets.token_hex(8)
        _LOG.error("incident %s: a stored value failed its check", self._incident)

    def details(self) -> dict[str, Any]:
        """The incident by which it is found in the log."""
        return {"incident": self._incident}


class BadInput(GatewayError):
    """The request can't be understood or carried out as it stands."""

    code = ErrorCode.BAD_INPUT


class QueryTooComplex(GatewayError):
    """The document asks for more than one request may."""

    code = ErrorCode.QUERY_TOO_COMPLEX


class LimitExceeded(QueryTooComplex):
    """The request has `measured` of something of which it may have `most`."""

    def __init__(self, limit: str, most: float, measured: float) -> None:
        super().__init__(f"The request exceeds a limit: {limit}, {most} at most.")
        self._told = {"limit": limit, "value": most, "measured": measured}

    def details(self) -> dict[str, Any]:
        """Which limit, what it is, and what the request has."""
        return self._told


class Forbidden(GatewayError):
    """The principal may not do this, as a decision says: its code is what a client is told."""

    def __init__(self, message: str, decision: Decision, field: str | None = None) -> None:
        super().__init__(message)
        self.decision = decision
        self.field = field


class StoreUnavailable(GatewayError):
    """The document store gives no answer in time."""

    code = ErrorCode.STORE_UNAVAILABLE


class AuditUnavailable(GatewayError):
    """An access can't be recorded, so it isn't given."""

    code = ErrorCode.AUDIT_UNAVAILABLE


def source_error_message(error: SourceError) -> str:
    """What a client is told about a source: its name and what happened, no vendor detail."""
    if isinstance(error, BadPayload):
        return f"{error.source} gave no usable answer."
    told = {
        "SOURCE_TIMEOUT": "didn't answer in time",
        "SOURCE_RATE_LIMITED": "asks for a pause",
        "SOURCE_UNAVAILABLE": "can't be asked now",
    }
    return f"{error.source} {told[error.code]}."


def refusal_message(decision: Decision) -> str:
    """What a client is told about a field that is withheld."""
    if decision.code == ErrorCode.STEP_UP_REQUIRED.value:
        return "This field needs a second factor at sign-in."
    return "You may not read this field."


def refusal(decision: Decision) -> dict[str, Any]:
    """The code of a decision, and how old a second factor may be where it asks for one."""
    age = {} if decision.max_age_s is None else {"maxAgeS": decision.max_age_s}
    return {"code": ErrorCode(decision.code).value, **age}


def client_error(error: Exception) -> tuple[str, dict[str, Any]]:
    """The message and extensions a client sees for an exception raised while resolving."""
    extensions: dict[str, Any]
    match error:
        case Forbidden():
            extensions = refusal(error.decision)
            return str(error), extensions | ({"field": error.field} if error.field else {})
        case GatewayError():
            return str(error), {"code": error.code.value} | error.details()
        case SourceError():
            extensions = {"code": error.code, "source": error.source}
            if error.retry_after_s is not None:
                extensions["retryAfterS"] = error.retry_after_s
            return source_error_message(error), extensions
        case BadValue():
            return str(error), {"code": ErrorCode.BAD_INPUT.value, "field": error.field}
        case ModelError():
            return str(error), {"code": ErrorCode.BAD_INPUT.value}
        case _:
            return _internal(error)


def _internal(error: Exception) -> tuple[str, dict[str, Any]]:
    incident = secrets.token_hex(8)
    frames = traceback.extract_tb(error.__traceback__)
    where = " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames[-8:]))
    # The exception's text may hold values of a person: its class and place are enough.
    _LOG.error("incident %s: %s at %s", incident, type(error).__qualname__, where)
    return f"Something went wrong here; the incident is {incident}.", {
        "code": ErrorCode.INTERNAL.value,
        "incident": incident,
    }
