"""What suggestions of duplicates need from a store, in addition to `graph.ports`."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Protocol

from graph.model.comparison import Level
from graph.model.match_weights import MatchWeights
from graph.model.profile import Profile
from policies.plan import Scope


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Two profiles that may be one person, as the batch job left it for somebody to decide."""

    profiles: tuple[str, str]
    levels: Mapping[str, Level]
    weight: float
    cursor: str


class Matches(Protocol):
    """Who may be one person: candidates, what agreements weigh, what people decided."""

    async def near(self, id: str, scope: Scope, attributes: AbstractSet[str]) -> list[Profile]:
        """A profile and, behind it, those that share a blocking key with it.

        None at all where the profile is absent.  Whom somebody dismissed is left out, and so is a
        key that more than 100 profiles share.  Only `attributes` are filled and opened.
        """

    async def weights(self, scope: Scope) -> MatchWeights:
        """What agreements weigh: what the batch job learned last, or what is usual."""

    async def dismiss(self, id: str, other: str, by: str, scope: Scope) -> None:
        """Remember that two profiles are two people.

        Raises:
            NotFound: one of them isn't there.
        """

    async def queue(
        self, scope: Scope, min_weight: float | None, *, first: int, after: str | None
    ) -> list[Duplicate]:
        """Up to `first` suggestions of the batch job that nobody has decided.

        The likeliest come first, of those that weigh `min_weight` or more; None: all of them, by
        their ids, which tell nothing of what they weigh.

        Raises:
            BadInput: `after` is no place in this list.
        """
