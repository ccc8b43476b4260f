"""Which decisions an operation depends on, whatever its variables."""

from collections.abc import Mapping
from typing import Final

from graphql import (
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLObjectType,
    GraphQLSchema,
    OperationDefinitionNode,
    SelectionSetNode,
    get_named_type,
    is_object_type,
)

from graph.facts import SchemaFacts
from graph.plan import opened_by
from policies.plan import AccessPlan

# Fields that show whatever their asker may see of a profile.
_OF_EVERYTHING: Final = frozenset({"Profile.history", "Profile.suggestions", "Profile.fields"})


def touched(
    schema: GraphQLSchema,
    facts: SchemaFacts,
    operation: OperationDefinitionNode,
    fragments: Mapping[str, FragmentDefinitionNode],
) -> frozenset[str]:
    """The coordinates of all that a valid operation may select; every one where it may be any."""
    root = schema.get_root_type(operation.operation)
    found = _Reader(facts, fragments)
    if root is not None:
        found.read(root, operation.selection_set)
    if found.coordinates & _OF_EVERYTHING:
        return frozenset(facts.labels)
    return frozenset(found.coordinates)


def differ(one: AccessPlan, other: AccessPlan, coordinates: frozenset[str]) -> bool:
    """Whether two plans decide one of these coordinates differently."""
    return any(one.effect(at) is not other.effect(at) for at in coordinates)


class _Reader:
    """Walks an operation; each fragment once for each type, so that none can multiply."""

    def __init__(self, facts: SchemaFacts, fragments: Mapping[str, FragmentDefinitionNode]) -> None:
        self.coordinates: set[str] = set()
        self._facts = facts
        self._fragments = fragments
        self._read: set[tuple[str, str]] = set()

    def read(self, parent: GraphQLObjectType, selections: SelectionSetNode) -> None:
        for node in selections.selections:
            if isinstance(node, FieldNode):
                self._field(parent, node)
            elif not isinstance(node, FragmentSpreadNode):
                self.read(parent, node.selection_set)  # type: ignore[attr-defined]  # an inline fragment
            elif (parent.name, node.name.value) not in self._read:
                self._read.add((parent.name, node.name.value))
                self.read(parent, self._fragments[node.name.value].selection_set)

    def _field(self, parent: GraphQLObjectType, node: FieldNode) -> None:
        definition = parent.fields.get(node.name.value)
        if definition is None:  # __typename, and introspection at the root
            return
        if known := self._facts.fields.get((parent.name, node.name.value)):
            self.coordinates.add(known.coordinate)
            self.coordinates.update(opened_by(parent.name, known.attribute).values())
        below = get_named_type(definition.type)
        if is_object_type(below) and node.selection_set:
            self.read(below, node.selection_set)
