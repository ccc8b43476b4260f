"""One HubSpot account: how it is asked, and what its refusals mean."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

from connectors.base import Call, SourceSettings
from connectors.errors import (
    BadPayload,
    Conflict,
    QuotaExhausted,
    SourceError,
    UnknownField,
    WrongSettings,
)
from connectors.runtime.call import Judge, Reply, Request, ask, tell
from connectors.runtime.checks import address, bearer, check_options

VERSION: Final = "2026-09"
OBJECT_TYPES: Final[Mapping[str, str]] = {
    "contacts": "0-1",
    "companies": "0-2",
    "deals": "0-3",
    "tickets": "0-5",
}
"""How HubSpot numbers its own objects; others are named by their numbers."""

Row = Mapping[str, Any]

SEARCH: Final = "search"
"""The lane of searches among an object's records."""

_OBJECT_NAME = re.compile(r"[A-Za-z0-9_-]+")
_ID = re.compile(r"[0-9]{1,20}")
_PROPERTY = re.compile(r"[a-z][a-z0-9_]{0,99}")
_TOO_MANY = 429
_WRITE_CONFLICTS: Mapping[int, str] = {
    404: "no such record, or no such object",
    409: "another record has a value that must be unique",
}
_NO_PROPERTY = "PROPERTY_DOESNT_EXIST"


class Account:
    """An account that is reached with its settings."""

    def __init__(self, settings: SourceSettings) -> None:
        check_options(settings)
        self.source = settings.name
        self._base = address(settings)
        self._headers = bearer(settings)

    def check_object(self, name: str) -> None:
        """Return when `name` can be an object's.

        Raises:
            WrongSettings: it can't.
        """
        if not _OBJECT_NAME.fullmatch(name):
            raise WrongSettings(self.source, "an object is named by letters, digits, _ and -")

    async def ask(self, call: Call, method: str, path: str, json: object = None) -> object:
        """The answer to what changes nothing."""
        request = self._request(method, path, json, self._judge)
        return await ask(self.source, call, request)

    async def search(self, call: Call, object: str, json: object) -> object:
        """The answer to a search among an object's records."""
        path = f"/crm/objects/{VERSION}/{object}/search"
        request = self._request("POST", path, json, self._judge)
        return await ask(self.source, call, replace(request, lane=SEARCH))

    async def tell(self, call: Call, method: str, path: str, json: object) -> object:
        """The answer to a change of a record, which is sent once.

        Raises:
            Conflict: there is no such record, or it may not be so.
        """
        request = self._request(method, path, json, self._judge_of_writes)
        return (await tell(self.source, call, request)).body

    def _request(self, method: str, path: str, json: object, judge: Judge) -> Request:
        return Request(method, f"{self._base}{path}", self._headers, json, judge=judge)

    def _judge(self, reply: Reply) -> SourceError | None:
        told = reply.body if isinstance(reply.body, dict) else {}
        if reply.status == _TOO_MANY and "DAILY" in str(told.get("policyName")).upper():
            return QuotaExhausted(self.source, "the requests of the day are used up")
        return None

    def _judge_of_writes(self, reply: Reply) -> SourceError | None:
        if told := _WRITE_CONFLICTS.get(reply.status):
            return Conflict(self.source, told)
        errors = reply.body.get("errors") if isinstance(reply.body, dict) else None
        for error in errors if isinstance(errors, list) else []:
            if isinstance(error, dict) and error.get("code") == _NO_PROPERTY:
                return UnknownField(self.source, f"no such property: {_named(error)}")
        return self._judge(reply)


def is_id(text: str) -> bool:
    """Whether `text` can be a record's id."""
    return bool(_ID.fullmatch(text))


def rows_of(source: str, answer: object, name: str = "results") -> Sequence[Row]:
    """The objects that an answer lists.

    Raises:
        BadPayload: it lists none.
    """
    items = answer.get(name) if isinstance(answer, dict) else None
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise BadPayload(source, f"`{name}` is not a list of objects")
    return items


def instant(source: str, text: object, name: str = "updatedAt") -> datetime | None:
    """An instant of HubSpot's, in UTC; None where there is none.

    Raises:
        BadPayload: it is none.
    """
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text if isinstance(text, str) else "")
    except ValueError:
        raise BadPayload(source, f"`{name}` is not an instant") from None
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _named(error: Row) -> str:
    context = error.get("context")
    names = context.get("propertyName") if isinstance(context, dict) else None
    listed = names if isinstance(names, list) else []
    sound = (name for name in listed if isinstance(name, str) and _PROPERTY.fullmatch(name))
    return ", ".join(f"`{name}`" for name in sound) or "HubSpot doesn't say which"
