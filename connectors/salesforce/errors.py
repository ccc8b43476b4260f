"""What Salesforce means by a refusal: its bodies say more than its statuses."""

import re
from collections.abc import Collection, Mapping
from typing import Final

from connectors.errors import (
    BadPayload,
    Conflict,
    CursorExpired,
    QuotaExhausted,
    RateLimited,
    SourceError,
    Unauthorized,
    Unavailable,
    UnknownField,
    WrongSettings,
)
from connectors.runtime.call import Reply

_CLASSES: Final[Mapping[str, type[SourceError]]] = {
    "INVALID_SESSION_ID": Unauthorized,
    "INVALID_AUTH_HEADER": Unauthorized,
    "API_DISABLED_FOR_ORG": Unauthorized,
    "API_CURRENTLY_DISABLED": Unavailable,
    "SERVER_UNAVAILABLE": Unavailable,
    "QUERY_TIMEOUT": Unavailable,
    "UNABLE_TO_LOCK_ROW": Unavailable,
    "REQUEST_RUNNING_TOO_LONG": Unavailable,
    "INVALID_TYPE": WrongSettings,
    "ENTITY_IS_DELETED": Conflict,
    "DUPLICATES_DETECTED": Conflict,
    "DUPLICATE_VALUE": Conflict,
    "FIELD_CUSTOM_VALIDATION_EXCEPTION": Conflict,
    "FIELD_INTEGRITY_EXCEPTION": Conflict,
    "REQUIRED_FIELD_MISSING": Conflict,
    "INVALID_REPLICATION_DATE": CursorExpired,
    "EXCEEDED_ID_LIMIT": CursorExpired,
}
_FIRST_REFUSAL: Final = 300
_UNKNOWN_FIELD = frozenset({"INVALID_FIELD", "INVALID_FIELD_FOR_INSERT_UPDATE"})
_LIMIT = "REQUEST_LIMIT_EXCEEDED"
_CODE = re.compile(r"[A-Z][A-Z_]{2,60}")
_QUOTED = re.compile(r"'([A-Za-z0-9_.]{1,200})'")


class Refusals:
    """Judges the answers to one request for `attributes`.

    `unknown` are those of them that Salesforce says it doesn't have, or doesn't show us.
    """

    def __init__(self, source: str, attributes: Collection[str] = ()) -> None:
        self._source = source
        self._attributes = {name.lower(): name for name in attributes}
        self.unknown: frozenset[str] = frozenset()

    def judge(self, reply: Reply) -> SourceError | None:
        """The error that a reply stands for; None where its status says all."""
        return self.error_of(reply.body) if reply.status >= _FIRST_REFUSAL else None

    def error_of(self, body: object) -> SourceError | None:
        """The error that the body of a refusal tells, None where it tells none that we know."""
        first = body[0] if isinstance(body, list) and body else None
        code = first.get("errorCode") if isinstance(first, dict) else None
        if first is None or not isinstance(code, str) or not _CODE.fullmatch(code):
            return None
        if code == _LIMIT:
            return self._limit(str(first.get("message")))
        if code in _UNKNOWN_FIELD:
            return self._unknown_field(first)
        kind = _CLASSES.get(code)
        return kind(self._source, f"Salesforce answers {code}") if kind else None

    def _limit(self, message: str) -> SourceError:
        # One code for two things: too much in a day, and too many long requests at once.
        if "concurrent" in message.lower():
            return RateLimited(self._source, "too many long requests at once")
        return QuotaExhausted(self._source, "the requests of 24 hours are used up")

    def _unknown_field(self, error: Mapping[str, object]) -> SourceError:
        fields, message = error.get("fields"), str(error.get("message"))
        named = [*(fields if isinstance(fields, list) else []), *_QUOTED.findall(message)]
        # The message quotes the question too, values included: only names of ours are taken.
        ours = [self._named(str(name).lower()) for name in named]
        self.unknown = frozenset(name for name in ours if name is not None)
        if not self.unknown:
            return BadPayload(self._source, "Salesforce doesn't know a field that it doesn't name")
        listed = ", ".join(f"`{name}`" for name in sorted(self.unknown))
        return UnknownField(self._source, f"no such field, or it isn't shown to us: {listed}")

    def _named(self, name: str) -> str | None:
        """The attribute that is named so, or whose path ends or begins so."""
        if name in self._attributes:
            return self._attributes[name]
        for path, attribute in self._attributes.items():
            if "." in path and name in {path.rpartition(".")[2], path.partition(".")[0]}:
                return attribute
        return None
