"""What merges and history need from a store, in addition to `graph.ports`."""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Protocol

from graph.model.history import HistoryEntry, HistoryKind, MergeNote
from graph.model.profile import Profile
from graph.model.provenance import Author
from graph.model.record import Record
from graph.model.search import Findable
from policies.plan import Scope

FoundBy = Callable[[Profile], Findable]
"""What a profile's custom values are found by and claim."""


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What becomes of profiles: the records that change, and for each what its history says.

    `shown` is the id of the profile that the caller asked for, `since` are attributes of it that
    were written after what is undone.
    """

    shown: str
    records: Mapping[str, Record]
    notes: Mapping[str, tuple[HistoryKind, MergeNote]]
    since: tuple[str, ...] = ()


Rewrite = Callable[[Mapping[str, Record]], Rewritten]
"""From the records of profiles and of all that are part of them: what becomes of them."""


class Rewriting(Protocol):
    """Changes of several profiles at once, each whole or not at all.

    Both methods read the profiles of `ids`, or who stands for those by now, and all that are part
    of them.

    Raises:
        NotFound: one of them isn't there.
        Conflict: a claim is somebody else's by now, or the profiles change too fast.
        Erased: one of them was erased.
    """

    async def preview(self, ids: Sequence[str], rewrite: Rewrite, scope: Scope) -> Rewritten:
        """What would become of profiles."""

    async def rewrite(
        self, ids: Sequence[str], rewrite: Rewrite, found: FoundBy, scope: Scope, author: Author
    ) -> Rewritten:
        """Write what becomes of profiles; nothing where no record changes."""


class History(Protocol):
    """What happened to profiles."""

    async def page(
        self,
        profiles: Sequence[str],
        scope: Scope,
        *,
        first: int,
        after: str | None,
        attributes: AbstractSet[str],
    ) -> list[tuple[str, HistoryEntry]]:
        """Up to `first` entries of several profiles, the newest first, each with its cursor.

        Values of `attributes` alone are read, and of items those parts that `ITEM.PART` names.
        """
