"""What the graph needs from a store.  `app.store` supplies it; tests run it over the wire."""

from collections.abc import Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Protocol

from graph.model.custom_field import CustomerSchema, FieldDefinition
from graph.model.filter import Condition
from graph.model.identity import Identity, IdentityName
from graph.model.profile import Profile, ProfilePatch
from policies.plan import Scope


@dataclass(frozen=True, slots=True)
class NamedIdentity:
    """An identity as it is kept, with the name that must be unique in its tenant."""

    name: IdentityName
    identity: Identity


class Profiles(Protocol):
    """Profiles and their identities.

    Every method raises `StoreUnavailable` when the store gives no answer in time, and works
    inside `scope` only: what is outside is absent.
    """

    async def get_many(
        self, ids: Sequence[str], scope: Scope, attributes: AbstractSet[str]
    ) -> list[Profile | None]:
        """Profiles in the order of `ids`; None where absent.

        Only `attributes` (model names; `custom.FIELD_ID` for custom values), id and version are
        filled.  An old id of a merged profile answers with the surviving profile.
        """

    async def page(
        self,
        scope: Scope,
        conditions: Sequence[Condition],
        *,
        first: int,
        after: str | None,
        attributes: AbstractSet[str],
    ) -> list[Profile]:
        """Up to `first` profiles that meet all conditions, by id, beginning behind `after`."""

    async def count(self, scope: Scope, conditions: Sequence[Condition]) -> int:
        """How many profiles meet all conditions."""

    async def find(self, name: IdentityName, scope: Scope) -> str | None:
        """The id of the profile that has this identity, or None."""

    async def create(
        self, profile: Profile, identities: Sequence[NamedIdentity], scope: Scope
    ) -> None:
        """Keep a new profile and claim its identities, all or nothing.

        Raises:
            Conflict: one of the identities belongs to a profile already.
        """

    async def recognise(
        self, profile: Profile, identity: NamedIdentity, scope: Scope
    ) -> tuple[str, bool]:
        """The id of the profile that has `identity`, and whether it was created just now.

        Of any number of concurrent calls for an unknown identity exactly one creates `profile`.
        """

    async def update(
        self, id: str, patch: ProfilePatch, scope: Scope, if_version: int | None
    ) -> None:
        """Apply a patch and count the version up.

        Raises:
            NotFound: no such profile.
            VersionMismatch: the profile's version isn't `if_version`.
        """

    async def add_identity(
        self, id: str, identity: NamedIdentity, scope: Scope, if_version: int | None
    ) -> None:
        """Claim an identity for a profile.  Adding what it has already changes nothing.

        Raises:
            NotFound, VersionMismatch: see `update`.
            Conflict: the identity belongs to another profile.
            LimitReached: the profile has as many identities of the channel as it may.
        """

    async def remove_identity(
        self, id: str, identity: NamedIdentity, scope: Scope, if_version: int | None
    ) -> None:
        """Give an identity up.

        Raises:
            NotFound: no such profile, or it doesn't have this identity.
            VersionMismatch: see `update`.
        """


class Definitions(Protocol):
    """The tenants' customer schemas."""

    async def define(self, tenant: str, definition: FieldDefinition) -> CustomerSchema:
        """Add a field, or a new version of the field with its key; the new schema.

        Raises:
            Conflict: the change would break stored values, or somebody else defined meanwhile.
        """
