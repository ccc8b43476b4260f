"""Builds the schema: once for the public contract, and once for each tenant's custom fields."""

from collections import OrderedDict
from copy import copy
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, cast

import strawberry
from cachetools import LRUCache
from graphql import GraphQLNonNull, GraphQLObjectType, GraphQLSchema, OperationDefinitionNode
from strawberry.printer import print_schema
from strawberry.types.base import StrawberryObjectDefinition
from strawberry.types.field import StrawberryField

from graph.execution.documents import Document, Documents
from graph.execution.limits import Limits
from graph.facts import SchemaFacts, read_facts
from graph.guard import guard_resolvers
from graph.model.audit import AuditEvent
from graph.model.break_glass import BreakGlassGrant
from graph.model.consent import Consent
from graph.model.contact import ContactPermission
from graph.model.custom_field import CustomerSchema
from graph.model.history import HistoryEntry
from graph.model.identity import Identity
from graph.model.interaction import Interaction
from graph.model.label import Label
from graph.model.preference import ContactTime, Exclusion, Preferences, Said
from graph.model.profile import Link, PersonName, Profile
from graph.mutations.root import Mutation
from graph.plan import OPEN_TO_ALL
from graph.queries import Query
from graph.touched import differ, touched
from graph.types.custom_field import CustomFields, typed_field
from graph.types.filter import (
    ProfileFilter,
    ProfileOrder,
    custom_filter,
    custom_order,
    with_type,
)
from graph.types.scalars import CONFIG
from graph.visible import (
    BY_OPERATION,
    Unknown,
    VisibleSchema,
    unknown_to,
    visible_schema,
)
from policies.asking import Asking
from policies.classification import DataClass
from policies.decision import Action, Effect
from policies.errors import WrongMatrix
from policies.matrix import Matrix
from policies.plan import AccessPlan, make_plan
from policies.standing import STRANGER, Relation, Standing

_MODELS = (
    *(Profile, PersonName, Identity, Link, Consent, ContactPermission, Label),
    *(Preferences, ContactTime, Exclusion, Said, HistoryEntry, Interaction),
    *(AuditEvent, BreakGlassGrant),
)
_MAX_PLANS = 256
_MAX_VISIBLE = 32
_MAX_OPERATIONS = 1_000
_MAX_BARE = 8
_CUSTOM = "custom."


class _Schema(strawberry.Schema):
    """Strawberry's schema, with the tenant's fields in `CustomFields` and in filters."""

    def __init__(self, customer_schema: CustomerSchema) -> None:
        self._definitions = customer_schema.fields
        self._inputs: dict[type, Any] = {}
        if customer_schema.fields:
            self._inputs = {
                ProfileFilter: custom_filter(customer_schema),
                ProfileOrder: custom_order(customer_schema),
            }
        super().__init__(query=Query, mutation=Mutation, config=CONFIG)

    def get_fields(self, type_definition: StrawberryObjectDefinition) -> list[StrawberryField]:
        """The fields of a type; those of custom fields are the tenant's."""
        fields = list(super().get_fields(type_definition))
        if type_definition.origin is CustomFields:
            fields += [typed_field(item, CustomFields) for item in self._definitions]
        if typed := self._inputs.get(type_definition.origin):
            fields = [
                with_type(field, typed) if field.python_name == "custom" else field
                for field in fields
            ]
        return fields


@dataclass(frozen=True, slots=True)
class _Built:
    """A schema, and what its labels say."""

    strawberry: _Schema
    graphql: GraphQLSchema
    facts: SchemaFacts


def _build(customer_schema: CustomerSchema) -> _Built:
    built = _Schema(customer_schema)
    graphql: GraphQLSchema = built._schema  # noqa: SLF001 - Strawberry has no public name for it
    facts = read_facts(graphql, customer_schema, _MODELS)
    guard_resolvers(graphql, facts)
    return _Built(built, graphql, facts)


@lru_cache(_MAX_BARE)
def _bare(sealed: frozenset[DataClass]) -> _Built:
    """The schema of all tenants that never defined a field and have the same classes sealed."""
    return _build(CustomerSchema(sealed=sealed))


class TenantSchema:
    """One tenant's schema at one revision, what its labels say, and the plans made from them."""

    def __init__(
        self, customer_schema: CustomerSchema | None = None, limits: Limits | None = None
    ) -> None:
        customer_schema = customer_schema or CustomerSchema()
        is_bare = customer_schema == CustomerSchema(sealed=customer_schema.sealed)
        built = _bare(customer_schema.sealed) if is_bare else _build(customer_schema)
        self._strawberry, self.graphql, self.facts = built.strawberry, built.graphql, built.facts
        self.customer_schema = customer_schema
        self._documents = partial(Documents, limits=limits)
        self.documents = self._documents(self.graphql)
        self._relations: OrderedDict[tuple[Any, ...], frozenset[Relation]] = OrderedDict()
        self._plans: OrderedDict[tuple[Any, ...], AccessPlan] = OrderedDict()
        self.whole = VisibleSchema(self.graphql, self.documents, self.facts)
        self._unknown: LRUCache[tuple[Any, ...], Unknown] = LRUCache(_MAX_PLANS)
        self._visible: LRUCache[Unknown, VisibleSchema] = LRUCache(_MAX_VISIBLE)

    def sdl(self, visible: VisibleSchema | None = None) -> str:
        """The schema, or what somebody knows of it, as definition language with its directives."""
        if visible is None:
            return self._strawberry.as_str() + "\n"
        seen = copy(self._strawberry)
        seen._schema = visible.graphql  # noqa: SLF001 - what Strawberry prints
        return print_schema(seen) + "\n"

    def visible(self, asking: Asking) -> VisibleSchema:
        """What this class of requests knows of the schema: all of it where nothing is hidden.

        Classes from which the same is hidden share one; 32 are kept.
        """
        key = asking.key
        unknown = self._unknown.get(key)
        if unknown is None:
            unknown = self._unknown[key] = unknown_to(asking, self.graphql, self.facts)
        if not unknown:
            return self.whole
        visible = self._visible.get(unknown)
        if visible is None:
            visible = visible_schema(self.graphql, self.facts, unknown, self._documents)
            self._visible[unknown] = visible
        return visible

    def relations(
        self, asking: Asking, text: str, operation: OperationDefinitionNode, document: Document
    ) -> frozenset[Relation]:
        """The relations that change what an operation of a document gets; 1,000 are kept."""
        key = (asking.key, text, operation.name.value if operation.name else None)
        if key not in self._relations:
            at = touched(self.graphql, self.facts, operation, document.fragments)
            strangers = self.access_plan(asking)
            self._relations[key] = frozenset(
                relation
                for relation in asking.relations
                if differ(strangers, self.access_plan(asking, Standing(relation)), at)
            )
            if len(self._relations) > _MAX_OPERATIONS:
                self._relations.popitem(last=False)
        return self._relations[key]

    def access_plan(self, asking: Asking, standing: Standing = STRANGER) -> AccessPlan:
        """Every decision for this class of requests and customers; 256 classes are kept."""
        key = (asking.key, standing)
        plan = self._plans.get(key)
        if plan is None:
            facts = self.facts
            plan = make_plan(facts.labels, asking, standing, facts.names)
            self._plans[key] = plan
            if len(self._plans) > _MAX_PLANS:
                self._plans.popitem(last=False)
        else:
            self._plans.move_to_end(key)
        return plan


def base_sdl() -> str:
    """The public contract: the schema of a tenant without custom fields."""
    return TenantSchema().sdl()


def check_matrix(schema: TenantSchema, matrix: Matrix) -> None:
    """Refuse a matrix that doesn't know exactly the root fields of the schema, or other fields.

    So is one that withholds what can't be null: by name, or ids and the like from a role that may
    call anything.

    Custom fields aren't checked: they come and go.

    Raises:
        WrongMatrix: names the root fields or fields in question.
    """
    roots = (schema.graphql.query_type, schema.graphql.mutation_type)
    known = {name for root in roots if root for name in root.fields} - OPEN_TO_ALL
    known |= BY_OPERATION.keys()
    if different := sorted(known ^ set(matrix.operations)):
        raise WrongMatrix(f"operations of matrix and schema differ: {', '.join(different)}")
    limits = (*matrix.ceilings.values(), *matrix.scopes.values())
    named = [
        *matrix.assurances.fresh_operations,
        *(n for one in limits for n in one.operations or ()),
    ]
    if unknown := sorted(set(named) - known - OPEN_TO_ALL):
        raise WrongMatrix(f"there are no such operations: {', '.join(unknown)}")
    fields = {name for rights in matrix.roles.values() for name in rights.fields}
    unknown_fields = fields - set(schema.facts.names.values())
    if wrong := sorted(name for name in unknown_fields if not name.startswith(_CUSTOM)):
        raise WrongMatrix(f"the schema has no such fields: {', '.join(wrong)}")
    callers = frozenset[str]().union(*matrix.operations.values())
    blind = {role for role in callers if not _reads_public(matrix, role)}
    if blind:
        raise WrongMatrix(f"roles that may call anything read PUBLIC: {', '.join(sorted(blind))}")
    if wrong := sorted(_withheld_by_name(matrix) & _required(schema)):
        raise WrongMatrix(f"these are never null, so give or hide them: {', '.join(wrong)}")


def _reads_public(matrix: Matrix, role: str) -> bool:
    return matrix.roles[role].effect(Action.READ, DataClass.PUBLIC) is Effect.ALLOW


def _withheld_by_name(matrix: Matrix) -> set[str]:
    """The fields that a role is denied, or sees masked, by their name."""
    given = {Effect.ALLOW, Effect.HIDE}
    return {
        name
        for rights in matrix.roles.values()
        for name, right in rights.fields.items()
        if right.effect(Action.READ) not in given
    }


def _required(schema: TenantSchema) -> set[str]:
    types, facts = schema.graphql.type_map, schema.facts
    return {
        facts.names[known.coordinate]
        for (type_, field), known in facts.fields.items()
        if isinstance(cast("GraphQLObjectType", types[type_]).fields[field].type, GraphQLNonNull)
    }
