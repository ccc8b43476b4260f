"""Blocking keys as profiles keep them: those who share one may be one person.

`blocks` holds a keyed hash of every blocking key of a profile: those of its attributes, and those
of its identities, each of which keeps its own in `identities[].blocks`.  Only who may be found has
any: a profile that is MERGED or ERASED has none.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from app.store.names import key_of
from app.store.sealing import TenantSeal
from graph.model.comparison import Measure
from graph.model.identity import Identity
from graph.model.profile import Profile
from graph.model.traits import blocking_keys, identity_keys, traits_of

BLOCKS: Final = "blocks"
OF_IDENTITY: Final = "blocks"
# 9 bytes: should two keys ever share a hash, two profiles more are compared.
_LENGTH: Final = 12


def profile_blocks(
    seal: TenantSeal, profile: Profile, compared: Mapping[str, Measure]
) -> list[str]:
    """What stands for the blocking keys of a profile's attributes, of its identities if any."""
    return _hashed(seal, blocking_keys(traits_of(profile, compared)))


def identity_blocks(seal: TenantSeal, identity: Identity) -> list[str]:
    """What stands for the blocking keys of one identity."""
    return _hashed(seal, identity_keys(identity))


def kept_blocks(own: Iterable[str], entries: Iterable[Mapping[str, Any]]) -> list[str]:
    """All blocks of a profile, from those of its attributes and its identities as it keeps them."""
    return sorted({*own, *_of(entries)})


def moved_blocks(held: Mapping[str, Any], entries: Sequence[Mapping[str, Any]]) -> list[str]:
    """The blocks of a profile whose identities become `entries`."""
    own = set(held.get(BLOCKS, ())) - set(_of(held["identities"]))
    return kept_blocks(own, entries)


def _of(entries: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    return (block for entry in entries for block in entry.get(OF_IDENTITY, ()))


def _hashed(seal: TenantSeal, keys: Iterable[str]) -> list[str]:
    # While the index key is rotated, by all its versions: so who is new meets all who are there.
    # The first characters tell the version of the key alone.
    index, versions = seal.keys.index, seal.keys.index_versions
    hashed = (index("block", key, one)[-_LENGTH:] for key in keys for one in versions)
    return sorted({key_of(seal.tenant, one) for one in hashed})
