"""A connector made of a file: it can do what its file declares, and nothing else."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from connectors.abilities import Attribute, Change, ChangePage, Fact, FactKind, Webhook
from connectors.base import Call, Key, MakeConnector, Outcome, Record, SourceSettings
from connectors.declarative.asking import Asker
from connectors.declarative.changing import changed
from connectors.declarative.describing import described
from connectors.declarative.document import ANY, OBJECT, Document, ObjectPart
from connectors.declarative.fetching import reading_of
from connectors.declarative.gathering import gathered
from connectors.declarative.loading import load
from connectors.declarative.request_parts import RatePart
from connectors.declarative.webhooks import received
from connectors.declarative.writing import written
from connectors.errors import WrongSettings
from connectors.runtime.matching import one_kind
from connectors.runtime.pace import Limits, Rate


class Declared:
    """Records of one source, read as a file says.

    An attribute is a name of the file's own, else of the source's, with dots between for what is
    within (`user_fields.tier`).  Values come as they are in the source's JSON.
    """

    document: ClassVar[Document]

    def __init__(self, settings: SourceSettings) -> None:
        self._settings = settings
        self._asker = Asker(settings, self.document)

    @property
    def max_keys(self) -> int:
        """See `connectors.base.Connector`."""
        return self.document.max_keys

    @property
    def limits(self) -> Limits:
        """What the source bears."""
        part = self.document.limits
        lanes = {lane: _rates(rates) for lane, rates in part.lanes.items()}
        return Limits(part.concurrency, _rates(part.rates), lanes)

    @property
    def objects(self) -> tuple[str, ...]:
        """The objects that the file names."""
        return tuple(name for name in self.document.objects if name != ANY)

    async def fetch(
        self, call: Call, object: str, keys: Sequence[Key], attributes: Collection[str]
    ) -> Mapping[Key, Outcome]:
        """See `connectors.base.Connector`."""
        if not keys:
            return {}
        kind = one_kind(keys, self.max_keys)
        reading = reading_of(self._asker, object, self._object(object), kind)
        return await reading.outcomes(call, keys, attributes, self._at_once)

    async def ping(self, call: Call) -> None:
        """See `connectors.base.Connector`."""
        await self._asker.ping(call, self.document.ping)

    @property
    def _at_once(self) -> int:
        return self.document.limits.concurrency

    def _object(self, name: str) -> ObjectPart:
        known = self.document.objects
        if name in known and name != ANY:
            return known[name]
        if ANY in known and OBJECT.fullmatch(name):
            return known[ANY]
        named = ", ".join(self.objects) or "any that is named by letters, digits, _ . and -"
        raise WrongSettings(self._asker.source, f"no such object; known: {named}")

    def _no(self, ability: str) -> WrongSettings:
        return WrongSettings(self._asker.source, f"its file doesn't say how to {ability}")


class _Describing(Declared):
    async def describe(self, call: Call, object: str) -> Sequence[Attribute]:
        """See `connectors.abilities.Describes`."""
        part = self._object(object).describe
        if part is None:
            raise self._no(f"describe `{object}`")
        return await described(self._asker, object, part, call)


class _Changing(Declared):
    async def changed(
        self, call: Call, object: str, cursor: str | None, attributes: Collection[str]
    ) -> ChangePage:
        """See `connectors.abilities.TellsChanges`."""
        part = self._object(object)
        if part.changes is None:
            raise self._no(f"read changes of `{object}`")
        return await changed(self._asker, object, part, part.changes, call, cursor, attributes)


class _Knowing(Declared):
    @property
    def fact_kinds(self) -> frozenset[FactKind]:
        """See `connectors.abilities.KnowsFacts`."""
        return frozenset(kind for part in self.document.objects.values() for kind in part.facts)

    async def facts(
        self, call: Call, object: str, ids: Sequence[str], kinds: Collection[FactKind]
    ) -> Mapping[str, Sequence[Fact]]:
        """See `connectors.abilities.KnowsFacts`."""
        found: dict[str, list[Fact]] = {id_: [] for id_ in ids}
        parts = self._object(object).facts
        for kind in sorted(parts.keys() & set(kinds)) if ids else ():
            told = await gathered(self._asker, object, kind, parts[kind], call, ids, self._at_once)
            for id_, facts in told.items():
                found[id_] += facts
        return found


class _Signing(Declared):
    def received(self, webhook: Webhook) -> Sequence[Change]:
        """See `connectors.abilities.SignsWebhooks`."""
        part = self.document.webhook
        if part is None:
            raise self._no("read webhooks")
        return received(self._asker, self._settings, part, webhook)


class _Writing(Declared):
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
        """See `connectors.abilities.TakesWrites`."""
        part = self._object(object)
        if part.write is None:
            raise self._no(f"write `{object}`")
        return await written(
            self._asker,
            object,
            part,
            part.write,
            call,
            id,
            values,
            if_match=if_match,
            idempotency_key=idempotency_key,
        )


def connector_from(path: Path) -> MakeConnector:
    """The connector that a file describes.

    Raises:
        WrongFile: it can't be one; the message says where and why.
    """
    return declared(path.stem, load(path))


def declared(name: str, document: Document) -> type[Declared]:
    """A class whose objects have the methods of the abilities that `document` declares."""
    bases = tuple(_abilities(document)) or (Declared,)
    return type(f"Declared_{name}", bases, {"document": document})


def _rates(parts: Sequence[RatePart]) -> tuple[Rate, ...]:
    return tuple(Rate(one.calls, one.per_s) for one in parts)


def _abilities(document: Document) -> Iterator[type[Declared]]:
    objects = document.objects.values()
    if any(part.describe for part in objects):
        yield _Describing
    if any(part.changes for part in objects):
        yield _Changing
    if any(part.facts for part in objects):
        yield _Knowing
    if document.webhook:
        yield _Signing
    if any(part.write for part in objects):
        yield _Writing
