"""What the record of access and emergencies need from a store."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from graph.model.audit import AuditEvent
from graph.model.break_glass import BreakGlassGrant
from policies.plan import Scope


@dataclass(frozen=True, slots=True)
class AuditQuery:
    """Which events: of any of these profiles, and of this actor; None: of all."""

    profiles: Sequence[str] | None = None
    actor: str | None = None


class Audit(Protocol):
    """The record of access.  Events are added, and never changed or removed."""

    async def record(self, event: AuditEvent, scope: Scope) -> str:
        """Keep an event and give its id; it is durable when this returns.

        Raises:
            AuditUnavailable: nobody knows whether it was kept, so nothing may follow from it.
        """

    async def page(
        self, asked: AuditQuery, scope: Scope, *, first: int, after: str | None
    ) -> list[tuple[str, AuditEvent]]:
        """Events with their places, the newest first; `after` is the place before the page.

        Raises:
            BadInput: `after` is no place of an event.
            StoreUnavailable: the store gives no answer.
        """

    async def count(self, asked: AuditQuery, scope: Scope) -> int:
        """How many events there are.  Raises `StoreUnavailable`."""


class Grants(Protocol):
    """Emergencies that people declared.  Raises `StoreUnavailable`.

    The grants that are active are told by `graph.access_ports.Relations`.
    """

    async def open(self, grant: BreakGlassGrant, scope: Scope) -> None:
        """Keep a new grant."""

    async def find(self, id: str, scope: Scope) -> BreakGlassGrant | None:
        """The grant of this id, or None."""

    async def review(self, reviewed: BreakGlassGrant, scope: Scope) -> bool:
        """Keep a review; False where another one was first.  An UNJUSTIFIED grant ends."""

    async def queue(
        self, scope: Scope, reviewer: str, *, first: int, after: str | None
    ) -> list[tuple[str, BreakGlassGrant]]:
        """Grants with their places that nobody has reviewed and that aren't the reviewer's own.

        The newest first; `after` is the place before the page.  Raises `BadInput` where it is none.
        """

    async def queue_length(self, scope: Scope, reviewer: str) -> int:
        """How many such grants there are."""
