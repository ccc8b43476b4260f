"""Profiles as documents and back.  Nothing else knows how an attribute is kept."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from typing import Any

from app.store.names import key_of
from graph.model.channel import Channel
from graph.model.filter import folded
from graph.model.identity import Identity
from graph.model.profile import Link, PersonName, Profile, ProfilePatch, ProfileState

Document = dict[str, Any]

_PATHS = {
    "state": "state",
    "created_at": "createdAt",
    "updated_at": "updatedAt",
    "name": "name",
    "name.given": "name.given",
    "name.family": "name.family",
    "birth_date": "birthDate",
    "gender": "gender",
    "language": "language",
    "identities": "identities",
    "links": "links",
}
_FOLDED = {"name.given": "folded.given", "name.family": "folded.family"}
_IDENTITY = {
    "value": "value",
    "raw": "raw",
    "verified": "verified",
    "primary": "primary",
    "source": "source",
    "first_seen_at": "firstSeenAt",
    "last_seen_at": "lastSeenAt",
}


def projection(attributes: AbstractSet[str]) -> Document:
    """What to read for these model attributes; id and version always come."""
    paths = {_PATHS.get(name, name) for name in attributes if name not in {"id", "version"}}
    return dict.fromkeys(sorted({"id", "version"} | paths), 1)


def to_document(profile: Profile, identities: Iterable[Document], tenant: str) -> Document:
    """A new profile as it is kept; what is None isn't."""
    name = profile.name or PersonName()
    parts = {"given": name.given, "family": name.family}
    document = {
        "_id": key_of(tenant, profile.id),
        "tenant": tenant,
        "id": profile.id,
        "version": profile.version,
        "state": profile.state.value,
        "createdAt": profile.created_at,
        "updatedAt": profile.updated_at,
        "name": _present(parts),
        "folded": {key: folded(value) for key, value in parts.items() if value},
        "birthDate": _kept(profile.birth_date),
        "gender": profile.gender,
        "language": profile.language,
        "identities": list(identities),
        "links": [_link(link) for link in profile.links or ()],
        "custom": dict(profile.custom or {}),
    }
    return _present(document)


def from_document(document: Mapping[str, Any]) -> Profile:
    """A profile from what was read of it."""
    name, birth_date = document.get("name"), document.get("birthDate")
    return Profile(
        id=document["id"],
        version=document["version"],
        state=ProfileState(document.get("state", "ANONYMOUS")),
        created_at=document.get("createdAt"),
        updated_at=document.get("updatedAt"),
        name=PersonName(given=name.get("given"), family=name.get("family")) if name else None,
        birth_date=date.fromisoformat(birth_date) if birth_date else None,
        gender=document.get("gender"),
        language=document.get("language"),
        identities=tuple(_identity(item) for item in document.get("identities", ())),
        links=tuple(
            Link(source=item["source"], object=item["object"], record_id=item["recordId"])
            for item in document.get("links", ())
        ),
        custom=document.get("custom", {}),
    )


def update_of(patch: ProfilePatch, now: datetime) -> Document:
    """The update that applies a patch and counts the version up."""
    kept = {_PATHS[name]: _kept(value) for name, value in patch.changes.items()}
    for name, path in _FOLDED.items():
        if name in patch.changes:
            value = patch.changes[name]
            kept[path] = folded(value) if isinstance(value, str) else None
    kept |= {f"custom.{field_id}": value for field_id, value in patch.custom.items()}
    update: Document = {
        "$set": {path: value for path, value in kept.items() if value is not None},
        "$inc": {"version": 1},
    }
    update["$set"]["updatedAt"] = now
    if cleared := {path: "" for path, value in kept.items() if value is None}:
        update["$unset"] = cleared
    return update


def identity_document(identity: Identity, index: str) -> Document:
    """An identity as its profile keeps it; `index` is its name in the identities collection."""
    kept = {path: getattr(identity, name) for name, path in _IDENTITY.items()}
    channel = identity.channel.value if identity.channel else None
    return _present({"index": index, "channel": channel, **kept})


def _identity(item: Mapping[str, Any]) -> Identity:
    values = {name: item.get(path) for name, path in _IDENTITY.items()}
    return Identity(channel=Channel(item["channel"]), **values)


def _link(link: Link) -> Document:
    return {"source": link.source, "object": link.object, "recordId": link.record_id}


def _kept(value: object) -> Any:  # noqa: ANN401 - whatever BSON holds
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_link(item) for item in value]
    return value


def _present(document: Mapping[str, Any]) -> Document:
    return {key: value for key, value in document.items() if value not in (None, [], {}, ())}
