"""Profiles as documents and back.  Nothing else knows how an attribute is kept."""

from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from bson.decimal128 import Decimal128

from app.store.names import key_of
from app.store.search import GRAMS, grams_of, has_grams, kept_keys, path_of, updated_key
from graph.model.channel import Channel
from graph.model.filter import Place
from graph.model.identity import Identity
from graph.model.profile import Link, PersonName, Profile, ProfilePatch, ProfileState
from graph.model.search import (
    BY_CREATED_AT,
    BY_ID,
    BY_STATE,
    BY_UPDATED_AT,
    PATCHED,
    Findable,
    core_keys,
    instant_key,
)

Document = dict[str, Any]
NOTHING: Final = Findable()

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


def to_document(
    profile: Profile, identities: Iterable[Document], tenant: str, found: Findable = NOTHING
) -> Document:
    """A new profile as it is kept; what is None isn't."""
    name = profile.name or PersonName()
    search = _search_of(profile, tenant, found)
    document = {
        "_id": key_of(tenant, profile.id),
        "tenant": tenant,
        "id": profile.id,
        "version": profile.version,
        "state": profile.state.value,
        "createdAt": profile.created_at,
        "updatedAt": profile.updated_at,
        "name": _present({"given": name.given, "family": name.family}),
        "birthDate": _kept(profile.birth_date),
        "gender": profile.gender,
        "language": profile.language,
        "identities": list(identities),
        "links": [_link(link) for link in profile.links or ()],
        "custom": {key: kept_value(value) for key, value in (profile.custom or {}).items()},
        "search": search,
        GRAMS: grams_of(search),
    }
    return _present(document)


def _search_of(profile: Profile, tenant: str, found: Findable) -> Document:
    name = profile.name or PersonName()
    core = {
        BY_ID: (profile.id,),
        BY_STATE: (profile.state.value,),
        BY_CREATED_AT: (instant_key(profile.created_at),) if profile.created_at else (),
        BY_UPDATED_AT: (instant_key(profile.updated_at),) if profile.updated_at else (),
        **{
            place: core_keys(attribute, value)
            for (attribute, place), value in zip(
                PATCHED.items(),
                (name.given, name.family, profile.birth_date, profile.language),
                strict=True,
            )
        },
    }
    kept = {
        place.slot: kept_keys(tenant, profile.id, place, keys)
        for place, keys in (core | dict(found.search)).items()
    }
    return _present(kept)


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
        custom={key: loaded_value(value) for key, value in document.get("custom", {}).items()},
    )


def update_of(patch: ProfilePatch, tenant: str, id: str, now: datetime) -> Document:
    """The update that applies a patch and counts the version up; `grams` are the caller's."""
    kept = {_PATHS[name]: _kept(value) for name, value in patch.changes.items()}
    kept |= {f"custom.{name}": kept_value(value) for name, value in patch.custom.items()}
    kept |= {path_of(place): keys for place, keys in search_of(patch, tenant, id).items()}
    update: Document = {
        "$set": {path: value for path, value in kept.items() if value is not None},
        "$inc": {"version": 1},
    }
    update["$set"] |= updated_key(tenant, id, now)
    if cleared := {path: "" for path, value in kept.items() if value is None}:
        update["$unset"] = cleared
    return update


def search_of(patch: ProfilePatch, tenant: str, id: str) -> dict[Place, Any]:
    """The search keys that a patch changes, as they are kept; None where there are none left."""
    core = {
        place: core_keys(attribute, patch.changes[attribute])
        for attribute, place in PATCHED.items()
        if attribute in patch.changes
    }
    changed = core | dict(patch.found.search)
    return {place: kept_keys(tenant, id, place, keys) for place, keys in changed.items()}


def needs_reading(patch: ProfilePatch, tenant: str, id: str) -> bool:
    """Whether the present document must be known before the patch can be applied."""
    texts = (has_grams(place.slot) for place in search_of(patch, tenant, id))
    return bool(patch.found.claims) or any(texts)


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


def kept_value(value: object) -> Any:  # noqa: ANN401 - whatever BSON holds
    """A custom value as BSON has it."""
    if isinstance(value, Decimal):
        return Decimal128(value)
    if isinstance(value, dict):
        return {key: kept_value(item) for key, item in value.items()}
    return [kept_value(item) for item in value] if isinstance(value, list | tuple) else value


def loaded_value(value: Any) -> Any:  # noqa: ANN401 - whatever BSON holds
    """A custom value as its kind keeps it."""
    if type(value) is Decimal128:
        return value.to_decimal()
    if type(value) is dict:
        return {key: loaded_value(item) for key, item in value.items()}
    return [loaded_value(item) for item in value] if type(value) is list else value


def _kept(value: object) -> Any:  # noqa: ANN401 - whatever BSON holds
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_link(item) for item in value]
    return value


def _present(document: Mapping[str, Any]) -> Document:
    return {key: value for key, value in document.items() if value not in (None, [], {}, ())}
