"""HubSpot CRM, by its date-versioned API: one batch read for up to 100 records."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from connectors.abilities import Attribute, Change, ChangePage, Fact, FactKind, Webhook
from connectors.base import Call, Key, MakeConnector, Outcome, Record, SourceSettings
from connectors.errors import BadPayload, SourceError, Unavailable
from connectors.hubspot.account import SEARCH, VERSION, Account, instant, rows_of
from connectors.hubspot.changing import Changing
from connectors.hubspot.description import attributes_of
from connectors.hubspot.facts import KINDS, Facts
from connectors.hubspot.webhooks import Webhooks
from connectors.hubspot.writing import Writing
from connectors.runtime.matching import Answer, by_name, one_kind, strangers
from connectors.runtime.pace import Limits, Rate

_OBJECTS = f"/crm/objects/{VERSION}"

# Where a record lists the other names it answers to, parted by semicolons: the ids of the
# records that were merged into it (a merge makes a new id), its second e-mail addresses.
_OTHER_NAMES = {"id": "hs_merged_object_ids", "email": "hs_additional_emails"}


@dataclass(frozen=True, slots=True)
class _Question:
    """One batch read: which records, named by which kind of key, and what of them."""

    kind: str
    values: Sequence[str]
    attributes: Collection[str]

    def body(self) -> Mapping[str, object]:
        """The question in HubSpot's words."""
        by_property = {} if self.kind == "id" else {"idProperty": self.kind}
        return {
            "inputs": [{"id": value} for value in self.values],
            "properties": sorted({*self.attributes, *by_property.values()}),
            "propertiesWithHistory": [],
            **by_property,
        }


@dataclass(frozen=True, slots=True)
class _Page:
    """What one batch read answered.

    `gone` are names that HubSpot says it doesn't know.  `is_whole` is true when nothing failed,
    so that a record that is not there doesn't exist.
    """

    answers: Sequence[Answer]
    gone: frozenset[str]
    is_whole: bool


class HubSpot:
    """Records of one HubSpot account.

    `object` is a type as it stands in paths: `contacts`, `companies`, `2-3444025`.  A key's kind
    is "id" or a property that is unique in HubSpot; e-mail addresses match whatever their case.
    Values are text, as HubSpot keeps them, or None where empty; HubSpot says nothing of
    properties it doesn't know, so they are absent.  Archived records don't exist.  A key of a
    record that was merged away answers with the surviving record, at the cost of a second call.
    """

    # The smallest plan; searches are counted by the account, whatever its plan.
    limits: ClassVar[Limits] = Limits(rates=(Rate(100, 10.0),), lanes={SEARCH: (Rate(5, 1.0),)})
    max_keys: ClassVar[int] = 100
    fact_kinds: ClassVar[frozenset[FactKind]] = KINDS

    def __init__(self, settings: SourceSettings) -> None:
        self._source = settings.name
        self._account = Account(settings)
        self._changing = Changing(self._account, self._row)
        self._facts = Facts(self._account)
        self._writing = Writing(self._account, self._row)
        self._webhooks = Webhooks(settings)

    async def fetch(
        self, call: Call, object: str, keys: Sequence[Key], attributes: Collection[str]
    ) -> Mapping[Key, Outcome]:
        """One outcome for each of `keys`."""
        if not keys:
            return {}
        kind = one_kind(keys, self.max_keys)
        asked = {_normal(kind, key.value): key.value for key in keys}
        page = await self._read(call, object, _Question(kind, [*asked.values()], attributes))
        if strangers(page.answers, asked):
            page = await self._recognised(call, object, kind, page, asked)
        outcomes = _outcomes(self._source, page, asked)
        return {key: outcomes[_normal(kind, key.value)] for key in keys}

    async def ping(self, call: Call) -> None:
        """Return when HubSpot accepts our token for contacts; raise otherwise."""
        await self._account.ask(call, "GET", f"{_OBJECTS}/contacts?limit=1")

    async def describe(self, call: Call, object: str) -> Sequence[Attribute]:
        """The properties of an object that our token may read, sorted by name."""
        self._account.check_object(object)
        answer = await self._account.ask(call, "GET", f"/crm/properties/{VERSION}/{object}")
        return attributes_of(self._source, answer)

    async def changed(
        self, call: Call, object: str, cursor: str | None, attributes: Collection[str]
    ) -> ChangePage:
        """What changed since `cursor`, in pages of 200; merges are told with who survived.

        Archived records are not told: their webhooks are, and a run from the beginning shows that
        they are gone.
        """
        self._account.check_object(object)
        return await self._changing.page(call, object, cursor, attributes)

    async def facts(
        self, call: Call, object: str, ids: Sequence[str], kinds: Collection[FactKind]
    ) -> Mapping[str, Sequence[Fact]]:
        """Segments of each of `ids`, and calls, e-mails, meetings, notes and tasks."""
        self._account.check_object(object)
        return await self._facts.of(call, object, ids, kinds)

    def received(self, webhook: Webhook) -> Sequence[Change]:
        """What a webhook tells, verified by its signature of version 3.

        Raises:
            BadSignature: it isn't HubSpot's, or it is older than five minutes.
            BadPayload: it is, and makes no sense.
        """
        return self._webhooks.received(webhook)

    async def write(
        self,
        call: Call,
        object: str,
        id: str,
        values: Mapping[str, Any],
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Record:
        """Change `values` of a record; twice the same changes it once, whatever the key.

        Raises:
            Conflict: there is no such record, it isn't as `if_match` says, or it may not be so.
        """
        del idempotency_key
        self._account.check_object(object)
        return await self._writing.write(call, object, id, values, if_match)

    def _row(self, row: Mapping[str, object], attributes: Collection[str]) -> Record:
        return _record(self._source, row, attributes)

    async def _read(self, call: Call, object: str, question: _Question) -> _Page:
        self._account.check_object(object)
        path = f"{_OBJECTS}/{object}/batch/read?archived=false"
        payload = await self._account.ask(call, "POST", path, question.body())
        return _page(self._source, payload, question)

    async def _recognised(
        self, call: Call, object: str, kind: str, page: _Page, asked: Collection[str]
    ) -> _Page:
        """`page`, its strangers under the other names that HubSpot knows them by too."""
        ids = {record.id for record in _records(strangers(page.answers, asked))}
        if not ids or kind not in _OTHER_NAMES:
            return page
        question = _Question("id", sorted(ids)[: self.max_keys], [_OTHER_NAMES[kind]])
        # A failure here costs the keys that are still without a record, not the whole page.
        with suppress(SourceError):
            listed = await self._read(call, object, question)
            return replace(page, answers=_renamed(page.answers, kind, listed.answers))
        return page


CONNECTOR: MakeConnector = HubSpot


def _normal(kind: str, value: str) -> str:
    return value.casefold() if kind == "email" else value


def _page(source: str, payload: object, question: _Question) -> _Page:
    if not isinstance(payload, dict):
        raise BadPayload(source, "the answer is not an object")
    rows = rows_of(source, payload, "results")
    errors = rows_of(source, payload, "errors") if payload.get("errors") else []
    absences = [error for error in errors if error.get("category") == "OBJECT_NOT_FOUND"]
    gone = [_normal(question.kind, name) for error in absences for name in _named_in(error)]
    count = payload.get("numErrors") or 0
    if not isinstance(count, int):
        raise BadPayload(source, "`numErrors` is not a number")
    return _Page(
        answers=[_answer(source, question, row) for row in rows],
        gone=frozenset(gone),
        is_whole=(
            payload.get("status", "COMPLETE") == "COMPLETE"
            and len(errors) == len(absences)
            and count <= max(len(errors), len(gone))
        ),
    )


def _named_in(error: Mapping[str, object]) -> Iterator[str]:
    context = error.get("context")
    lists = context.values() if isinstance(context, dict) else []
    for names in lists:
        if isinstance(names, list):
            yield from (name for name in names if isinstance(name, str))


def _answer(source: str, question: _Question, row: Mapping[str, object]) -> Answer:
    properties = row.get("properties")
    name = row.get("id")
    if question.kind != "id" and isinstance(properties, dict):
        name = properties.get(question.kind)
    names = {_normal(question.kind, name)} if isinstance(name, str) else set()
    try:
        return Answer(frozenset(names), _record(source, row, question.attributes))
    except BadPayload as error:
        return Answer(frozenset(names), error)


def _record(source: str, row: Mapping[str, object], attributes: Collection[str]) -> Record:
    id_, properties = row.get("id"), row.get("properties")
    if not isinstance(id_, str) or not isinstance(properties, dict):
        raise BadPayload(source, "a record has no `id` or no `properties`")
    # HubSpot adds properties of its own choice; who wasn't asked for one doesn't get it.
    values = {name: properties[name] for name in attributes if name in properties}
    stamp = row.get("updatedAt")
    etag = stamp if isinstance(stamp, str) else None
    return Record(id_, values, instant(source, stamp), etag)


def _records(answers: Sequence[Answer]) -> Iterator[Record]:
    return (answer.record for answer in answers if isinstance(answer.record, Record))


def _renamed(answers: Sequence[Answer], kind: str, listed: Sequence[Answer]) -> Sequence[Answer]:
    """`answers` under the names in `listed` too, which has them by record id."""
    others = {record.id: _other_names(kind, record) for record in _records(listed)}
    return [
        replace(answer, names=answer.names | others.get(answer.record.id, frozenset()))
        if isinstance(answer.record, Record)
        else answer
        for answer in answers
    ]


def _other_names(kind: str, record: Record) -> frozenset[str]:
    listing = record.values.get(_OTHER_NAMES[kind]) or ""
    return frozenset(_normal(kind, name.strip()) for name in str(listing).split(";") if name)


def _outcomes(source: str, page: _Page, asked: Collection[str]) -> Mapping[str, Outcome]:
    missing: SourceError | None = None
    if strangers(page.answers, asked):
        missing = BadPayload(source, "a record came under a name that was not asked for")
    elif not page.is_whole:
        missing = Unavailable(source, "a part of the batch failed")
    found = by_name(source, page.answers)
    return {name: found.get(name, None if name in page.gone else missing) for name in asked}
