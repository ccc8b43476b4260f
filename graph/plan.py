"""Reads the document before anything runs: what is asked, what is withheld, what to fetch."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from graphql import (
    DirectiveNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
    get_argument_values,
    get_named_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
)
from graphql.execution.values import VariableValues

from graph.errors import BadInput, Forbidden, QueryTooComplex
from graph.facts import CUSTOM_TYPE, FieldFacts, SchemaFacts
from graph.model.custom_field import CustomerSchema, FieldDefinition
from policies.decision import Decision, Effect
from policies.plan import AccessPlan

PROFILE: Final = "Profile"
OPEN_TO_ALL: Final = frozenset({"viewer", "explainAccess"})
"""Root fields that everybody may call; nothing below them is about a person."""
UNDEFINED_KEY: Final = "fields: one of the keys isn't defined; see customerSchema."
_INTERACTION = "Interaction"
# Who narrows a timeline by something learns it of each interaction.
NARROWING: Final[Mapping[str, str]] = {
    "channels": "Interaction.channel",
    "kinds": "Interaction.kind",
    "agent": "Interaction.agent",
    "since": "Interaction.started_at",
    "until": "Interaction.started_at",
}
_SUGGESTIONS: Final = "Profile.suggestions"
_GIVEN: Final = {"name.given": "PersonName.given"}
_FAMILY: Final = {"name.family": "PersonName.family"}
# What must be opened for a part of a profile, with its coordinate; what isn't here is never sealed.
_PARTS: Final[Mapping[str, Mapping[str, Mapping[str, str]]]] = {
    "Identity": {"value": {"identities.value": "Identity.value"}},
    "Consent": {"proof": {"consents.proof": "Consent.proof"}},
    "Preferences": {"language": {"preferences.language": "Preferences.language"}},
    "PersonName": {"given": _GIVEN, "family": _FAMILY, "full": _GIVEN | _FAMILY},
}
# What a field of the profile is made of, where that isn't the attribute of its name.
_MADE_OF: Final[Mapping[str, frozenset[str]]] = {
    "custom": frozenset(),
    "history": frozenset({"members"}),
    "former_ids": frozenset({"members"}),
    "may_contact": frozenset({"preferences", "consents"}),
}


def opened_by(type_: str, attribute: str) -> Mapping[str, str]:
    """What is opened for a part of a profile, with the coordinate that decides it."""
    return _PARTS.get(type_, {}).get(attribute, {})


@dataclass(frozen=True, slots=True)
class Withheld:
    """A selected field that its asker may not read: null in the answer, one error for it.

    `path` has no list indices; `in_list` says that it stands for each item.
    """

    path: tuple[str, ...]
    field: str
    decision: Decision
    in_list: bool


@dataclass(slots=True)
class DocumentPlan:
    """What one operation may do.

    `attributes` are the attributes of profiles to fetch (`custom.NAME` for custom values),
    `interactions` those of interactions;
    `live` the fields to ask of CRMs; `masked` the paths (without list indices) of masked values.
    `read` are the coordinates of what may be read of all that is selected; None: nobody asks.
    """

    access: AccessPlan
    customer_schema: CustomerSchema
    attributes: set[str] = field(default_factory=set)
    interactions: set[str] = field(default_factory=set)
    live: dict[str, FieldDefinition] = field(default_factory=dict)
    withheld: dict[tuple[str, ...], Withheld] = field(default_factory=dict)
    masked: set[tuple[str, ...]] = field(default_factory=set)
    read: set[str] | None = None

    def fetch(self, definition: FieldDefinition) -> None:
        """Have a custom field fetched: of its CRM, or from where the profile keeps it."""
        if self.read is not None:
            self.read.add(definition.coordinate)
        if definition.is_live:
            self.live[definition.id] = definition
            return
        self.attributes |= definition.attributes


def plan_document(
    schema: GraphQLSchema,
    facts: SchemaFacts,
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    variables: VariableValues,
    access: AccessPlan,
    *,
    is_recorded: bool = False,
) -> DocumentPlan:
    """The plan of one operation of a valid document with coerced variables.

    Where it `is_recorded`, it also tells what is read.

    Raises:
        QueryTooComplex: suggestions are asked for of several profiles.
        BadInput: `fields(keys:)` names a key that isn't defined.
        Forbidden: a timeline is narrowed by what its asker may not read of interactions.
    """
    plan = DocumentPlan(access, facts.customer_schema, read=set() if is_recorded else None)
    root = schema.get_root_type(operation.operation)
    if root is not None:
        _Reader(facts, fragments, variables, plan).read(root, operation.selection_set)
    return plan


def root_fields(
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
    variables: VariableValues,
) -> Iterator[FieldNode]:
    """The root fields that an operation selects, fragments expanded."""
    return Selections(fragments, variables).fields(operation.selection_set)


class Selections:
    """Selection sets of one operation: fragments expanded, @skip and @include applied.

    Without variables, every branch counts as included.
    """

    def __init__(
        self, fragments: Mapping[str, FragmentDefinitionNode], variables: VariableValues | None
    ) -> None:
        self._fragments = fragments
        self._variables = variables

    def fields(self, selections: SelectionSetNode) -> Iterator[FieldNode]:
        """The fields of a selection set, fragments expanded, @skip and @include applied."""
        for node in selections.selections:
            if not self._is_included(node.directives or ()):
                continue
            if isinstance(node, FieldNode):
                yield node
                continue
            if isinstance(node, FragmentSpreadNode):
                yield from self.fields(self._fragments[node.name.value].selection_set)
            elif isinstance(node, InlineFragmentNode):
                yield from self.fields(node.selection_set)

    def _is_included(self, directives: tuple[DirectiveNode, ...]) -> bool:
        for directive in directives:
            name = directive.name.value
            if name in {"skip", "include"} and self._variables is not None:
                value = self._condition(directive, self._variables)
                if value is (name == "skip"):
                    return False
        return True

    @staticmethod
    def _condition(directive: DirectiveNode, variables: VariableValues) -> bool:
        value = (directive.arguments or ())[0].value
        name = getattr(value, "name", None)
        if name is not None:
            return bool(variables.coerced.get(name.value))
        return bool(getattr(value, "value", False))


class _Reader:
    def __init__(
        self,
        facts: SchemaFacts,
        fragments: Mapping[str, FragmentDefinitionNode],
        variables: VariableValues,
        plan: DocumentPlan,
    ) -> None:
        self._facts = facts
        self._selections = Selections(fragments, variables)
        self._variables = variables
        self._plan = plan

    def read(
        self,
        parent: GraphQLObjectType,
        selections: SelectionSetNode,
        path: tuple[str, ...] = (),
        *,
        in_list: bool = False,
    ) -> None:
        for node in self._selections.fields(selections):
            name = node.name.value
            definition = parent.fields.get(name)
            if definition is None:  # __typename, and introspection at the root
                continue
            if not path and name in OPEN_TO_ALL:
                self._skim(node)
                continue
            at = (*path, node.alias.value if node.alias else name)
            known = self._facts.fields.get((parent.name, name))
            if known and not self._is_readable(parent, name, known, at, in_list):
                continue
            if in_list and known and known.coordinate == _SUGGESTIONS:
                raise QueryTooComplex("suggestions: ask for those of one profile at a time.")
            if known and parent.name == PROFILE:
                self._select(known, definition, node)
            elif known and parent.name == _INTERACTION:
                self._plan.interactions.add(known.attribute)
            elif known and parent.name in _PARTS:
                self._open(opened_by(parent.name, known.attribute))
            below = get_named_type(definition.type)
            if is_object_type(below) and node.selection_set:
                self.read(
                    below, node.selection_set, at, in_list=in_list or _is_list(definition.type)
                )

    def _skim(self, node: FieldNode) -> None:
        """Count what is selected where nothing can be withheld."""
        for below in self._selections.fields(node.selection_set) if node.selection_set else ():
            self._skim(below)

    def _is_readable(
        self,
        parent: GraphQLObjectType,
        name: str,
        known: FieldFacts,
        at: tuple[str, ...],
        in_list: bool,
    ) -> bool:
        decision = self._plan.access.decisions[known.coordinate]
        if decision.is_denied:
            self._plan.withheld[at] = Withheld(at, f"{parent.name}.{name}", decision, in_list)
            return False
        is_leaf = not is_object_type(get_named_type(parent.fields[name].type))
        if decision.effect is Effect.MASK and is_leaf:
            self._plan.masked.add(at)
        if self._plan.read is not None:
            self._plan.read.add(known.coordinate)
        if parent.name == CUSTOM_TYPE and known.definition:
            self._plan.fetch(known.definition)
        return True

    def _select(self, known: FieldFacts, definition: GraphQLField, node: FieldNode) -> None:
        if known.attribute == "suggestions":
            return
        if known.attribute == "fields":
            self._select_keys(get_argument_values(definition, node, self._variables).get("keys"))
        elif known.attribute == "timeline":
            self._check_narrowing(get_argument_values(definition, node, self._variables))
            self._plan.attributes.add("members")
        else:
            made_of = _MADE_OF.get(known.attribute, frozenset({known.attribute}))
            self._plan.attributes.update(made_of)

    def _check_narrowing(self, given: Mapping[str, object]) -> None:
        for argument, coordinate in NARROWING.items():
            decision = self._plan.access.decisions[coordinate]
            if given.get(argument) is not None and decision.effect is not Effect.ALLOW:
                where = f"Profile.timeline.{argument}"
                message = f"You may not narrow a timeline by {argument}."
                raise Forbidden(message, decision, where)

    def _open(self, parts: Mapping[str, str]) -> None:
        for attribute, coordinate in parts.items():
            if self._plan.access.effect(coordinate) is not Effect.DENY:
                self._plan.attributes.add(attribute)

    def _select_keys(self, keys: list[str] | None) -> None:
        schema = self._facts.known
        for key in schema.by_key if keys is None else keys:
            if key not in schema.by_key:
                raise BadInput(UNDEFINED_KEY)
            definition = schema.by_key[key]
            if self._plan.access.effect(definition.coordinate) is not Effect.DENY:
                self._plan.fetch(definition)


def _is_list(type_: object) -> bool:
    return is_list_type(type_.of_type if is_non_null_type(type_) else type_)
