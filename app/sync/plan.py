"""What is synchronised of one object of one source."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import orjson

from app.sync.errors import SyncTrouble
from connectors.abilities import FactKind, KnowsFacts, TellsChanges
from graph.model.custom_field import CustomerSchema, FieldDefinition
from graph.sources import Source


@dataclass(frozen=True)
class SyncPlan:
    """One object of one source: the fields that are copies of its attributes, and its facts."""

    source: Source
    object: str
    schema: CustomerSchema = field(repr=False)
    facts: frozenset[FactKind] = frozenset()

    @cached_property
    def fields(self) -> tuple[FieldDefinition, ...]:
        """The SYNCED fields of this object."""
        return tuple(
            item
            for item in self.schema.fields
            if item.is_synced
            and (item.source.connector, item.source.object) == (self.source.name, self.object)
        )

    @property
    def attributes(self) -> frozenset[str]:
        """What to ask of records."""
        named = {item.source.attribute or "" for item in self.fields}
        return frozenset(named | ({self.profile_attribute} if self.profile_attribute else set()))

    @property
    def profile_attribute(self) -> str:
        """The attribute that holds our profile ids; empty where profiles link to records."""
        return "" if self.source.needs_links else self.source.match.partition(":")[2]

    @property
    def shape(self) -> str:
        """Tells plans apart: where it is another one, every record must be read again."""
        fields = [(item.id, item.version) for item in self.fields]
        told = [sorted(self.attributes), fields, sorted(self.facts)]
        return hashlib.sha256(orjson.dumps(told)).hexdigest()


def plan_of(
    source: Source, object: str, schema: CustomerSchema, facts: frozenset[FactKind]
) -> SyncPlan:
    """The plan of one object, with those of the facts that its connector knows."""
    known = source.connector.fact_kinds if isinstance(source.connector, KnowsFacts) else frozenset()
    return SyncPlan(source, object, schema, facts & known)


def plans_of(
    source: Source,
    schema: CustomerSchema,
    objects: tuple[str, ...] = (),
    facts: frozenset[FactKind] = frozenset(),
) -> list[SyncPlan]:
    """A plan for each of `objects`, and for each that SYNCED fields are copied from.

    Raises:
        SyncTrouble: there is nothing to synchronise, or the source can't tell what changed.
    """
    if not isinstance(source.connector, TellsChanges):
        raise SyncTrouble(f"{source.name}: its connector can't tell what changed.")
    found = dict.fromkeys([*objects, *_objects(source, schema)])
    if not found:
        raise SyncTrouble(
            f"{source.name}: there is nothing to synchronise. Define a field whose source is"
            f" SYNCED, or name objects in sources.{source.name}.sync_objects."
        )
    return [plan_of(source, one, schema, facts) for one in found]


def _objects(source: Source, schema: CustomerSchema) -> Iterator[str]:
    for item in schema.fields:
        if item.is_synced and item.source.connector == source.name and item.source.object:
            yield item.source.object
