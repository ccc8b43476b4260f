"""What makes a profile's document indexed by the newest version of its tenant's index key.

Everything that holds an index follows from values: so they are opened, and looked up by the
newest version alone.  A claim moves with what it stands for.
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final

from app.keyring.tenant_keys import version_of
from app.store.blocks import BLOCKS, OF_IDENTITY, identity_blocks, kept_blocks, profile_blocks
from app.store.bson_values import loaded_value
from app.store.claims import OTHERS, claimed, claimed_by_values, shared_in, shared_keys
from app.store.compared import COMPARED
from app.store.documents import Document, from_document
from app.store.items import SEALED_PARTS, identity_place, loaded_identity
from app.store.names import INDEXED_BY
from app.store.records import own_values
from app.store.resealing import NEEDED, resealed
from app.store.sealing import ProfileSeal, TenantSeal
from graph.kinds.comparison import compared
from graph.kinds.search import claims_of
from graph.model.channel import Channel, identity_kind
from graph.model.custom_field import CustomerSchema
from graph.model.errors import BadValue
from graph.model.identity import Identity, IdentityName
from graph.model.normalising import Normalising, wide_name
from graph.model.profile import ProfileState
from graph.model.record import CUSTOM
from policies.unreadable import Unreadable

NEEDED_TO_REINDEX: Final = NEEDED | dict.fromkeys(
    ("claims", "reserved", "shared", BLOCKS, INDEXED_BY), 1
)
"""What must be read of a profile to index it anew."""

_EVERY_RULE: Final = Normalising(email_providers=True, account_separators=True)


@dataclass(frozen=True, slots=True)
class Reindexed:
    """The update that a profile needs, and what its indexes become; `left` stay as they are.

    `joins` and `leaves` are indexes of what it shares with others.
    """

    update: Document
    renamed: Mapping[str, str] = field(default_factory=dict)
    joins: frozenset[str] = frozenset()
    leaves: frozenset[str] = frozenset()
    left: frozenset[str] = frozenset()


def reindexed(document: Document, seal: ProfileSeal, schema: CustomerSchema) -> Reindexed:
    """What a profile is to become; `seal` knows every version of the index key.

    What can't be opened stays as it is.
    """
    newest = ProfileSeal(seal.of_tenant.newest(), seal.profile, seal.keys)
    if not seal.keys.ciphers:
        return Reindexed({}, left=_former(document, newest))
    renamed = _renamed(_names(document, seal, schema), seal.of_tenant)
    put: Document = {}
    if items := document.get("identities"):
        put["identities"] = [_identity(item, newest, renamed) for item in items]
    for part in ("claims", "reserved"):
        if kept := document.get(part):
            put[part] = {one: _anew(indexes, renamed) for one, indexes in kept.items()}
    then = document | put
    if shared := document.get("shared"):
        put["shared"] = shared_keys(then, seal.of_tenant.tenant) or shared
    if BLOCKS in document:
        put[BLOCKS] = _blocks(then, newest, schema)
    changed = {name: value for name, value in put.items() if document.get(name) != value}
    return Reindexed(
        _update(document, newest, schema, changed),
        {old: new for old, new in renamed.items() if old in _moving(document)},
        *_counted(document, then),
        _former(then, newest),
    )


def _update(
    document: Document, newest: ProfileSeal, schema: CustomerSchema, put: Document
) -> Document:
    """The whole update: what is sealed by a former key is sealed anew with it."""
    version = newest.of_tenant.keys.index_version
    others = resealed(document, newest, schema)
    rest = {
        path: value
        for path, value in others.get("$set", {}).items()
        if not path.startswith("identities.")
    }
    changes = rest | put
    if document.get(INDEXED_BY) != version:
        changes[INDEXED_BY] = version
    unset = others.get("$unset", {})
    return ({"$set": changes} if changes else {}) | ({"$unset": unset} if unset else {})


def _counted(document: Document, then: Document) -> tuple[frozenset[str], frozenset[str]]:
    """What is shared newly, and not any more: only who stands for themselves counts."""
    if document["state"] == ProfileState.MERGED.value:
        return frozenset(), frozenset()
    before, after = shared_in(document), shared_in(then)
    return frozenset(after - before), frozenset(before - after)


def _names(
    document: Mapping[str, Any], seal: ProfileSeal, schema: CustomerSchema
) -> Iterator[IdentityName]:
    """Everything that a profile may be looked up by."""
    for item in document.get("identities", ()):
        value = loaded_identity(item, seal, {"identities.value"}).value
        if isinstance(value, str):
            name = IdentityName(identity_kind(Channel(item["channel"])), value)
            yield name
            if wide := wide_name(name, _EVERY_RULE):
                yield wide
    for stored, place, kept in _custom(document):
        value = loaded_value(seal.opened(place, kept))
        definition = schema.by_storage.get(stored)
        if definition and not isinstance(value, Unreadable):
            with suppress(BadValue):  # as others may have been taken under former rules
                yield from claims_of(definition, value)


def _custom(document: Mapping[str, Any]) -> Iterator[tuple[str, str, object]]:
    """Custom values: where each is kept, and what it is sealed to."""
    for stored, kept in document.get("custom", {}).items():
        yield stored, f"custom/{stored}", kept
    for attribute, kept in own_values(document):
        if attribute.startswith(CUSTOM) and kept is not None:
            yield attribute.removeprefix(CUSTOM), f"own/{attribute}", kept


def _renamed(names: Iterable[IdentityName], of_tenant: TenantSeal) -> dict[str, str]:
    """What each index by a former version is by the newest."""
    found: dict[str, str] = {}
    newest = of_tenant.newest()
    for name in names:
        new = newest.index(name)
        found |= {old: new for old in of_tenant.indexes(name) if old != new}
    return found


def _anew(indexes: list[str], renamed: Mapping[str, str]) -> list[str]:
    return list(dict.fromkeys(renamed.get(one, one) for one in indexes))


def _identity(item: Mapping[str, Any], newest: ProfileSeal, renamed: Mapping[str, str]) -> Document:
    """An identity that is looked up by the newest version, and sealed to its new name."""
    opened = loaded_identity(item, newest, {f"identities.{part}" for part in SEALED_PARTS})
    found: list[object] = [opened.value, opened.raw]
    if any(isinstance(one, Unreadable) for one in found):
        return dict(item)
    index = renamed.get(item["index"], item["index"])
    kept = {name: value for name, value in item.items() if name not in OTHERS} | {"index": index}
    if "wide" in item:
        kept["wide"] = renamed.get(item["wide"], item["wide"])
    if index != item["index"]:
        kept |= _sealed(opened, item, index, newest)
    if OF_IDENTITY in item:
        kept[OF_IDENTITY] = identity_blocks(newest.of_tenant, opened)
    return kept


def _sealed(opened: Identity, item: Mapping[str, Any], index: str, newest: ProfileSeal) -> Document:
    return {
        part: newest.seal(identity_place(item["channel"], index, part), getattr(opened, part))
        for part in SEALED_PARTS
        if item.get(part) is not None
    }


def _blocks(then: Document, newest: ProfileSeal, schema: CustomerSchema) -> list[str]:
    profile = from_document({**then, "identities": []}, newest, COMPARED)
    own = profile_blocks(newest.of_tenant, profile, compared(schema))
    return kept_blocks(own, then.get("identities", ()))


def _moving(document: Document) -> set[str]:
    """What a profile claims by itself: identities of one that was absorbed are another's."""
    if document["state"] == ProfileState.MERGED.value:
        return claimed_by_values(document)
    return claimed(document)


def _former(document: Document, newest: ProfileSeal) -> frozenset[str]:
    """What isn't indexed by the newest version."""
    version = newest.of_tenant.keys.index_version & 0xFF
    found = claimed(document) | shared_in(document)
    return frozenset(index for index in found if version_of(index) != version)
