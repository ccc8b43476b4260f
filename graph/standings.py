"""How the asker of one operation stands to customers: looked up only where it matters."""

import asyncio
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from typing import Final

from graph.access_ports import Relations
from graph.model.consent import Worth, effective, worth
from graph.model.interaction import owners_of
from graph.model.profile import Profile
from graph.ports import Profiles
from policies.asking import Asking
from policies.plan import scope_of
from policies.standing import STRANGER, Relation, Standing

_CONSENTS: Final = frozenset({"consents", "members"})


class Standings:
    """How one asker stands to customers, read once for an operation.

    `wanted` are the relations that change what they get.  Nothing is read where there are none,
    and their purpose needs no consent.
    """

    def __init__(
        self,
        asking: Asking,
        wanted: AbstractSet[Relation],
        relations: Relations,
        profiles: Profiles,
        now: datetime,
    ) -> None:
        self._wanted = wanted
        self._consent = asking.consent
        self._subject = asking.principal.subject
        self._scope = scope_of(asking.principal)
        self._relations, self._profiles, self._now = relations, profiles, now
        self._since = now - timedelta(hours=asking.matrix.conversations.hours)
        self._related: asyncio.Task[dict[str, Relation]] | None = None

    @property
    def matter(self) -> bool:
        """Whether two customers may be seen differently."""
        return bool(self._wanted) or self._consent is not None

    def forget(self) -> None:
        """Look anew: what links the asker to customers has changed."""
        self._related = None

    async def of(self, ids: Sequence[str]) -> list[Standing]:
        """How the asker stands to the profiles of these ids, former ones too, in their order."""
        if not self.matter:
            return [STRANGER] * len(ids)
        related, consented = await asyncio.gather(self._links(), self._who_consented(ids))
        return [
            Standing(related.get(one, Relation.NONE), has_consent)
            for one, has_consent in zip(ids, consented, strict=True)
        ]

    async def _links(self) -> dict[str, Relation]:
        if not self._wanted:
            return {}
        if self._related is None:
            self._related = asyncio.create_task(self._look())
        # Shielded: a sibling's failure cancels this wait, never the shared answer.
        return await asyncio.shield(self._related)

    async def _look(self) -> dict[str, Relation]:
        """The links, under every id that the customers have by now."""
        found = await self._relations.related(
            self._subject, self._scope, self._wanted, since=self._since, now=self._now
        )
        if not found:
            return found
        present = await self._profiles.get_many(list(found), self._scope, {"members"})
        everywhere = dict(found)
        for relation, profile in zip(found.values(), present, strict=True):
            for owner in owners_of(profile) if profile else ():
                if everywhere.get(owner) is not Relation.BREAK_GLASS:
                    everywhere[owner] = relation
        return everywhere

    async def _who_consented(self, ids: Sequence[str]) -> list[bool]:
        if self._consent is None:
            return [True] * len(ids)
        found = await self._profiles.get_many(list(ids), self._scope, set(_CONSENTS))
        return [self._has_consented(profile, self._consent) for profile in found]

    def _has_consented(self, profile: Profile | None, purpose: str) -> bool:
        consents = profile.consents if profile else None
        if not isinstance(consents, Iterable):
            return False
        said = effective(consents, self._now).get(purpose)
        return said is not None and worth(said, self._now) is Worth.GRANTED
