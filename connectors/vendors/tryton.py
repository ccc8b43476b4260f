"""Tryton, by its REST interface: one search for up to 100 records."""

import re
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, date, datetime, time
from decimal import Decimal
from typing import Any, ClassVar
from urllib.parse import urlencode

import orjson

from connectors.base import Call, Key, MakeConnector, Outcome, Record, SourceSettings
from connectors.errors import BadPayload, UnknownField, WrongSettings
from connectors.runtime.call import Request, ask
from connectors.runtime.checks import address, bearer, check_options
from connectors.runtime.matching import Answer, by_name, one_kind, strangers

_DATABASE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_MODEL = re.compile(r"[A-Za-z0-9_]+([.-][A-Za-z0-9_]+)*")
# Lower case only: an upper-case AND or OR at the head of a clause is Tryton's operator.
_PATH = re.compile(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)*")
_TIMES = ("write_date", "create_date")
_LARGEST_ID = 2**63 - 1
_ABSENT = object()


class Tryton:
    """Records of one Tryton database, read with a user application key of kind `rest`.

    `object` is a model: `party.party`.  A key's kind is "id" or an attribute that is unique; an
    id that is not a number names no record, and is not asked for.  Attributes may be dotted
    (`lang.name`).  Deactivated records don't exist, as in Tryton's own searches.

    Values arrive as:
        text, number, boolean, null     themselves
        datetime                        ISO text in UTC, "2026-11-23T18:34:49.148818+00:00"
        date, time                      ISO text
        timedelta                       seconds, a number
        Decimal                         text, all digits kept
        bytes                           base64 text
        a link to one record            its id, a number
        a list, or a path through one   a list of the above
        a dictionary field              an object, its values as Tryton sends them
    """

    max_keys: ClassVar[int] = 100

    def __init__(self, settings: SourceSettings) -> None:
        check_options(settings, needed=("database",))
        database = settings.options["database"]
        if not _DATABASE.fullmatch(database):
            raise WrongSettings(settings.name, "the option `database` is not a database name")
        self._source = settings.name
        self._base = f"{address(settings)}/{database}/rest/model"
        self._headers = bearer(settings)

    async def fetch(
        self, call: Call, object: str, keys: Sequence[Key], attributes: Collection[str]
    ) -> Mapping[Key, Outcome]:
        """One outcome for each of `keys`, in one HTTP call."""
        if not keys:
            return {}
        kind = one_kind(keys, self.max_keys)
        names = {key: name for key in keys if (name := _name(kind, key.value)) is not None}
        asked = sorted(set(names.values()))
        outcomes: Mapping[str, Outcome] = {}
        if asked:
            outcomes = await self._search(call, object, kind, asked, attributes)
        return {key: outcomes[names[key]] if key in names else None for key in keys}

    async def ping(self, call: Call) -> None:
        """Return when Tryton accepts our key; raise otherwise."""
        await self._rows(call, "ir.lang", [("f", "id"), ("s", "1")])

    async def _search(
        self, call: Call, object: str, kind: str, asked: Sequence[str], attributes: Collection[str]
    ) -> Mapping[str, Outcome]:
        self._check_names(object, kind, attributes)
        # Ids are unique.  Of other attributes a second record shows that a key is ambiguous.
        size = len(asked) if kind == "id" else 2 * len(asked)
        query = [("d", _domain(kind, asked)), *_fields(kind, attributes), ("s", str(size))]
        rows = await self._rows(call, object, query)
        if kind != "id" and len(rows) >= size:
            raise BadPayload(self._source, f"`{kind}` is not unique: too many records answer")
        return _outcomes(self._source, kind, asked, rows, attributes)

    def _check_names(self, model: str, kind: str, attributes: Collection[str]) -> None:
        if not _MODEL.fullmatch(model):
            raise WrongSettings(self._source, "an object is the name of a model: party.party")
        if not _PATH.fullmatch(kind):
            raise WrongSettings(self._source, "a kind of key is `id` or the name of an attribute")
        for path in attributes:
            if not _PATH.fullmatch(path):
                raise UnknownField(self._source, f"`{path}` is not the name of an attribute")

    async def _rows(
        self, call: Call, model: str, query: Sequence[tuple[str, str]]
    ) -> Sequence[Mapping[str, object]]:
        url = f"{self._base}/{model}?{urlencode(query)}"
        rows = await ask(self._source, call, Request("GET", url, self._headers))
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise BadPayload(self._source, "the answer is not a list of objects")
        return rows


CONNECTOR: MakeConnector = Tryton


def _name(kind: str, value: str) -> str | None:
    """How rows bear `value`; None where no record can."""
    if kind != "id":
        return value
    # The length is checked first: Python refuses to read thousands of digits.
    is_number = value.isascii() and value.isdigit() and len(value) <= len(str(_LARGEST_ID))
    return str(int(value)) if is_number and int(value) <= _LARGEST_ID else None


def _domain(kind: str, asked: Sequence[str]) -> str:
    values = [int(name) for name in asked] if kind == "id" else asked
    # With its padding: Tryton fails without.
    return urlsafe_b64encode(orjson.dumps([[kind, "in", values]])).decode()


def _fields(kind: str, attributes: Collection[str]) -> list[tuple[str, str]]:
    return [("f", path) for path in sorted({*attributes, *_TIMES, kind})]


def _outcomes(
    source: str,
    kind: str,
    asked: Sequence[str],
    rows: Sequence[Mapping[str, object]],
    attributes: Collection[str],
) -> Mapping[str, Outcome]:
    answers = [_answer(source, kind, row, attributes) for row in rows]
    missing = None
    if strangers(answers, asked):
        missing = BadPayload(source, "a record came under a name that was not asked for")
    found = by_name(source, answers)
    return {name: found.get(name, missing) for name in asked}


def _answer(
    source: str, kind: str, row: Mapping[str, object], attributes: Collection[str]
) -> Answer:
    try:
        names = _names(source, kind, row)
    except BadPayload as error:
        return Answer(frozenset(), error)
    try:
        return Answer(names, _record(source, row, attributes))
    except BadPayload as error:
        return Answer(names, error)


def _names(source: str, kind: str, row: Mapping[str, object]) -> frozenset[str]:
    value = _reached(source, row, kind)
    values = value if isinstance(value, list) else [value]
    return frozenset(str(item) for item in values if item is not None and item is not _ABSENT)


def _record(source: str, row: Mapping[str, object], attributes: Collection[str]) -> Record:
    id_ = row.get("id")
    if type(id_) is not int:
        raise BadPayload(source, "a record has no number as `id`")
    reached = {path: _reached(source, row, path) for path in attributes}
    values = {path: value for path, value in reached.items() if value is not _ABSENT}
    return Record(str(id_), values, _modified_at(source, row))


def _modified_at(source: str, row: Mapping[str, Any]) -> datetime | None:
    # A record that was never written after its creation may have no write_date.
    stamp = row.get("write_date") or row.get("create_date")
    try:
        return _moment(stamp) if stamp else None
    except _MALFORMED:
        raise BadPayload(source, "`write_date` is not an instant") from None


def _reached(source: str, row: Mapping[str, object], path: str) -> object:
    """What `path` leads to, converted; `_ABSENT` where Tryton doesn't show it.

    Where the path runs through a list, a list of all that it leads to.
    """
    level: list[Any] = [row]
    is_many = False
    for step in path.split("."):
        if not all(item is None or (isinstance(item, dict) and step in item) for item in level):
            return _ABSENT
        level = [None if item is None else item[step] for item in level]
        is_many = is_many or any(isinstance(item, list) for item in level)
        level = [part for item in level for part in (item if isinstance(item, list) else [item])]
    values = [_plain(source, item, path) for item in level]
    return values if is_many else values[0]


def _plain(source: str, value: object, path: str) -> object:
    if not isinstance(value, dict):
        return value
    if "__class__" not in value:
        # A linked record comes as an object where attributes of it were asked for as well.
        return value.get("id") if "__name__" in value else value
    try:
        return _CLASSES[value["__class__"]](value)
    except _MALFORMED:
        raise BadPayload(source, f"`{path}` has a value of a class we can't read") from None


def _moment(value: Mapping[str, Any]) -> datetime:
    """A Tryton datetime, which is UTC and doesn't say so."""
    return datetime.combine(_day(value), _clock(value), UTC)


def _day(value: Mapping[str, Any]) -> date:
    return date(value["year"], value["month"], value["day"])


def _clock(value: Mapping[str, Any]) -> time:
    return time(value["hour"], value["minute"], value["second"], value["microsecond"])


_MALFORMED = (LookupError, TypeError, ValueError, ArithmeticError)
_CLASSES: Mapping[str, Callable[[Mapping[str, Any]], str | float]] = {
    "datetime": lambda value: _moment(value).isoformat(),
    "date": lambda value: _day(value).isoformat(),
    "time": lambda value: _clock(value).isoformat(),
    "timedelta": lambda value: float(value["seconds"]),
    "Decimal": lambda value: str(Decimal(value["decimal"])),
    "bytes": lambda value: b64encode(b64decode(value["base64"])).decode(),
}
