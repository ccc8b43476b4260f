"""What deciding access needs from a store: the tenants' matrices, and who is linked to whom."""

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from policies.matrix import Matrix
from policies.plan import Scope
from policies.standing import Relation


@dataclass(frozen=True, slots=True)
class AccessRules:
    """A tenant's own access rules: TOML over the shipped matrix, who wrote it and when (UTC).

    `revision` counts the changes; 0 and an empty text: there are none.
    """

    text: str = ""
    revision: int = 0
    by: str | None = None
    at: datetime | None = None


class Matrices(Protocol):
    """The matrix of each tenant: the shipped one, and what the tenant has changed in it."""

    async def of(self, tenant: str) -> Matrix:
        """The tenant's matrix as it is now; the last known one while the store is away.

        Raises:
            StoreUnavailable: the store is away and no matrix of the tenant is known.
        """

    async def rules(self, tenant: str) -> AccessRules:
        """What the tenant has changed.  Raises `StoreUnavailable`."""

    async def check(self, tenant: str, text: str, if_revision: int | None) -> None:
        """Raise what `change` would; nothing is changed."""

    async def change(self, tenant: str, text: str, if_revision: int | None, by: str) -> AccessRules:
        """Put these rules in the place of the tenant's; they hold from the next request on.

        Raises:
            BadInput: they aren't rules, or name what doesn't exist.
            VersionMismatch: `if_revision` isn't the present revision.
            StoreUnavailable: nothing was changed, as far as we know.
        """


class Relations(Protocol):
    """What links somebody to customers at the moment.  Raises `StoreUnavailable`."""

    async def related(
        self,
        subject: str,
        scope: Scope,
        wanted: AbstractSet[Relation],
        *,
        since: datetime,
        now: datetime,
    ) -> dict[str, Relation]:
        """The profiles that a subject is linked to in one of these ways, by id, and how.

        Conversations count that began at `since` or later, emergencies that hold after `now`.
        Where both do, it is BREAK_GLASS.
        An id may be that of a profile absorbed meanwhile.
        """
