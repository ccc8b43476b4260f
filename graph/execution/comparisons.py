"""How many pairs of fields the validation of a document compares."""

from collections import defaultdict
from collections.abc import Iterator, Sequence

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    OperationDefinitionNode,
    SelectionSetNode,
)


def comparisons_of(document: DocumentNode, most: int, steps: int) -> int:
    """The pairs of fields that are answered at one place, of all places together.

    Validation compares them all, so 450 fields at one place would keep a processor busy for a
    second.  Counting ends above `most`, and counts as more than `most` where it takes `steps`.
    """
    count = _Count(document)
    pairs = 0
    for places in count.places():
        pairs += sum(len(place) * (len(place) - 1) // 2 for place in places)
        steps -= sum(map(len, places))
        if pairs > most or steps < 0:
            return max(pairs, most + 1)
    return pairs


class _Count:
    def __init__(self, document: DocumentNode) -> None:
        definitions = document.definitions
        self._roots = [item for item in definitions if isinstance(item, OperationDefinitionNode)]
        self._fragments = {
            item.name.value: item
            for item in definitions
            if isinstance(item, FragmentDefinitionNode)
        }
        self._unseen = set(self._fragments)

    def places(self) -> Iterator[list[list[FieldNode]]]:
        """The places of each merged selection set, with the fields that are answered there."""
        for root in self._roots:
            yield from self._below([root.selection_set])
        while self._unseen:
            # Nobody spreads it, or only those that it spreads.
            yield from self._below([self._fragments[self._unseen.pop()].selection_set])

    def _below(self, sets: Sequence[SelectionSetNode]) -> Iterator[list[list[FieldNode]]]:
        waiting = [sets]
        while waiting:
            places: defaultdict[str, list[FieldNode]] = defaultdict(list)
            for item in self._fields(waiting.pop()):
                places[(item.alias or item.name).value].append(item)
            found = list(places.values())
            yield found
            inner = (
                [item.selection_set for item in place if item.selection_set] for place in found
            )
            waiting += [sets for sets in inner if sets]

    def _fields(self, sets: Sequence[SelectionSetNode]) -> Iterator[FieldNode]:
        waiting, spread = list(sets), set[str]()
        while waiting:
            for item in waiting.pop().selections:
                if isinstance(item, FieldNode):
                    yield item
                elif isinstance(item, InlineFragmentNode):
                    waiting.append(item.selection_set)
                elif isinstance(item, FragmentSpreadNode):
                    name = item.name.value
                    if name in self._fragments and name not in spread:
                        spread.add(name)
                        self._unseen.discard(name)
                        waiting.append(self._fragments[name].selection_set)
