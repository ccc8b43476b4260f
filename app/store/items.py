"""Identities and links as a profile's document keeps them, and back."""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from typing import Any, Final

from app.store.blocks import OF_IDENTITY, identity_blocks
from app.store.sealing import ProfileSeal
from graph.model.channel import Channel
from graph.model.identity import Identity
from graph.model.profile import Link

Document = dict[str, Any]

_IDENTITY = {
    "value": "value",
    "raw": "raw",
    "verified": "verified",
    "primary": "primary",
    "shared": "shared",
    "source": "source",
    "first_seen_at": "firstSeenAt",
    "last_seen_at": "lastSeenAt",
}
_ORIGINS: Final = "origins"
SEALED_PARTS: Final = ("value", "raw")


def identity_document(identity: Identity, named: Mapping[str, Any], seal: ProfileSeal) -> Document:
    """An identity as its profile keeps it; `named` says what it is looked up by: its `index` ...

    What identifies is sealed, whatever the tenant's classes are.
    """
    kept = {path: getattr(identity, name) for name, path in _IDENTITY.items()}
    kept["shared"], channel = kept["shared"] or None, identity.channel and identity.channel.value
    for part in SEALED_PARTS:
        if kept[part] is not None:
            kept[part] = seal.seal(identity_place(channel, named["index"], part), kept[part])
    kept[OF_IDENTITY] = identity_blocks(seal.of_tenant, identity)
    brought = {_ORIGINS: list(identity.origins)}
    return present({**named, "channel": channel, **kept, **brought})


def identity_place(channel: str | None, index: str, part: str) -> str:
    """What a part of an identity is sealed to: it can't be moved to another one."""
    return f"identities/{channel}/{index}/{part}"


def loaded_identity(
    item: Mapping[str, Any], seal: ProfileSeal, attributes: AbstractSet[str]
) -> Identity:
    """An identity, from what a profile keeps; what is sealed is opened if `attributes` name it."""
    values: Document = {name: item.get(path) for name, path in _IDENTITY.items()}
    values["shared"] = bool(values["shared"])
    for part in SEALED_PARTS:
        if values[part] is not None:
            place = identity_place(item["channel"], item["index"], part)
            is_wanted = f"identities.{part}" in attributes
            values[part] = seal.opened_sealed(place, values[part]) if is_wanted else None
    origins = tuple(item.get(_ORIGINS, ()))
    return Identity(channel=Channel(item["channel"]), origins=origins, **values)


def link_document(link: Link) -> Document:
    """A link as a profile keeps it."""
    kept = {"source": link.source, "object": link.object, "recordId": link.record_id}
    return {**kept, _ORIGINS: list(link.origins)} if link.origins else kept


def loaded_link(item: Mapping[str, Any]) -> Link:
    """A link, from what a profile keeps."""
    return Link(
        source=item["source"],
        object=item["object"],
        record_id=item["recordId"],
        origins=tuple(item.get(_ORIGINS, ())),
    )


def present(document: Mapping[str, Any]) -> Document:
    """A document without what is empty."""
    return {key: value for key, value in document.items() if value not in (None, [], {}, ())}
