"""What Salesforce means by a refusal: its bodies say more than its statuses."""

import re
from collections.abc import Collection, Mapping, Sequence
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
# The end of a message; before it stands the question, in which values may hold anything.
_QUESTION_ENDS: Final = "ERROR at Row"
_NO_COLUMN = re.compile(
    r"no such column '(?P<name>\w{1,200})' on (?:(?:entity|sobject of type) '?(?P<entity>\w+))?"
)
_USERS: Final = frozenset({"owner", "createdby", "lastmodifiedby"})
_NO_RELATIONSHIP = re.compile(r"relationship '(?P<name>\w{1,200})'")


class Refusals:
    """Judges the answers to one request for `attributes` of `object`.

    `unknown` are those of them that Salesforce says it doesn't have, or doesn't show us.
    """

    def __init__(self, source: str, attributes: Collection[str] = (), object: str = "") -> None:
        self._source = source
        self._paths = {name: name.lower().split(".") for name in attributes}
        self._object = object.lower()
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
        fields = error.get("fields")
        listed = {str(name).lower() for name in fields} if isinstance(fields, list) else set()
        told = str(error.get("message")).rpartition(_QUESTION_ENDS)[2].lower()
        named = {name for name, path in self._paths.items() if ".".join(path) in listed}
        self.unknown = frozenset(named or self._without_column(told) or self._beyond(told))
        if not self.unknown:
            return BadPayload(self._source, "Salesforce doesn't know a field that it doesn't name")
        names = ", ".join(f"`{name}`" for name in sorted(self.unknown))
        return UnknownField(self._source, f"no such field, or it isn't shown to us: {names}")

    def _without_column(self, told: str) -> Collection[str]:
        """The attributes whose last step is the column that there isn't."""
        if not (met := _NO_COLUMN.search(told)):
            return ()
        entity = met["entity"] or ""
        named = {name: path for name, path in self._paths.items() if path[-1] == met["name"]}
        # Several parents may have a column of that name: who is called as the entity is meant.
        meant = [name for name, path in named.items() if self._is_of(path, entity)]
        return meant or named

    def _is_of(self, path: Sequence[str], entity: str) -> bool:
        parent = path[-2] if len(path) > 1 else self._object
        return bool(parent) and entity in {parent, _entity_of(parent)}

    def _beyond(self, told: str) -> Collection[str]:
        """The attributes that lead through the relationship that there isn't."""
        if not (met := _NO_RELATIONSHIP.search(told)):
            return ()
        led = {name: path[:-1] for name, path in self._paths.items()}
        begun = [name for name, path in led.items() if path[:1] == [met["name"]]]
        return begun or [name for name, path in led.items() if met["name"] in path]


def _entity_of(parent: str) -> str:
    """What is at the end of a relationship, where that has its name from it."""
    if parent in _USERS:
        return "user"
    return f"{parent[:-1]}c" if parent.endswith("__r") else parent
