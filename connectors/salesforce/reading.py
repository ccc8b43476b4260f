"""Records of one Salesforce object, by their ids or by another attribute."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Final, TypeVar

from connectors.base import Call, Key, Outcome
from connectors.errors import BadPayload, UnknownField, WrongSettings
from connectors.runtime.matching import Answer, by_name, strangers
from connectors.runtime.unknown import Dropped, KnownAttributes
from connectors.salesforce.errors import Refusals
from connectors.salesforce.org import Org
from connectors.salesforce.rows import (
    STAMP,
    chunks,
    full_id,
    is_attribute,
    listed,
    reached,
    record_of,
)

_QUERY_BYTES: Final = 8_000
_T = TypeVar("_T")

Row = Mapping[str, object]


class Reading:
    """Reads records of `org`."""

    def __init__(self, org: Org) -> None:
        self._org = org
        self._known = KnownAttributes(org.source)

    async def by_id(
        self, call: Call, object: str, keys: Sequence[Key], attributes: Collection[str]
    ) -> Mapping[Key, Outcome]:
        """One outcome for each key; what can't be an id names no record, and is not asked for."""
        names = {key: name for key in keys if (name := full_id(key.value)) is not None}
        asked = sorted(set(names.values()))
        if not asked:
            return dict.fromkeys(keys)

        async def read(wanted: Collection[str]) -> Sequence[Row]:
            # A collection has an object's own fields; those of its parents need a query.
            if any("." in name for name in wanted):
                return await self._queried(call, object, "Id", asked, wanted)
            return await self._collected(call, object, asked, wanted)

        rows = await self.with_known(object, attributes, read)
        outcomes = self._outcomes(rows, "Id", asked, attributes)
        return {key: outcomes[names[key]] if key in names else None for key in keys}

    async def by_attribute(
        self, call: Call, object: str, keys: Sequence[Key], attributes: Collection[str]
    ) -> Mapping[Key, Outcome]:
        """One outcome for each key; letters match whatever their case, as in Salesforce."""
        kind = keys[0].kind
        if not is_attribute(kind):
            raise WrongSettings(
                self._org.source, "a kind of key is `id` or the name of an attribute"
            )
        asked = {key.value.casefold(): key.value for key in keys}

        async def read(wanted: Collection[str]) -> Sequence[Row]:
            return await self._queried(call, object, kind, [*asked.values()], wanted)

        rows = await self.with_known(object, attributes, read)
        outcomes = self._outcomes(rows, kind, [*asked], attributes)
        return {key: outcomes[key.value.casefold()] for key in keys}

    async def with_known(
        self,
        object: str,
        attributes: Collection[str],
        read: Callable[[Collection[str]], Awaitable[_T]],
    ) -> _T:
        """What `read` gives for those of `attributes` that Salesforce knows."""
        possible = [name for name in attributes if is_attribute(name)]
        return await self._known.ask(object, possible, read)

    async def queried(
        self, call: Call, object: str, soql: str, wanted: Collection[str]
    ) -> Sequence[Row]:
        """The rows of `object` that `soql` finds; `with_known` drops a field that isn't there."""
        refusals = Refusals(self._org.source, wanted, object)
        try:
            return await self._org.query(call, soql, refusals)
        except UnknownField as error:
            raise Dropped(error, refusals.unknown) from None

    async def _collected(
        self, call: Call, object: str, asked: Sequence[str], wanted: Collection[str]
    ) -> Sequence[Row]:
        refusals = Refusals(self._org.source, wanted, object)
        body = {"ids": asked, "fields": sorted({"Id", STAMP, *wanted})}
        try:
            path = f"/composite/sobjects/{object}"
            rows = await self._org.post(call, path, body, refusals)
        except UnknownField as error:
            raise Dropped(error, refusals.unknown) from None
        # A record that isn't there, or isn't shown to us, is a null in its place.
        if not isinstance(rows, list) or len(rows) != len(asked):
            raise BadPayload(self._org.source, "the answer is not a list of as many as were asked")
        if not all(row is None or isinstance(row, dict) for row in rows):
            raise BadPayload(self._org.source, "the answer is not a list of objects")
        return [row for row in rows if row is not None]

    async def _queried(
        self,
        call: Call,
        object: str,
        kind: str,
        asked: Sequence[str],
        wanted: Collection[str],
    ) -> Sequence[Row]:
        fields = ",".join(sorted({"Id", STAMP, kind, *wanted}))
        found: list[Row] = []
        for part in chunks(asked, _QUERY_BYTES):
            where = f"{kind} IN {listed(part)}"
            soql = f"SELECT {fields} FROM {object} WHERE {where}"  # noqa: S608 - names are checked
            found += await self.queried(call, object, soql, wanted)
        return found

    def _outcomes(
        self,
        rows: Sequence[Row],
        kind: str,
        asked: Collection[str],
        attributes: Collection[str],
    ) -> Mapping[str, Outcome]:
        answers = [self._answer(row, kind, attributes) for row in rows]
        missing = None
        if strangers(answers, asked):
            told = "a record came under a name that was not asked for"
            missing = BadPayload(self._org.source, told)
        found = by_name(self._org.source, answers)
        return {name: found.get(name, missing) for name in asked}

    def _answer(self, row: Row, kind: str, attributes: Collection[str]) -> Answer:
        value = reached(row, kind)
        names: frozenset[str] = frozenset()
        if isinstance(value, str):
            names = frozenset({value if kind == "Id" else value.casefold()})
        try:
            return Answer(names, record_of(self._org.source, row, attributes))
        except BadPayload as error:
            return Answer(names, error)
