"""The schema as somebody knows it: what is hidden from them isn't in it, nor what leads there."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Final, Protocol

from graphql import GraphQLSchema

from graph.execution.documents import Documents
from graph.facts import SchemaFacts
from graph.filtered import Absent, filtered_schema
from graph.inputs import action_at
from graph.model.custom_field import CustomerSchema, FieldDefinition
from graph.plan import NARROWING, OPEN_TO_ALL
from graph.types.scalars import PLAIN_INPUTS
from policies.asking import Asking
from policies.hiding import Hidden, hidden_from, may_ever
from policies.plan import AccessPlan, hidden_fields
from policies.standing import STRANGER, Standing

_CUSTOM: Final = "custom."
_TIMELINE: Final = "Profile.timeline"
BY_OPERATION: Final[Mapping[str, tuple[str, str]]] = {
    "explainAccess.as": ("Query.explainAccess", "as")
}
"""Arguments that are granted like root fields: by their name in the matrix."""
NOTHING: Final = Hidden()


@dataclass(frozen=True, slots=True)
class Unknown:
    """What is hidden from somebody, and so absent from their schema."""

    hidden: Hidden
    absent: Absent

    def __bool__(self) -> bool:
        """Whether there is anything."""
        return bool(self.hidden)


@dataclass(frozen=True, slots=True)
class VisibleSchema:
    """What one class of principals knows of a tenant's schema.

    `documents` are parsed and validated against it.  `facts` are the tenant's; of custom fields,
    their `known` has those that aren't hidden.
    """

    graphql: GraphQLSchema
    documents: Documents
    facts: SchemaFacts
    hidden: Hidden = NOTHING

    @property
    def customer_schema(self) -> CustomerSchema:
        """The custom fields that these principals know of."""
        return self.facts.known

    def knows(self, coordinate: str) -> bool:
        """Whether the field at this coordinate isn't hidden."""
        return coordinate not in self.hidden.fields

    def known_part(self, schema: CustomerSchema) -> CustomerSchema:
        """A newer customer schema, as far as these principals may know it."""
        return known_part(schema, self.hidden) if self.hidden else schema


def unknown_to(asking: Asking, full: GraphQLSchema, facts: SchemaFacts) -> Unknown:
    """What is unknown to somebody, retired custom fields included."""
    roots = (full.query_type, full.mutation_type, full.subscription_type)
    operations = {name for root in roots if root for name in root.fields} - OPEN_TO_ALL
    hidden = hidden_from(asking, facts.labels, facts.names, (*operations, *BY_OPERATION))
    retired = {item.coordinate: item for item in facts.customer_schema.retired}
    labels = {place: item.access for place, item in retired.items()}
    names = {place: f"{_CUSTOM}{item.key}" for place, item in retired.items()}
    more = hidden_fields(labels, asking, names)
    hidden = replace(hidden, fields=hidden.fields | more)
    fields, inputs = _fields(full, facts, hidden), _inputs(facts, hidden, asking)
    return Unknown(hidden, Absent(frozenset(fields), frozenset(inputs)))


def visible_schema(
    full: GraphQLSchema,
    facts: SchemaFacts,
    unknown: Unknown,
    documents: Callable[[GraphQLSchema], Documents],
) -> VisibleSchema:
    """The schema without what is unknown to somebody."""
    made = filtered_schema(full, unknown.absent, PLAIN_INPUTS)
    known = known_part(facts.customer_schema, unknown.hidden)
    return VisibleSchema(made, documents(made), replace(facts, known=known), unknown.hidden)


def known_part(schema: CustomerSchema, hidden: Hidden) -> CustomerSchema:
    """A customer schema without the fields that are hidden; positions have no gaps."""
    return replace(
        schema,
        fields=tuple(_in_order(schema.fields, hidden)),
        retired=tuple(item for item in schema.retired if item.coordinate not in hidden.fields),
    )


def _in_order(
    definitions: tuple[FieldDefinition, ...], hidden: Hidden
) -> Iterator[FieldDefinition]:
    known = (item for item in definitions if item.coordinate not in hidden.fields)
    for position, item in enumerate(known, 1):
        yield replace(item, position=position)


def _fields(full: GraphQLSchema, facts: SchemaFacts, hidden: Hidden) -> Iterator[tuple[str, str]]:
    for place, known in facts.fields.items():
        if known.coordinate in hidden.fields:
            yield place
    for root in (full.query_type, full.mutation_type, full.subscription_type):
        if root:
            yield from ((root.name, name) for name in root.fields if name in hidden.operations)


def _inputs(facts: SchemaFacts, hidden: Hidden, asking: Asking) -> Iterator[tuple[str, str]]:
    unknown = {facts.names[one] for one in hidden.fields if one in facts.names}
    for place, known in facts.inputs.items():
        if known.name is None or known.name not in unknown:
            continue
        is_custom = known.name.startswith(_CUSTOM)
        if is_custom or not may_ever(asking, action_at(place), known.label, known.name):
            yield place
    for argument, coordinate in NARROWING.items():
        if coordinate in hidden.fields:
            yield _TIMELINE, argument
    for operation, place in BY_OPERATION.items():
        if operation in hidden.operations:
            yield place


class AccessSchema(Protocol):
    """A tenant's schema, as far as access to it is told."""

    graphql: GraphQLSchema
    facts: SchemaFacts

    def visible(self, asking: Asking) -> VisibleSchema:
        """What this class of requests knows of the schema."""

    def access_plan(self, asking: Asking, standing: Standing = STRANGER) -> AccessPlan:
        """Every decision for this class of requests and customers."""
