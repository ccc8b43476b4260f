"""What the graph needs from a store.  `app.store` supplies it; tests run it over the wire."""

from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from graph.model.custom_field import CustomerSchema, FieldDefinition, Progress
from graph.model.filter import Filter, Order
from graph.model.history import HistoryEntry, HistoryKind, MergeNote
from graph.model.identity import Identity, IdentityName
from graph.model.interaction import Interaction, TimelineQuery
from graph.model.profile import Profile, ProfilePatch
from graph.model.provenance import Author
from graph.model.record import Record
from graph.model.search import Findable
from policies.plan import Scope


@dataclass(frozen=True, slots=True)
class NamedIdentity:
    """An identity as it is kept, with the name that must be unique in its tenant."""

    name: IdentityName
    identity: Identity


Revise = Callable[[Profile], Mapping[str, object]]
"""From a profile as it is to what changes of it, by attribute."""


@dataclass(frozen=True, slots=True)
class Recognition:
    """Whose an identity is, whether the profile was created just now, and what was opened."""

    profile: str
    is_new: bool
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

    async def find(self, name: IdentityName, scope: Scope) -> str | None:
        """The id of the profile that has this identity, or None."""

    async def create(
        self,
        profile: Profile,
        found: Findable,
        identities: Sequence[NamedIdentity],
        scope: Scope,
        author: Author,
    ) -> None:
        """Keep a new profile and claim what is its alone, all or nothing.

        `found` says what its custom values are found by and claim.

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
    ) -> Recognition:
        """The profile that has `identity`, with the interaction that is opened with it.

        Of any number of concurrent calls for an unknown identity exactly one creates `profile`.
        `opening` is recorded in the same transaction; its owner is found here.

        Raises:
            Conflict: what was recorded under the external id of `opening` is something else.
        """

    async def update(
        self, id: str, patch: ProfilePatch, scope: Scope, if_version: int | None, author: Author
    ) -> None:
        """Apply a patch and count the version up.

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
    ) -> None:
        """Claim an identity for a profile.  Adding what it has already changes nothing.

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


Found = Callable[[Profile], Findable]
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
        self, ids: Sequence[str], rewrite: Rewrite, found: Found, scope: Scope, author: Author
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
