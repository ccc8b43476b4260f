"""Interactions as documents and back.  What is sealed is sealed by the key of their owner."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import fields
from datetime import datetime
from enum import Enum
from typing import Any, Final

from app.store.documents import Document
from app.store.names import key_of
from app.store.sealing import ProfileSeal
from app.store.timeline_keys import KEYS, LINK, OPEN, keys_of, link_key, open_key
from graph.model.channel import Channel
from graph.model.interaction import Direction, Interaction, InteractionKind
from policies.classification import labels_of
from policies.unreadable import Unreadable

_PATHS: Final = {
    "kind": "kind",
    "channel": "channel",
    "direction": "direction",
    "started_at": "startedAt",
    "ended_at": "endedAt",
    "agent": "agent",
    "queue": "queue",
    "outcome": "outcome",
    "topics": "topics",
    "subject": "subject",
    "summary": "summary",
    "transcript": "transcript",
    "recording": "recording",
    "source": "source",
    "external_id": "externalId",
    "is_vouched": "vouched",
}
# What a timeline is in order of and narrowed by stands in its keys, and is never sealed.
_NARROWING: Final = ("kind", "channel", "direction", "started_at", "ended_at", "agent")
_ENUMS: Final[Mapping[str, type[Enum]]] = {
    "kind": InteractionKind,
    "channel": Channel,
    "direction": Direction,
}
SEALABLE: Final = tuple(name for name in _PATHS if name not in _NARROWING)
_LABELS: Final = labels_of(Interaction)
EVERYTHING: Final = frozenset(item.name for item in fields(Interaction))
NEEDED_TO_RESEAL: Final = dict.fromkeys(
    ("id", "owner", "version", *(_PATHS[name] for name in SEALABLE)), 1
)


def interaction_projection(attributes: Iterable[str]) -> Document:
    """What to read for these attributes; what places and narrows a timeline always comes."""
    wanted = {_PATHS[name] for name in (*_NARROWING, *attributes) if name in _PATHS}
    return dict.fromkeys(sorted({"id", "owner"} | wanted), 1)


def interaction_document(item: Interaction, seal: ProfileSeal, now: datetime) -> Document:
    """A new interaction as it is kept; what is None isn't."""
    tenant = seal.of_tenant.tenant
    document = {
        "_id": key_of(tenant, item.id),
        "tenant": tenant,
        "id": item.id,
        "owner": item.owner,
        "version": 1,
        "recordedAt": now,
        **_kept(item, _PATHS, seal),
        KEYS: keys_of(tenant, item),
        OPEN: _open(tenant, item),
        LINK: _link(tenant, item),
    }
    return {key: value for key, value in document.items() if value is not None}


def update_of_interaction(
    item: Interaction, changed: Iterable[str], seal: ProfileSeal, now: datetime
) -> Document:
    """The update that gives an interaction its present values of the attributes in `changed`."""
    tenant = seal.of_tenant.tenant
    put = {**_kept(item, changed, seal), KEYS: keys_of(tenant, item), "updatedAt": now}
    update: Document = {"$set": put, "$inc": {"version": 1}}
    for key, value in ((OPEN, _open(tenant, item)), (LINK, _link(tenant, item))):
        if value is None:
            update.setdefault("$unset", {})[key] = ""
        else:
            put[key] = value
    return update


def from_interaction(
    document: Mapping[str, Any], seal: ProfileSeal, attributes: AbstractSet[str]
) -> Interaction:
    """An interaction from what was read; what is sealed is opened if it is in `attributes`."""
    values = {name: _loaded(name, document, seal, attributes) for name in _PATHS}
    return Interaction(id=document["id"], owner=document["owner"], **values)


def resealed_interaction(document: Mapping[str, Any], seal: ProfileSeal) -> Document:
    """The update that an interaction needs to be sealed as it should be; empty for none."""
    put = {}
    for name in SEALABLE:
        kept, is_sealed = document.get(_PATHS[name]), _is_sealed(name, seal)
        if seal.is_current(kept, is_sealed=is_sealed):
            continue
        place = _place(document["id"], name)
        value = seal.opened(place, kept)
        if not isinstance(value, Unreadable):
            put[_PATHS[name]] = seal.seal(place, value) if is_sealed else value
    return {"$set": put} if put else {}


def _kept(item: Interaction, names: Iterable[str], seal: ProfileSeal) -> Document:
    found = {}
    for name in names:
        value = getattr(item, name)
        if isinstance(value, Enum):
            value = value.value
        elif isinstance(value, tuple):
            value = list(value)
        if value is not None and _is_sealed(name, seal):
            value = seal.seal(_place(item.id, name), value)
        found[_PATHS[name]] = value
    return found


def _loaded(
    name: str, document: Mapping[str, Any], seal: ProfileSeal, attributes: AbstractSet[str]
) -> Any:  # noqa: ANN401 - whatever the attribute holds
    kept = document.get(_PATHS[name])
    if kept is None:
        return None
    if type(kept) is bytes:
        if name not in attributes:
            return None
        kept = seal.opened(_place(document["id"], name), kept)
    if name in _ENUMS:
        return _ENUMS[name](kept)
    return tuple(kept) if isinstance(kept, list) else kept


def _is_sealed(name: str, seal: ProfileSeal) -> bool:
    return name in SEALABLE and _LABELS[name].data_class in seal.of_tenant.classes


def _place(id: str, name: str) -> str:
    return f"interaction/{id}/{name}"


def _open(tenant: str, item: Interaction) -> str | None:
    return open_key(tenant, item.owner, item.agent) if item.is_live and item.agent else None


def _link(tenant: str, item: Interaction) -> str | None:
    is_link = item.is_live and item.is_vouched and item.agent
    return link_key(tenant, item.agent) if is_link and item.agent else None
