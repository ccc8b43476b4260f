"""Microsoft Dataverse (Dynamics 365), by its Web API: one query for up to 200 records."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, ClassVar

from connectors.abilities import Attribute, ChangePage, Fact, FactKind
from connectors.base import Call, Key, MakeConnector, Outcome, Record, SourceSettings
from connectors.dataverse.changing import changes_after
from connectors.dataverse.description import attributes_of
from connectors.dataverse.environment import Environment, Refusals, Row, Table
from connectors.dataverse.facts import activities_of
from connectors.dataverse.rows import (
    LABELS,
    among,
    chunks,
    guid,
    is_attribute,
    record_of,
    selected,
    survivor,
    wants_labels,
)
from connectors.errors import BadPayload, Conflict, UnknownField, WrongSettings
from connectors.runtime.matching import Answer, by_name, one_kind, strangers
from connectors.runtime.pace import Limits, Rate
from connectors.runtime.unknown import Dropped, KnownAttributes

_QUERY_BYTES = 20_000
_MAX_PAGES = 10
_MAX_MERGES = 3


class Dataverse:
    """Records of one environment, at its own address: `https://NAME.api.crm.dynamics.com`.

    `object` is a table's logical name: `contact`.  A key's kind is "id" or a column whose values
    are unique texts; letters match whatever their case.  `NAME@label` is what people see of a
    choice, a link or an amount, as text.  Values arrive as Dataverse's JSON has them: links as
    ids (`_ownerid_value`), choices as numbers.  Columns that aren't there are absent.  A record
    that was merged away answers with the surviving one, at the cost of a second call.
    """

    limits: ClassVar[Limits] = Limits(rates=(Rate(6_000, 300.0),))  # of one user
    max_keys: ClassVar[int] = 200
    fact_kinds: ClassVar[frozenset[FactKind]] = frozenset({FactKind.ACTIVITY})

    def __init__(self, settings: SourceSettings) -> None:
        self._source = settings.name
        self._environment = Environment(settings)
        self._known = KnownAttributes(settings.name)

    async def fetch(
        self, call: Call, object: str, keys: Sequence[Key], attributes: Collection[str]
    ) -> Mapping[Key, Outcome]:
        """One outcome for each of `keys`; what can't be an id is not asked for."""
        if not keys:
            return {}
        kind = one_kind(keys, self.max_keys)
        table = await self._environment.table(call, object)
        column = table.id if kind == "id" else kind
        if not is_attribute(column) or "@" in column:
            raise WrongSettings(self._source, "a kind of key is `id` or the name of a column")
        names = {key: name for key in keys if (name := _name(kind, key.value)) is not None}
        asked = {name: key.value for key, name in names.items()}
        outcomes: Mapping[str, Outcome] = {}
        if asked:
            outcomes = await self._found(call, table, column, asked, attributes)
        return {key: outcomes[names[key]] if key in names else None for key in keys}

    async def ping(self, call: Call) -> None:
        """Return when the environment accepts who we are; raise otherwise."""
        await self._environment.get(call, "/WhoAmI")

    async def describe(self, call: Call, object: str) -> Sequence[Attribute]:
        """The columns of a table, sorted by name."""
        table = await self._environment.table(call, object)
        return await attributes_of(self._environment, call, table)

    async def changed(
        self, call: Call, object: str, cursor: str | None, attributes: Collection[str]
    ) -> ChangePage:
        """What changed since `cursor`, by the table's change tracking, which must be on.

        Raises:
            CursorExpired: it is older than seven days, none of ours, or of other attributes.
        """
        table = await self._environment.table(call, object)
        possible = [name for name in attributes if is_attribute(name)]

        async def read(known: Collection[str]) -> ChangePage:
            return await changes_after(self._environment, call, table, cursor, possible, known)

        return await self._known.ask(table.name, possible, read)

    async def facts(
        self, call: Call, object: str, ids: Sequence[str], kinds: Collection[FactKind]
    ) -> Mapping[str, Sequence[Fact]]:
        """The activities that are set regarding each of `ids`."""
        await self._environment.table(call, object)
        asked = ids if FactKind.ACTIVITY in kinds else []
        found = await activities_of(self._environment, call, asked)
        return {id_: found.get(id_, []) for id_ in ids}

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
        table, name = await self._environment.table(call, object), guid(id)
        if name is None:
            raise Conflict(self._source, "no such record")
        strange = [one for one in values if not is_attribute(one) or "@" in one]
        if strange:
            raise UnknownField(self._source, "a column is named by small letters, digits and _")
        path = f"/{table.entity_set}({name})?$select={selected(table, values)}"
        # Without a condition Dataverse would make the record where there is none.
        answer = await self._environment.patch(call, path, values, if_match or "*")
        row = answer if isinstance(answer, dict) else {}
        return record_of(self._source, table, row, values.keys())

    async def _found(
        self,
        call: Call,
        table: Table,
        column: str,
        asked: Mapping[str, str],
        attributes: Collection[str],
    ) -> Mapping[str, Outcome]:
        rows = await self._rows(call, table, column, [*asked.values()], attributes)
        survivors = await self._survivors(call, table, rows, attributes)
        answers = [self._answer(table, column, row, attributes, survivors) for row in rows]
        missing = None
        if strangers(answers, asked):
            missing = BadPayload(self._source, "a record came under a name that was not asked for")
        found = by_name(self._source, answers)
        return {name: found.get(name, missing) for name in asked}

    async def _rows(
        self,
        call: Call,
        table: Table,
        column: str,
        values: Sequence[str],
        attributes: Collection[str],
    ) -> Sequence[Row]:
        """The rows of which `column` has one of `values`."""

        async def read(wanted: Collection[str]) -> Sequence[Row]:
            rows: list[Row] = []
            for part in chunks(values, _QUERY_BYTES):
                query = f"$select={selected(table, wanted, column)}&$filter={among(column, part)}"
                rows += await self._pages(call, table, f"/{table.entity_set}?{query}", wanted)
            return rows

        possible = [name for name in attributes if is_attribute(name)]
        return await self._known.ask(table.name, possible, read)

    async def _survivors(
        self, call: Call, table: Table, rows: Sequence[Row], attributes: Collection[str]
    ) -> Mapping[str, Row]:
        """The records that those in `rows` were merged into, by id, and those they went into."""
        found: dict[str, Row] = {}
        sought = {into for row in rows if (into := survivor(row)) is not None}
        for _ in range(_MAX_MERGES):
            if not sought:
                break
            more = await self._rows(call, table, table.id, sorted(sought), attributes)
            found |= {id_: row for row in more if (id_ := guid(str(row.get(table.id))))}
            sought = {into for row in more if (into := survivor(row))} - found.keys()
        return found

    async def _pages(
        self, call: Call, table: Table, path: str, wanted: Collection[str]
    ) -> Sequence[Row]:
        refusals = Refusals(self._source, wanted)
        prefer = LABELS if wants_labels(wanted) else ""
        rows: list[Row] = []
        following: str | None = path
        for _ in range(_MAX_PAGES):
            if following is None:
                return rows
            try:
                answer = await self._environment.get(
                    call, following, prefer=prefer, refusals=refusals
                )
            except UnknownField as error:
                raise Dropped(error, refusals.unknown) from None
            rows += self._environment.rows(answer)
            following = self._environment.link(answer, "@odata.nextLink", table.entity_set)
        raise BadPayload(self._source, "an answer has too many pages")

    def _answer(
        self,
        table: Table,
        column: str,
        row: Row,
        attributes: Collection[str],
        survivors: Mapping[str, Row],
    ) -> Answer:
        value = row.get(column)
        names = frozenset({value.casefold()} if isinstance(value, str) else ())
        try:
            last = self._last(row, survivors)
            return Answer(names, record_of(self._source, table, last, attributes))
        except BadPayload as error:
            return Answer(names, error)

    def _last(self, row: Row, survivors: Mapping[str, Row]) -> Row:
        for _ in range(_MAX_MERGES):
            if (into := survivor(row)) is None:
                return row
            if into not in survivors:
                break
            row = survivors[into]
        raise BadPayload(self._source, "a merged record leads to none that is there")


CONNECTOR: MakeConnector = Dataverse


def _name(kind: str, value: str) -> str | None:
    """How rows bear `value`; None where none can."""
    return guid(value) if kind == "id" else value.casefold()
