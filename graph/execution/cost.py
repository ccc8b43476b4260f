"""What a document costs, known before it is validated: the one guard against expensive ones.

A document is read as *blocks*: its selection sets and fragments.  Each is summed up once, however
often it is selected, so the guard takes time in proportion to the document; and a fragment in a
circle counts nothing the second time.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import DocumentNode, GraphQLSchema, OperationDefinitionNode

from graph.errors import LimitExceeded
from graph.execution.blocks import Blocks, ListSize, read_blocks
from graph.execution.comparisons import comparisons_of
from graph.execution.limits import Limits

# Sums end here: numbers of any length would take any time, and no JSON.
_MOST = 1_000_000_000


@dataclass(frozen=True, slots=True)
class Cost:
    """What the operations of a document cost; variables may say how long its lists are."""

    blocks: Blocks
    has_variable_lists: bool

    def check(
        self, operation: OperationDefinitionNode, variables: Mapping[str, Any], limits: Limits
    ) -> None:
        """Return when the operation with these coerced variables keeps the limits.

        Raises:
            LimitExceeded: it asks for more nodes.
        """
        if self.has_variable_lists:
            nodes = _weighed(self.blocks, variables)
            for one, place in self.blocks.operations:
                if one is operation:
                    _compare("nodes", nodes[place], limits.nodes)


def cost_of(document: DocumentNode, schema: GraphQLSchema, limits: Limits) -> Cost:
    """What a parsed document costs.

    Raises:
        LimitExceeded: it exceeds a limit, whatever its variables are.
    """
    blocks = read_blocks(document, schema)
    for name, measured, most in _written(blocks, limits):
        _compare(name, measured, most)
    for name, measured, most in _expanded(blocks, limits):
        _compare(name, measured, most)
    compared = comparisons_of(document, limits.comparisons, limits.nodes)
    _compare("comparisons", compared, limits.comparisons)
    sizes = (size for block in blocks.all for _, size, _ in block.below)
    return Cost(blocks, any(isinstance(size, ListSize) for size in sizes))


def check_values(variables: Mapping[str, Any], limits: Limits) -> None:
    """Return when variables, as they were sent, hold few enough values, not too deep.

    Raises:
        LimitExceeded: they don't.
    """
    waiting: list[Any] = list(variables.values())
    count = depth = 0
    while waiting:
        depth, count = depth + 1, count + len(waiting)
        _compare("values", count, limits.values)
        _compare("value depth", depth, limits.value_depth)
        waiting = [inner for value in waiting for inner in _inside(value)]


def _inside(value: Any) -> Any:  # noqa: ANN401 - any JSON
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()


def _written(blocks: Blocks, limits: Limits) -> Iterator[tuple[str, int, int]]:
    counts = blocks.counts
    yield "selections", counts.selections, limits.selections
    yield "width", counts.width, limits.width
    yield "aliases", counts.aliases, limits.aliases
    yield "directives", counts.directives, limits.directives
    yield "repeated directives", counts.repeated_directives, 1


def _expanded(blocks: Blocks, limits: Limits) -> Iterator[tuple[str, int, int]]:
    yield "depth", max(_depths(blocks), default=0), limits.depth
    widths = _root_fields(blocks)
    roots = [place for _, place in blocks.operations]
    yield "root fields", max((widths[root] for root in roots), default=0), limits.root_fields
    # Of every block: a fragment that nobody spreads is validated too.
    yield "nodes", max(_weighed(blocks, None), default=0), limits.nodes
    meta = _weighed(blocks, None, is_meta=True)
    yield "introspection", max(meta, default=0), limits.introspection


def _depths(blocks: Blocks) -> list[int]:
    depths = [0] * len(blocks.all)
    for place in blocks.order:
        below = (depths[found] + deeper for found, _, deeper in blocks.all[place].below)
        depths[place] = max(below, default=0)
    return [depth + 1 for depth in depths]


def _root_fields(blocks: Blocks) -> list[int]:
    """How many fields each block has, those of its fragments included."""
    widths = [0] * len(blocks.all)
    for place in blocks.order:
        block = blocks.all[place]
        inner = [found for found, _, deeper in block.below if not deeper]
        width = block.selections - len(inner) + sum(widths[found] for found in inner)
        widths[place] = min(width, _MOST)
    return widths


def _weighed(
    blocks: Blocks, variables: Mapping[str, Any] | None, *, is_meta: bool = False
) -> list[int]:
    """How many selections each block has in the end; without variables, at least so many."""
    nodes = [0] * len(blocks.all)
    for place in blocks.order:
        block = blocks.all[place]
        own = block.selections if block.is_meta is is_meta else 0
        inner = sum(_times(size, variables) * nodes[found] for found, size, _ in block.below)
        nodes[place] = min(own + inner, _MOST)
    return nodes


def _times(size: int | ListSize, variables: Mapping[str, Any] | None) -> int:
    if isinstance(size, int):
        return size
    return 1 if variables is None else size.of(variables)


def _compare(limit: str, measured: int, most: int) -> None:
    if measured > most:
        raise LimitExceeded(limit, most, measured)
