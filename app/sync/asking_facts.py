"""Asks a source for tags, segments and activities, so that what fails costs little of the rest."""

from collections import Counter, deque
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from functools import partial
from typing import Final

from app.sync.asking import through
from app.sync.copying import ToldFacts
from app.sync.plan import SyncPlan
from connectors.abilities import Fact, FactKind, KnowsFacts
from connectors.errors import Skippable

_MOST_FAILURES: Final = 32
_Question = tuple[Sequence[str], AbstractSet[FactKind]]


class AskingFacts:
    """Asks for the facts of one plan, for as many records at a time as its connector takes.

    All kinds are asked for at once, as one request may answer them all.  Where that makes no sense,
    each kind is asked for by itself, and one that still makes none for half of the records, and so
    on; not for ever.  A kind that fails again and again is asked for once each time, by itself,
    until it works.
    """

    def __init__(self, plan: SyncPlan) -> None:
        self._plan = plan
        self._most = plan.source.connector.max_keys
        self._broken: set[FactKind] = set()

    async def of(self, ids: Sequence[str]) -> dict[str, ToldFacts]:
        """What is told of each record; nothing where the plan has no facts.

        Raises:
            SourceError: they can't be had now.
        """
        found = dict[str, ToldFacts]()
        if self._plan.facts:
            for at in range(0, len(ids), self._most):
                found |= await self._part(ids[at : at + self._most])
        return found

    async def _part(self, ids: Sequence[str]) -> dict[str, ToldFacts]:
        found = {one: ToldFacts() for one in ids}
        asked, worked, failures = self._first(ids), set[FactKind](), Counter[FactKind]()
        while asked:
            some, kinds = asked.popleft()
            answer = await self._answer(some, kinds)
            if answer is not None:
                worked |= kinds
                _take(answer, some, kinds, found)
                continue
            failures.update(kinds)
            more = [] if kinds & _often(failures) else self._smaller(some, kinds)
            asked += more
            if not more:
                for one in some:
                    found[one].failed |= kinds
        self._broken = (self._broken | _often(failures)) - worked
        return found

    def _first(self, ids: Sequence[str]) -> deque[_Question]:
        """What is asked first: what works at once, and each kind that doesn't by itself."""
        kinds = [self._plan.facts - self._broken, *({one} for one in sorted(self._broken))]
        return deque((ids, one) for one in kinds if one)

    def _smaller(self, ids: Sequence[str], kinds: AbstractSet[FactKind]) -> list[_Question]:
        """Smaller questions, in place of one that failed; none where nothing is to be gained."""
        if len(kinds) > 1:
            return [(ids, {one}) for one in sorted(kinds)]
        if len(ids) == 1 or not self._broken.isdisjoint(kinds):
            return []
        middle = len(ids) // 2
        return [(ids[:middle], kinds), (ids[middle:], kinds)]

    async def _answer(
        self, ids: Sequence[str], kinds: AbstractSet[FactKind]
    ) -> Mapping[str, Sequence[Fact]] | None:
        """What the source says; None where that makes no sense."""
        source, connector = self._plan.source, self._plan.source.connector
        assert isinstance(connector, KnowsFacts)  # noqa: S101 - `plan_of` makes sure
        asked = partial(connector.facts, object=self._plan.object, ids=ids, kinds=kinds)
        try:
            return await through(source, asked)
        except Skippable:
            return None


def _take(
    answer: Mapping[str, Sequence[Fact]],
    ids: Sequence[str],
    kinds: AbstractSet[FactKind],
    found: Mapping[str, ToldFacts],
) -> None:
    """Take an answer; what it doesn't mention isn't known."""
    for one in ids:
        if one in answer:
            found[one].facts += answer[one]
        else:
            found[one].failed |= kinds


def _often(failures: Counter[FactKind]) -> set[FactKind]:
    return {one for one, times in failures.items() if times >= _MOST_FAILURES}
