"""What the graph needs from a store.  `app.store` supplies it; tests run it over the wire."""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from graph.model.custom_field import CustomerSchema, FieldDefinition, Progress
from graph.model.filter import Filter, Order
from graph.model.identity import Identity, IdentityName
from graph.model.interaction import Interaction
from graph.model.lifecycle import Promotion
from graph.model.owed import Owed
from graph.model.profile import Profile, ProfilePatch
from graph.model.provenance import Author
from graph.model.search import Findable
from policies.plan import Scope


@dataclass(frozen=True, slots=True)
class NamedIdentity:
    """An identity as it is kept, with the names that must be unique in its tenant.

    `wide` is the name by the tenant's rules of normalising, where one of them holds.
    """

    name: IdentityName
    identity: Identity
    wide: IdentityName | None = None


Revise = Callable[[Profile], Mapping[str, object]]
"""From a profile as it is to what changes of it, by attribute."""


@dataclass(frozen=True, slots=True)
class Found:
    """Whom an identity names: one profile, or `sharing`, the ids of some who share it."""

    profile: str | None = None
    sharing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Recognition:
    """Whom an identity names, whether a profile was created just now, and what was opened."""

    profile: str | None
    is_new: bool = False
    sharing: tuple[str, ...] = ()
    interaction: str | None = None


class Profiles(Protocol):
    """Profiles and their identities.

    Every method raises `StoreUnavailable` when the store gives no answer in time, and works
    inside `scope` only: what is outside is absent.
    """

    async def get_many(
        self, ids: Sequence[str], scope: Scope, attributes: AbstractSet[str]
    ) -> list[Profile | None]:
        """Profiles in the order of `ids`; None where absent.

        Only `attributes` (model names; `custom.NAME`, where a field's values are kept, for
        custom values), id and version are
        filled.  An old id of a merged profile answers with the surviving profile.
        """

    async def page(
        self,
        scope: Scope,
        where: Filter,
        order: Order | None,
        *,
        first: int,
        after: str | None,
        attributes: AbstractSet[str],
    ) -> list[Profile]:
        """Up to `first` profiles that meet `where`, beginning behind the profile `after`.

        Without an `order` they come in the order of what narrows the list most, and where nothing
        does, the oldest first.

        Raises:
            BadInput: the profile `after` isn't there any more.
            QueryTooComplex: the filter has too many alternatives.
        """

    async def count(self, scope: Scope, where: Filter) -> int:
        """How many profiles meet `where`."""

    async def find(
        self, name: IdentityName, scope: Scope, wide: IdentityName | None = None
    ) -> Found:
        """Whom an identity names; `wide` is its other name by the tenant's rules."""

    async def create(
        self,
        profile: Profile,
        found: Findable,
        identities: Sequence[NamedIdentity],
        scope: Scope,
        author: Author,
        owed: Sequence[Owed] = (),
    ) -> None:
        """Keep a new profile and claim what is its alone, all or nothing.

        `found` says what its custom values are found by and claim, `owed` which of them CRMs must
        be told.

        Raises:
            Conflict: an identity or a unique value belongs to a profile already.
        """

    async def recognise(
        self,
        profile: Profile,
        found: Findable,
        identity: NamedIdentity,
        scope: Scope,
        author: Author,
        opening: Interaction | None = None,
        *,
        and_share: bool = False,
    ) -> Recognition:
        """Whom `identity` names, with the interaction that is opened with it.

        Of any number of concurrent calls for an unknown identity exactly one creates `profile`.
        Where several share the identity nothing is created; with `and_share` `profile` is, and
        shares it too.  `opening` is recorded in the same transaction for whoever is named; its
        owner is found here.

        Raises:
            Conflict: what was recorded under the external id of `opening` is something else.
        """

    async def update(
        self,
        id: str,
        patch: ProfilePatch,
        scope: Scope,
        if_version: int | None,
        author: Author,
        promotion: Promotion | None = None,
    ) -> None:
        """Apply a patch and count the version up; with `promotion` the profile is identified.

        An old id of a merged profile means the surviving profile, here and below.

        Raises:
            NotFound: no such profile.
            VersionMismatch: the profile's version isn't `if_version`.
            Conflict: a unique value belongs to another profile.
        """

    async def revise(
        self,
        id: str,
        attributes: AbstractSet[str],
        revise: Revise,
        scope: Scope,
        if_version: int | None,
        author: Author,
    ) -> None:
        """Change attributes by what they are now: reading and writing are one.

        `revise` gets the profile with `attributes` and gives what changes, as in a patch; where
        nothing does, nothing is written.

        Raises:
            NotFound, VersionMismatch: see `update`.
            What `revise` raises.
        """

    async def add_identity(
        self,
        id: str,
        identity: NamedIdentity,
        scope: Scope,
        if_version: int | None,
        author: Author,
        promotion: Promotion | None = None,
    ) -> None:
        """Claim an identity for a profile, or share it where it is marked so.

        Adding what it has already changes nothing but that it is verified or shared from now on.
        With `promotion` the profile is identified, if it lacks nothing.

        Raises:
            NotFound, VersionMismatch: see `update`.
            Conflict: the identity belongs to another profile.
            LimitReached: the profile has as many identities of the channel as it may.
        """

    async def remove_identity(
        self,
        id: str,
        identity: NamedIdentity,
        scope: Scope,
        if_version: int | None,
        author: Author,
    ) -> None:
        """Give an identity up.

        Raises:
            NotFound: no such profile, or it doesn't have this identity.
            VersionMismatch: see `update`.
        """


class Definitions(Protocol):
    """The tenants' customer schemas."""

    async def define(self, tenant: str, definition: FieldDefinition) -> CustomerSchema:
        """Keep a new version of the field with the definition's id or, without one, its key.

        Where there is none, a new field.  Where values or search keys must be rewritten, the field
        is not ready until a job has done that; it can be read and written meanwhile.

        Raises:
            BreaksValues: values are stored that the new version can't hold.
            Conflict: the key is another field's, the field is still being changed, or somebody
                else defined meanwhile.
            NotFound: no field has this id.
        """

    async def history(self, tenant: str, id: str) -> list[FieldDefinition]:
        """Every version of a field, the newest first."""

    async def progress(self, tenant: str) -> dict[str, Progress]:
        """How far the jobs of fields are that aren't ready, by field id."""


@dataclass(frozen=True, slots=True)
class SavedFilter:
    """A filter that somebody saved, and when (UTC)."""

    name: str
    saved_at: datetime


class SavedFilters(Protocol):
    """The filters that people saved for themselves; `owner` is their subject."""

    async def save(self, tenant: str, owner: str, name: str, where: Mapping[str, Any]) -> None:
        """Keep a filter under a name, in place of what had it before.

        Raises:
            LimitReached: the owner has 100 of them.
        """

    async def find(self, tenant: str, owner: str, name: str) -> Mapping[str, Any] | None:
        """What was kept under a name."""

    async def all_of(self, tenant: str, owner: str) -> list[SavedFilter]:
        """All filters of an owner, by name."""

    async def remove(self, tenant: str, owner: str, name: str) -> None:
        """Forget a filter.

        Raises:
            NotFound: the owner has none of this name.
        """
