"""A document as the cost guard sees it: selection sets, and how often each is answered."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from graphql import (
    ArgumentNode,
    DirectiveNode,
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLField,
    GraphQLNamedType,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SchemaMetaFieldDef,
    SelectionSetNode,
    TypeMetaFieldDef,
    VariableNode,
    get_named_type,
    get_nullable_type,
    is_list_type,
)

from graph.pages import DEFAULT_SIZE, MAX_SIZE

_LIST_SIZE: Final = 3
_FIELDS: Final = 16
_PAGE: Final = "first"
_KEYS: Final = "keys"
_CONNECTION: Final = "Connection"
_INTROSPECTION: Final = "__"
_META: Final[Mapping[str, GraphQLField]] = {
    "__schema": SchemaMetaFieldDef,
    "__type": TypeMetaFieldDef,
}


@dataclass(frozen=True, slots=True)
class ListSize:
    """How long a list is that a variable's value says: a number, or as many as the value holds."""

    variable: str
    default: int

    def of(self, variables: Mapping[str, Any]) -> int:
        """The length with these coerced variables."""
        value = variables.get(self.variable)
        if isinstance(value, list):
            return len(value)
        return _within(value) if isinstance(value, int) else self.default


@dataclass(slots=True)
class Block:
    """One selection set or fragment.

    `selections` are its own; `below` what they select: the place of a block in the list of all, how
    often it is answered, and how much deeper it is.  `is_meta`: it asks of the schema.
    """

    selections: int
    is_meta: bool
    below: list[tuple[int, int | ListSize, int]] = field(default_factory=list)


@dataclass(slots=True)
class Counts:
    """What stands in a document as it is written."""

    selections: int = 0
    width: int = 0
    aliases: int = 0
    directives: int = 0
    repeated_directives: int = 0


@dataclass(slots=True)
class Blocks:
    """All blocks of a document, each after those that it selects; circles are left open."""

    all: list[Block]
    order: list[int]
    operations: list[tuple[OperationDefinitionNode, int]]
    counts: Counts


def read_blocks(document: DocumentNode, schema: GraphQLSchema) -> Blocks:
    """The blocks of a parsed document, which may be invalid."""
    return _Reader(document, schema).read()


class _Reader:
    def __init__(self, document: DocumentNode, schema: GraphQLSchema) -> None:
        self._document = document
        self._schema = schema
        self._blocks: list[Block] = []
        self._counts = Counts()
        self._waiting: list[tuple[SelectionSetNode, GraphQLNamedType | None, int]] = []
        self._fragments: dict[str, int] = {}

    def read(self) -> Blocks:
        operations: list[tuple[OperationDefinitionNode, int]] = []
        for item in self._document.definitions:
            if isinstance(item, FragmentDefinitionNode):
                type_ = self._schema.get_type(item.type_condition.name.value)
                self._fragments.setdefault(item.name.value, self._add(item.selection_set, type_))
            elif isinstance(item, OperationDefinitionNode):
                type_ = self._schema.get_root_type(item.operation)
                operations.append((item, self._add(item.selection_set, type_)))
                for variable in item.variable_definitions or ():
                    self._count_directives(variable.directives)
            self._count_directives(getattr(item, "directives", None))
        while self._waiting:
            self._fill(*self._waiting.pop())
        return Blocks(self._blocks, _ordered(self._blocks), operations, self._counts)

    def _add(self, selections: SelectionSetNode, type_: GraphQLNamedType | None) -> int:
        size = len(selections.selections)
        self._counts.selections += size
        self._counts.width = max(self._counts.width, size)
        is_meta = type_ is not None and type_.name.startswith(_INTROSPECTION)
        self._blocks.append(Block(size, is_meta))
        self._waiting.append((selections, type_, len(self._blocks) - 1))
        return len(self._blocks) - 1

    def _fill(
        self, selections: SelectionSetNode, type_: GraphQLNamedType | None, place: int
    ) -> None:
        below = self._blocks[place].below
        for node in selections.selections:
            self._count_directives(node.directives)
            if isinstance(node, FieldNode):
                self._counts.aliases += node.alias is not None
                if node.selection_set:
                    below.append(self._field(node, node.selection_set, type_))
            elif isinstance(node, FragmentSpreadNode):
                if (found := self._fragments.get(node.name.value)) is not None:
                    below.append((found, 1, 0))
            elif isinstance(node, InlineFragmentNode):
                condition = node.type_condition
                inner = self._schema.get_type(condition.name.value) if condition else type_
                below.append((self._add(node.selection_set, inner), 1, 0))

    def _field(
        self, node: FieldNode, selections: SelectionSetNode, parent: GraphQLNamedType | None
    ) -> tuple[int, int | ListSize, int]:
        name = node.name.value
        definition = getattr(parent, "fields", {}).get(name) or _META.get(name)
        if definition is None:
            return self._add(selections, None), 1, 1
        type_ = get_named_type(definition.type)
        size = self._size(node, definition, parent)
        # A type is as deep as it is wrapped into lists, which nobody who asks can change.
        return self._add(selections, type_), size, int(name != "ofType")

    def _size(
        self, node: FieldNode, definition: GraphQLField, parent: GraphQLNamedType | None
    ) -> int | ListSize:
        given = {argument.name.value: argument for argument in node.arguments or ()}
        if _PAGE in definition.args:
            return _given(given.get(_PAGE), DEFAULT_SIZE)
        if not is_list_type(get_nullable_type(definition.type)):
            return 1
        parent_name = parent.name if parent else ""
        if parent_name.startswith(_INTROSPECTION):
            # The schema's size is no client's fault: what counts is lists of fields in each other.
            return _FIELDS if node.name.value in {"fields", "inputFields"} else 1
        if parent_name.endswith(_CONNECTION):
            return 1
        if _KEYS in definition.args:
            custom = getattr(self._schema.get_type("CustomFields"), "fields", ())
            return _given(given.get(_KEYS), max(len(custom), 1))
        return _LIST_SIZE

    def _count_directives(self, nodes: tuple[DirectiveNode, ...] | None) -> None:
        if not nodes:
            return
        names: defaultdict[str, int] = defaultdict(int)
        for node in nodes:
            names[node.name.value] += 1
        self._counts.directives += len(nodes)
        for name, count in names.items():
            known = self._schema.get_directive(name)
            if count > 1 and not (known and known.is_repeatable):
                self._counts.repeated_directives = max(self._counts.repeated_directives, count)


def _given(argument: ArgumentNode | None, default: int) -> int | ListSize:
    value = argument.value if argument else None
    if isinstance(value, VariableNode):
        return ListSize(value.name.value, default)
    if isinstance(value, IntValueNode):
        # No longer text than a page's size may have is read as a number.
        return _within(int(value.value[:4]))
    return max(len(value.values), 1) if isinstance(value, ListValueNode) else default


def _within(size: int) -> int:
    """What a list of this size counts: at least once, for it is checked and planned all the same.

    More than a page may hold is refused where the argument is read.
    """
    return min(max(size, 1), MAX_SIZE)


def _ordered(blocks: list[Block]) -> list[int]:
    """The places of all blocks, each after those below it, as far as there are no circles."""
    order: list[int] = []
    seen = [False] * len(blocks)
    for start in range(len(blocks)):
        waiting = [] if seen[start] else [(start, iter(blocks[start].below))]
        seen[start] = True
        while waiting:
            place, rest = waiting[-1]
            for found, _, _ in rest:
                if not seen[found]:
                    seen[found] = True
                    waiting.append((found, iter(blocks[found].below)))
                    break
            else:
                order.append(place)
                waiting.pop()
    return order
