"""Sealing and opening of what a profile holds: which values, by which keys, bound to which place.

`Sealing` fetches keys; what it gives works without waiting: `TenantSeal` for what a tenant's
profiles are found by, `ProfileSeal` for the values of one profile.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import lru_cache
from typing import Any, Final

from app.keyring.envelope import (
    Unsealable,
    ValueDamaged,
    bound_to,
    generation_of,
    seal,
    unseal,
    unsealed,
)
from app.keyring.errors import RootKeyUnavailable
from app.keyring.keyring import Document, Keyring
from app.keyring.profile_keys import ProfileKeys
from app.keyring.tenant_keys import TenantKeys
from app.store.failures import store_failures
from app.store.names import PROFILES
from graph.errors import Erased, StoreUnavailable
from graph.model.consent import Consent
from graph.model.filter import Place
from graph.model.identity import IdentityName
from graph.model.preference import Preferences
from graph.model.profile import PersonName, Profile
from graph.model.search import PATCHED, sealed_place
from policies.classification import DataClass, labels_of
from policies.unreadable import Unreadable

Classes = Callable[[str], frozenset[DataClass]]
"""Which classes of a tenant's values are sealed; identities are in any case."""

_KEYS_AWAY: Final = "The key service gives no answer now; try again."
GONE: Final = "The person was erased: nothing can be added to what is left of the profile."
_NO_KEYS: Final = ProfileKeys({})
_CORE: Final = {
    **{f"name.{part}": label.data_class for part, label in labels_of(PersonName).items()},
    **{name: label.data_class for name, label in labels_of(Profile).items()},
    "preferences.language": labels_of(Preferences)["language"].data_class,
    "consents.proof": labels_of(Consent)["proof"].data_class,
}


@dataclass(frozen=True, slots=True)
class TenantSeal:
    """What seals nothing yet, but knows a tenant's index and which of its values are sealed."""

    keys: TenantKeys
    classes: frozenset[DataClass]

    @property
    def tenant(self) -> str:
        """Whose it is."""
        return self.keys.tenant

    def seals(self, attribute: str) -> bool:
        """Whether a core attribute of a profile is sealed."""
        return _CORE.get(attribute) in self.classes

    def index(self, name: IdentityName) -> str:
        """How the store names an identity or a unique value."""
        return f"{name.kind}/{self.keys.index(name.kind, name.value)}"

    def indexes(self, name: IdentityName) -> list[str]:
        """How the store may name it: by every version of the key, first as `index` does.

        There are several while the key is rotated.  What is claimed is claimed by all of them.
        """
        versions = self.keys.index_versions
        return [f"{name.kind}/{self.keys.index(name.kind, name.value, one)}" for one in versions]

    def newest(self) -> "TenantSeal":
        """The same, with the newest version of the index key alone."""
        return replace(self, keys=self.keys.newest())

    def seal(self, place: str, value: object) -> bytes:
        """A value that is the tenant's and no profile's, sealed for its place."""
        version = self.keys.wrapping_version
        return seal(self.keys.values_cipher(version), version, value, self._context(place))

    def opened(self, place: str, kept: Any) -> Any:  # noqa: ANN401 - what BSON holds
        """A value that `seal` sealed; one that never was is itself."""
        if type(kept) is not bytes:
            return kept
        try:
            version = generation_of(kept)
            cipher = self.keys.values_cipher(version)
            return unseal(cipher, version, kept, self._context(place))
        except (Unsealable, KeyError):
            return Unreadable.DAMAGED

    def _context(self, place: str) -> bytes:
        return bound_to("cpg/tenant/1", self.tenant, place)

    def place(self, attribute: str) -> Place:
        """Where the search keys of a core attribute are kept."""
        place = PATCHED[attribute]
        return sealed_place(place) if self.seals(attribute) else place

    def kept(self, place: Place, keys: Iterable[str]) -> tuple[str, ...]:
        """Search keys as a profile keeps them: of a sealed field, what stands for them."""
        if not place.is_sealed:
            return tuple(keys)
        return tuple(self.keys.index(f"search:{place.field}", key) for key in keys)

    def asked(self, place: Place, keys: Iterable[str]) -> tuple[str, ...]:
        """What search keys of a sealed field may be kept as, whichever version wrote them."""
        field, versions = f"search:{place.field}", self.keys.index_versions
        return tuple(self.keys.index(field, key, one) for key in keys for one in versions)


@dataclass(frozen=True, slots=True)
class ProfileSeal:
    """Seals and opens the values of one profile."""

    of_tenant: TenantSeal
    profile: str
    keys: ProfileKeys
    _begin: list[bytes] = field(default_factory=list, init=False, repr=False, compare=False)

    def seal(self, place: str, value: object) -> bytes:
        """A value as BSON holds it, sealed for its place.

        Raises:
            Erased: the keys were destroyed.
            ValueDamaged: they can't be unwrapped.
        """
        if not self.keys.ciphers:
            self._refuse()
        generation = self.keys.generation
        cipher = self.keys.ciphers[generation]
        return seal(cipher, generation, value, self._context(place))

    def opened(self, place: str, kept: Any) -> Any:  # noqa: ANN401 - what BSON holds
        """A value from what is kept at its place; one that was never sealed is itself."""
        if type(kept) is not bytes:
            return kept
        if self.keys.is_destroyed:
            return Unreadable.ERASED
        try:
            return unsealed(self.keys.ciphers, kept, self._context(place))
        except Unsealable:
            return Unreadable.DAMAGED

    def opened_sealed(self, place: str, kept: Any) -> Any:  # noqa: ANN401 - what BSON holds
        """A value that is always sealed: one that isn't was put there by somebody else."""
        return self.opened(place, kept) if type(kept) is bytes else Unreadable.DAMAGED

    def is_current(self, kept: object, *, is_sealed: bool) -> bool:
        """Whether what is kept is sealed as it should be: by the newest key, or not at all."""
        if type(kept) is not bytes:
            return not is_sealed or kept is None
        return is_sealed and generation_of(kept) == self.keys.generation

    def _context(self, place: str) -> bytes:
        # The same for every value of a profile but for its end.
        if not self._begin:
            self._begin.append(_of_profiles(self.of_tenant.tenant) + bound_to(self.profile))
        return self._begin[0] + _end(place)

    def _refuse(self) -> None:
        if self.keys.is_destroyed:
            raise Erased(GONE)
        raise ValueDamaged


class Sealing:
    """Where the store gets its seals from."""

    def __init__(self, keyring: Keyring, classes: Classes) -> None:
        self.keyring = keyring
        self._classes = classes

    def classes(self, tenant: str) -> frozenset[DataClass]:
        """Which classes of a tenant's values are sealed."""
        return self._classes(tenant)

    async def tenant(self, tenant: str) -> TenantSeal:
        """The seal of a tenant.

        Raises:
            StoreUnavailable: the store or the key service gives no answer.
        """
        try:
            with store_failures():
                return TenantSeal(await self.keyring.tenant(tenant), self._classes(tenant))
        except RootKeyUnavailable as error:
            raise StoreUnavailable(_KEYS_AWAY) from error

    async def written(self, tenant: str, profile: str) -> ProfileSeal:
        """The seal of a profile that is there, to change it."""
        of_tenant = await self.tenant(tenant)
        with store_failures():
            keys = await self.keyring.ensure(tenant, profile)
        return ProfileSeal(of_tenant, profile, keys)

    async def written_all(self, tenant: str, profiles: Iterable[str]) -> dict[str, ProfileSeal]:
        """The seals of profiles that are there, to change them; keys are read at once."""
        of_tenant, ids = await self.tenant(tenant), list(profiles)
        with store_failures():
            keys = await self.keyring.profiles(tenant, ids)
            for one in ids:
                if one not in keys:
                    keys[one] = await self.keyring.ensure(tenant, one)
        return {one: ProfileSeal(of_tenant, one, keys[one]) for one in ids}

    def new(self, of_tenant: TenantSeal, profile: str) -> tuple[ProfileSeal, Document]:
        """The seal of a new profile, and its keys to be inserted with it."""
        document, keys = self.keyring.new(of_tenant.keys, profile)
        return ProfileSeal(of_tenant, profile, keys), document

    async def read(self, tenant: str, documents: Iterable[Document]) -> dict[str, ProfileSeal]:
        """The seals of profiles that were read, by id; keys are fetched where one is needed."""
        read = list(documents)
        of_tenant = await self.tenant(tenant)
        needed = {document["id"]: generations_of(document) for document in read}
        ids = [one for one, generations in needed.items() if generations]
        with store_failures():
            keys = await self.keyring.profiles(tenant, ids) if ids else {}
            stale = [one for one in ids if _is_stale(keys.get(one), needed[one])]
            if stale:  # another gateway has sealed by a key that is newer than our copy
                for one in stale:
                    self.keyring.forget(tenant, one)
                keys |= await self.keyring.profiles(tenant, stale)
        return {one: ProfileSeal(of_tenant, one, keys.get(one, _NO_KEYS)) for one in needed}


@lru_cache(1024)
def _of_profiles(tenant: str) -> bytes:
    return bound_to("cpg/field/1", tenant, PROFILES)


@lru_cache(4096)
def _end(place: str) -> bytes:
    return bound_to(place)


def _is_stale(keys: ProfileKeys | None, generations: set[int]) -> bool:
    return keys is not None and bool(keys.ciphers) and not generations <= keys.ciphers.keys()


def generations_of(value: Any) -> set[int]:  # noqa: ANN401 - what BSON holds
    """The generations of keys that what was read needs."""
    found: set[int] = set()
    _gather([value], found)
    return found


def _gather(value: Any, found: set[int]) -> None:  # noqa: ANN401 - what BSON holds
    for part in value.values() if type(value) is dict else value:
        kind = type(part)
        if kind is bytes:
            found.add(_generation(part))
        elif kind is dict or kind is list:
            _gather(part, found)


def _generation(sealed: bytes) -> int:
    try:
        return generation_of(sealed)
    except ValueDamaged:
        return 0
