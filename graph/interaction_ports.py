"""What timelines need from a store, in addition to `graph.ports`."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from graph.model.identity import IdentityName
from graph.model.interaction import Interaction, TimelineQuery
from policies.plan import Scope


@dataclass(frozen=True, slots=True)
class TimelinePage:
    """Interactions, the newest first; `end` is the id behind which the next page begins.

    A page may be shorter than asked for and still have a next one, where few of many fit.
    `total` is how many there are in all, where that is known without counting.
    """

    items: Sequence[Interaction]
    has_next: bool
    end: str | None
    total: int | None = None


@dataclass(frozen=True, slots=True)
class LiveConversation:
    """A conversation of an agent and a customer that is going on, and since when (UTC)."""

    interaction: str
    started_at: datetime


class Interactions(Protocol):
    """What happened between customers and the business.  Raises and scopes as `Profiles`.

    An interaction is filed under one profile for ever; who asks names all profiles in question.
    """

    async def record(self, interaction: Interaction, who: str | IdentityName, scope: Scope) -> str:
        """Keep an interaction of the profile or identity `who`; its id.

        Without an instant it begins now.  One with the source and external id of an earlier one is
        that one: what is told and wasn't known is added, the rest stays, and its id is given.

        Raises:
            NotFound: nobody is known by `who`.
            Conflict: the earlier one was of another customer, kind, channel, direction or instant.
            Erased: the person was erased.
        """

    async def get_many(
        self, ids: Sequence[str], scope: Scope, attributes: AbstractSet[str]
    ) -> list[Interaction | None]:
        """Interactions in the order of `ids`; None where absent."""

    async def pages(
        self, asked: Sequence[TimelineQuery], scope: Scope, attributes: AbstractSet[str]
    ) -> list[TimelinePage]:
        """The page that each query asks for, the newest interaction first.

        What must be opened is only if it is one of `attributes`.

        Raises:
            BadInput: the interaction `after` isn't one of its owners.
        """

    async def count(self, asked: TimelineQuery, scope: Scope) -> int:
        """How many interactions a query finds, on all of its pages."""

    async def live(
        self, agent: str, owners: Sequence[str], scope: Scope
    ) -> LiveConversation | None:
        """The newest conversation that this agent is having with one of these profiles."""
