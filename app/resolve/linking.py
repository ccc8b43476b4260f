"""Links without a person: where an identifier says so, and little doubt is left.

Members of a household borrow each other's numbers, and share much else.  So nobody is linked whose
first name, date of birth or another value of class IDENTITY is another, and neither is a group in
which any two are so.
"""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import datetime
from itertools import product
from typing import Final

from app.resolve.matching import Found
from app.store.attach import Store
from app.store.changes import Changes
from app.store.rewriting import Rewriting
from app.store.sealing import Sealing
from graph.errors import Conflict, NotFound
from graph.merges import found_by, merging, names_of
from graph.model.comparison import Level
from graph.model.custom_field import CustomerSchema
from graph.model.errors import LimitReached
from graph.model.ids import new_id
from graph.model.match_weights import probability
from graph.model.merging import Plan
from graph.model.provenance import Author
from graph.model.survivorship import LinkPolicy
from graph.model.traits import BIRTH, GIVEN, Traits
from policies.classification import DataClass
from policies.plan import Scope

_AUTHOR: Final = Author("profile-gateway resolve", "resolve")


class Linking:
    """Links pairs of one tenant, each in a transaction of its own: the older profile survives."""

    def __init__(
        self,
        store: Store,
        sealing: Sealing,
        tenant: str,
        policy: LinkPolicy,
        now: Callable[[], datetime],
    ) -> None:
        changes = Changes(store.client, store.database, sealing, now)
        self._rewriting = Rewriting(store.database, changes, now)
        self._scope = Scope(tenant)
        self._policy = policy
        self._now = now

    async def link(
        self, found: Sequence[Found], traits: Mapping[str, Traits], schema: CustomerSchema
    ) -> int:
        """Link those pairs that the policy lets; how many were.

        The strongest come first.  A pair that somebody changes at the same time is left.
        """
        linked, names, groups = 0, names_of(schema), dict[str, tuple[str, ...]]()
        telling = _telling(schema)
        for one in sorted(found, key=lambda pair: -pair.weight):
            levels = traits[one.pair[0]].levels(traits[one.pair[1]])
            own, others = (groups.get(id_, (id_,)) for id_ in one.pair)
            if not self._is_certain(one, levels, names):
                continue
            if _are_others(own, others, traits, telling):
                continue
            if await self._linked(one.pair, schema):
                linked += 1
                groups |= dict.fromkeys(own + others, own + others)
        return linked

    def _is_certain(
        self, one: Found, levels: Mapping[str, Level], names: Mapping[str, str]
    ) -> bool:
        if probability(one.weight) < self._policy.threshold:
            return False
        return any(
            level is Level.EXACT and names.get(name, name) in self._policy.identifiers
            for name, level in levels.items()
        )

    async def _linked(self, pair: tuple[str, str], schema: CustomerSchema) -> bool:
        survivor, absorbed = sorted(pair)  # ids tell when profiles were made
        plan = Plan(new_id(), self._now(), self._policy.survivorship, names=names_of(schema))
        rewrite = merging(survivor, absorbed, plan, None)
        try:
            done = await self._rewriting.rewrite(
                [survivor, absorbed], rewrite, found_by(schema), self._scope, _AUTHOR
            )
        except (Conflict, NotFound, LimitReached):
            return False
        return bool(done.records)


def _telling(schema: CustomerSchema) -> frozenset[str]:
    """The attributes in which one person doesn't differ from themselves."""
    identity = (one for one in schema.fields if one.data_class is DataClass.IDENTITY)
    return frozenset({GIVEN, BIRTH, *(f"custom.{one.kept_as}" for one in identity)})


def _are_others(
    own: Sequence[str],
    others: Sequence[str],
    traits: Mapping[str, Traits],
    telling: AbstractSet[str],
) -> bool:
    """Whether any two of two groups can't be one person, whatever else agrees."""
    return any(
        level is Level.DIFFERENT and name in telling
        for one, other in product(own, others)
        for name, level in traits[one].levels(traits[other]).items()
    )
