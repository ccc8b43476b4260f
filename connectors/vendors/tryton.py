"""Tryton, by its REST interface: one search for up to 100 records."""

import re
from base64 import urlsafe_b64encode
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Any, ClassVar, Final
from urllib.parse import urlencode

import orjson

from connectors.abilities import Attribute, ChangePage, Fact, FactKind
from connectors.base import Call, Key, MakeConnector, Outcome, Record, SourceSettings
from connectors.errors import BadPayload, Conflict, SourceError, UnknownField, WrongSettings
from connectors.runtime.call import Reply, Request, ask, tell
from connectors.runtime.checks import address, bearer, check_options
from connectors.runtime.matching import Answer, by_name, one_kind, strangers
from connectors.tryton.attributes import attributes_of, sent_values
from connectors.tryton.changes import CATEGORIES, TAGS, changes_of, tags_of
from connectors.tryton.cursor import cursor_of
from connectors.tryton.values import ABSENT, TIMES, reached, record_of

_DATABASE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]*")
_MODEL = re.compile(r"[A-Za-z0-9_]+([.-][A-Za-z0-9_]+)*")
# Lower case only: an upper-case AND or OR at the head of a clause is Tryton's operator.
_PATH = re.compile(r"[a-z_][a-z0-9_]*(\.[a-z_][a-z0-9_]*)*")
_LARGEST_ID = 2**63 - 1
_PAGE: Final = 100


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
        self._known: dict[str, frozenset[str]] = {}

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

    async def describe(self, call: Call, object: str) -> Sequence[Attribute]:
        """The attributes of a model, as its `fields_get` tells them."""
        self._check_names(object, "id", ())
        url = f"{self._base}/{object}/fields_get"
        return attributes_of(
            self._source, await ask(self._source, call, Request("POST", url, self._headers, {}))
        )

    async def changed(
        self, call: Call, object: str, cursor: str | None, attributes: Collection[str]
    ) -> ChangePage:
        """What changed in the record itself, by `write_date` and id.

        What is deactivated is DELETED; MERGED where it was replaced.  What is removed for good
        isn't told, nor what changes only in the records that a dotted attribute leads to.  The
        last five minutes are told again.
        """
        self._check_names(object, "id", attributes)
        at = cursor_of(self._source, cursor)
        own = await self._own_attributes(call, object)
        asked = {*attributes, *({"active", "replaced_by"} & own)}
        now = datetime.now(UTC)
        query = [
            ("d", _encoded(at.domain)),
            ("o", _encoded(at.order)),
            *_fields("id", asked),
            ("s", str(_PAGE)),
        ]
        rows = await self._rows(call, object, query, {"active_test": False})
        changes, at = changes_of(self._source, object, rows, at, attributes)
        is_done = len(rows) < _PAGE
        is_last = is_done and at.is_last_lane
        if is_last:
            at = at.for_next_run(now)
        elif is_done:
            at = at.next_lane()
        return ChangePage(changes, at.text(), is_last)

    @property
    def fact_kinds(self) -> frozenset[FactKind]:
        """Tags: the categories of a party."""
        return frozenset({FactKind.TAG})

    async def facts(
        self, call: Call, object: str, ids: Sequence[str], kinds: Collection[FactKind]
    ) -> Mapping[str, Sequence[Fact]]:
        """The categories of records; none where the model has none."""
        if FactKind.TAG not in kinds or CATEGORIES not in await self._own_attributes(call, object):
            return dict.fromkeys(ids, ())
        outcomes = await self.fetch(call, object, [Key("id", one) for one in ids], TAGS)
        return {key.value: tags_of(self._source, found) for key, found in outcomes.items()}

    async def write(
        self,
        call: Call,
        object: str,
        id: str,
        values: Mapping[str, Any],
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,  # noqa: ARG002 - what is written twice is the same
    ) -> Record:
        """Change attributes of the model itself.

        Tryton's REST interface has no conditions: `if_match` is compared with the record as it is
        read just before, so a change between that and the writing is overwritten.
        """
        known = {one.name: one for one in await self.describe(call, object)}
        sent = sent_values(self._source, known, values)
        key = Key("id", id)
        found = (await self.fetch(call, object, [key], values))[key]
        if isinstance(found, SourceError):
            raise found
        if found is None:
            raise Conflict(self._source, "there is no such record")
        if if_match is not None and found.etag != if_match:
            raise Conflict(self._source, "the record has changed since")
        url = f"{self._base}/{object}/{found.id}?{urlencode(_fields('id', values))}"
        request = Request("PUT", url, self._headers, sent, judge=self._judge)
        row = (await tell(self._source, call, request)).body
        if not isinstance(row, dict):
            raise BadPayload(self._source, "the answer is not an object")
        return record_of(self._source, row, values)

    def _judge(self, reply: Reply) -> SourceError | None:
        if reply.status == HTTPStatus.NOT_FOUND:
            return Conflict(self._source, "there is no such record")
        return None

    async def _own_attributes(self, call: Call, object: str) -> frozenset[str]:
        if object not in self._known:
            self._known[object] = frozenset(one.name for one in await self.describe(call, object))
        return self._known[object]

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
        self,
        call: Call,
        model: str,
        query: Sequence[tuple[str, str]],
        context: Mapping[str, object] | None = None,
    ) -> Sequence[Mapping[str, object]]:
        url = f"{self._base}/{model}?{urlencode(query)}"
        headers = self._headers
        if context is not None:
            headers = headers | {"X-Tryton-Context": _encoded(context)}
        rows = await ask(self._source, call, Request("GET", url, headers))
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
    return _encoded([[kind, "in", values]])


def _encoded(value: object) -> str:
    # With its padding: Tryton fails without.
    return urlsafe_b64encode(orjson.dumps(value)).decode()


def _fields(kind: str, attributes: Collection[str]) -> list[tuple[str, str]]:
    return [("f", path) for path in sorted({*attributes, *TIMES, kind})]


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
        return Answer(names, record_of(source, row, attributes))
    except BadPayload as error:
        return Answer(names, error)


def _names(source: str, kind: str, row: Mapping[str, object]) -> frozenset[str]:
    value = reached(source, row, kind)
    values = value if isinstance(value, list) else [value]
    return frozenset(str(item) for item in values if item is not None and item is not ABSENT)
