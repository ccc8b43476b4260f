"""Profiles as documents and back.  Nothing else knows how an attribute is kept."""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from bson.decimal128 import Decimal128

from app.store.blocks import BLOCKS, OF_IDENTITY, identity_blocks, kept_blocks, profile_blocks
from app.store.names import key_of
from app.store.sealing import ProfileSeal
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
    sealed_keys,
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
CORE_PATHS: Final = {
    name: _PATHS[name] for name in ("name.given", "name.family", "birth_date", "gender", "language")
}
SEALED_PARTS: Final = ("value", "raw")
_ALWAYS: Final = frozenset({"id", "version"})


def projection(attributes: AbstractSet[str]) -> Document:
    """What to read for these model attributes; id and version always come."""
    paths = {_PATHS.get(name, name) for name in attributes - _ALWAYS}
    # Of what is read whole, a part can't be asked for as well.
    wanted = {path for path in paths if path.partition(".")[0] not in paths or "." not in path}
    return dict.fromkeys(sorted({"id", "version"} | wanted), 1)


def to_document(
    profile: Profile, identities: Iterable[Document], seal: ProfileSeal, found: Findable = NOTHING
) -> Document:
    """A new profile as it is kept; what is None isn't."""
    tenant, called = seal.of_tenant.tenant, profile.name or PersonName()
    search, entries = _search_of(profile, seal, found), list(identities)
    core = {
        "name.given": called.given,
        "name.family": called.family,
        "birth_date": profile.birth_date,
        "gender": profile.gender,
        "language": profile.language,
    }
    kept = {_PATHS[name]: kept_core(seal, name, value) for name, value in core.items()}
    document = {
        "_id": key_of(tenant, profile.id),
        "tenant": tenant,
        "id": profile.id,
        "version": profile.version,
        "state": profile.state.value,
        "createdAt": profile.created_at,
        "updatedAt": profile.updated_at,
        "name": _present({"given": kept.pop("name.given"), "family": kept.pop("name.family")}),
        **kept,
        "identities": entries,
        "links": [_link(link) for link in profile.links or ()],
        "custom": {
            name: kept_custom(seal, name, value, found.sealed)
            for name, value in (profile.custom or {}).items()
        },
        "search": search,
        GRAMS: grams_of(search),
        BLOCKS: kept_blocks(profile_blocks(seal.of_tenant, profile, found.compared), entries),
    }
    return _present(document)


def _search_of(profile: Profile, seal: ProfileSeal, found: Findable) -> Document:
    name = profile.name or PersonName()
    values = (name.given, name.family, profile.birth_date, profile.language)
    core = {
        BY_ID: (profile.id,),
        BY_STATE: (profile.state.value,),
        BY_CREATED_AT: (instant_key(profile.created_at),) if profile.created_at else (),
        BY_UPDATED_AT: (instant_key(profile.updated_at),) if profile.updated_at else (),
        **dict(core_search(seal, dict(zip(PATCHED, values, strict=True)))),
    }
    return _present({place.slot: keys for place, keys in _kept(seal, core, found).items()})


def core_search(
    seal: ProfileSeal, changes: Mapping[str, object]
) -> Iterator[tuple[Place, tuple[str, ...]]]:
    """The search keys of those core attributes that are found by anything."""
    for attribute in PATCHED.keys() & changes.keys():
        place = seal.of_tenant.place(attribute)
        keys = core_keys(attribute, changes[attribute])
        yield place, sealed_keys(place, keys) if place.is_sealed else keys


def _kept(
    seal: ProfileSeal, core: Mapping[Place, tuple[str, ...]], found: Findable
) -> dict[Place, Any]:
    of_tenant = seal.of_tenant
    return {
        place: kept_keys(of_tenant.tenant, seal.profile, place, of_tenant.kept(place, keys))
        for place, keys in {**core, **found.search}.items()
    }


def from_document(
    document: Mapping[str, Any], seal: ProfileSeal, attributes: AbstractSet[str]
) -> Profile:
    """A profile from what was read of it; what is sealed is opened if it is one of `attributes`."""
    name, born = document.get("name"), _opened(document, seal, "birth_date", attributes)
    return Profile(
        id=document["id"],
        version=document["version"],
        state=ProfileState(document.get("state", "ANONYMOUS")),
        created_at=document.get("createdAt"),
        updated_at=document.get("updatedAt"),
        name=_name(document, seal, attributes) if name else None,
        birth_date=date.fromisoformat(born) if type(born) is str else born,
        gender=_opened(document, seal, "gender", attributes),
        language=_opened(document, seal, "language", attributes),
        identities=tuple(
            _identity(item, seal, attributes) for item in document.get("identities", ())
        ),
        links=tuple(
            Link(source=item["source"], object=item["object"], record_id=item["recordId"])
            for item in document.get("links", ())
        ),
        custom={
            name: opened_custom(seal, name, value)
            for name, value in document.get("custom", {}).items()
        },
    )


def _name(
    document: Mapping[str, Any], seal: ProfileSeal, attributes: AbstractSet[str]
) -> PersonName:
    return PersonName(
        given=_opened(document, seal, "name.given", attributes),
        family=_opened(document, seal, "name.family", attributes),
    )


def _opened(
    document: Mapping[str, Any], seal: ProfileSeal, attribute: str, attributes: AbstractSet[str]
) -> Any:  # noqa: ANN401 - text, or what stands for it
    first, _, second = _PATHS[attribute].partition(".")
    kept = document.get(first)
    kept = kept.get(second) if second and kept else kept
    if type(kept) is bytes:
        return seal.opened(attribute, kept) if attribute in attributes else None
    return kept


def update_of(patch: ProfilePatch, seal: ProfileSeal, now: datetime) -> Document:
    """The update that applies a patch and counts the version up; `grams` are the caller's."""
    kept = {_PATHS[name]: kept_core(seal, name, value) for name, value in patch.changes.items()}
    kept |= {
        f"custom.{name}": kept_custom(seal, name, value, patch.found.sealed)
        for name, value in patch.custom.items()
    }
    kept |= {path_of(place): keys for place, keys in search_of(patch, seal).items()}
    update: Document = {
        "$set": {path: value for path, value in kept.items() if value is not None},
        "$inc": {"version": 1},
    }
    update["$set"] |= updated_key(seal.of_tenant.tenant, seal.profile, now)
    if cleared := {path: "" for path, value in kept.items() if value is None}:
        update["$unset"] = cleared
    return update


def search_of(patch: ProfilePatch, seal: ProfileSeal) -> dict[Place, Any]:
    """The search keys that a patch changes, as they are kept; None where there are none left."""
    return _kept(seal, dict(core_search(seal, patch.changes)), patch.found)


def needs_reading(patch: ProfilePatch) -> bool:
    """Whether the present document must be known before the patch can be applied."""
    core = (place for attribute, place in PATCHED.items() if attribute in patch.changes)
    texts = (has_grams(place.slot) for place in (*core, *patch.found.search))
    return bool(patch.found.claims) or any(texts)


def identity_document(identity: Identity, index: str, seal: ProfileSeal) -> Document:
    """An identity as its profile keeps it; `index` is its name in the identities collection.

    What identifies is sealed, whatever the tenant's classes are.
    """
    kept = {path: getattr(identity, name) for name, path in _IDENTITY.items()}
    channel = identity.channel.value if identity.channel else None
    for part in SEALED_PARTS:
        if kept[part] is not None:
            kept[part] = seal.seal(identity_place(channel, index, part), kept[part])
    kept[OF_IDENTITY] = identity_blocks(seal.of_tenant, identity)
    return _present({"index": index, "channel": channel, **kept})


def identity_place(channel: str | None, index: str, part: str) -> str:
    """What a part of an identity is sealed to: it can't be moved to another one."""
    return f"identities/{channel}/{index}/{part}"


def _identity(item: Mapping[str, Any], seal: ProfileSeal, attributes: AbstractSet[str]) -> Identity:
    values = {name: item.get(path) for name, path in _IDENTITY.items()}
    for part in SEALED_PARTS:
        if values[part] is not None:
            place = identity_place(item["channel"], item["index"], part)
            is_wanted = f"identities.{part}" in attributes
            values[part] = seal.opened_sealed(place, values[part]) if is_wanted else None
    return Identity(channel=Channel(item["channel"]), **values)


def _link(link: Link) -> Document:
    return {"source": link.source, "object": link.object, "recordId": link.record_id}


def kept_core(seal: ProfileSeal, attribute: str, value: object) -> Any:  # noqa: ANN401 - whatever BSON holds
    """A core attribute as a profile keeps it: sealed where the tenant's are."""
    kept = _plain(value)
    if kept is None or not seal.of_tenant.seals(attribute):
        return kept
    return seal.seal(attribute, kept)


def kept_custom(seal: ProfileSeal, name: str, value: object, sealed: AbstractSet[str]) -> Any:  # noqa: ANN401 - whatever BSON holds
    """A custom value as a profile keeps it under a name; `sealed` are the names that are."""
    kept = kept_value(value)
    return kept if kept is None or name not in sealed else seal.seal(f"custom/{name}", kept)


def opened_custom(seal: ProfileSeal, name: str, kept: Any) -> Any:  # noqa: ANN401 - whatever BSON holds
    """A custom value as its kind keeps it, from what a profile keeps under a name."""
    return loaded_value(seal.opened(f"custom/{name}", kept))


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


def _plain(value: object) -> Any:  # noqa: ANN401 - whatever BSON holds
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_link(item) for item in value]
    return value


def _present(document: Mapping[str, Any]) -> Document:
    return {key: value for key, value in document.items() if value not in (None, [], {}, ())}
