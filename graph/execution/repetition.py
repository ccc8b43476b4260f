"""Refuses documents that select the same place so often that checking them takes long."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)

_MAX_SELECTED = 100
_MAX_FIELDS = 10_000


def is_repetitive(document: DocumentNode) -> bool:
    """Whether it selects one place more than 100 times, or 10 000 fields in all.

    GraphQL compares all selections of a place in pairs: 450 of one field would keep a processor
    busy for a second, and everybody else waiting.
    """
    fragments = {
        item.name.value: item
        for item in document.definitions
        if isinstance(item, FragmentDefinitionNode)
    }
    waiting = [
        [item.selection_set]
        for item in document.definitions
        if isinstance(item, OperationDefinitionNode)
    ]
    fields = 0
    while waiting:
        places = _places(waiting.pop(), fragments)
        fields += sum(map(len, places))
        if fields > _MAX_FIELDS or any(len(place) > _MAX_SELECTED for place in places):
            return True
        below = ([item.selection_set for item in place if item.selection_set] for place in places)
        waiting += [sets for sets in below if sets]
    return False


def _places(
    sets: Sequence[SelectionSetNode], fragments: Mapping[str, FragmentDefinitionNode]
) -> list[list[FieldNode]]:
    """The fields that are answered at the same place, together."""
    places: defaultdict[str, list[FieldNode]] = defaultdict(list)
    for item in _fields(sets, fragments):
        places[(item.alias or item.name).value].append(item)
    return list(places.values())


def _fields(
    sets: Sequence[SelectionSetNode], fragments: Mapping[str, FragmentDefinitionNode]
) -> Iterator[FieldNode]:
    waiting, spread = list(sets), set[str]()
    while waiting:
        for item in waiting.pop().selections:
            if isinstance(item, FieldNode):
                yield item
            elif isinstance(item, InlineFragmentNode):
                waiting.append(item.selection_set)
            elif isinstance(item, FragmentSpreadNode):
                name = item.name.value
                if name in fragments and name not in spread:
                    spread.add(name)
                    waiting.append(fragments[name].selection_set)
