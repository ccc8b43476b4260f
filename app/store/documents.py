"""Profiles as documents and back.  Nothing else knows how an attribute is kept."""

from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from datetime import date, datetime
from typing import Any, Final

from app.store.blocks import BLOCKS, kept_blocks, profile_blocks
from app.store.bson_values import kept_value, loaded_value
from app.store.items import (
    SEALED_PARTS,
    link_document,
    loaded_identity,
    loaded_link,
    present,
)
from app.store.linked import LINKED, RELINKED, linked_keys
from app.store.names import key_of
from app.store.provenance import provenance_of
from app.store.sealing import ProfileSeal
from app.store.search import GRAMS, grams_of, kept_keys, path_of, updated_key
from app.store.statements import PROOFS, STATEMENT_PATHS, kept_statements, statements_of
from graph.model.filter import Place
from graph.model.profile import PersonName, Profile, ProfilePatch, ProfileState
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
    "members": "members.id",
    **STATEMENT_PATHS,
}
CORE_PATHS: Final = {
    name: _PATHS[name] for name in ("name.given", "name.family", "birth_date", "gender", "language")
}
ALL: Final = frozenset(
    {*CORE_PATHS, *STATEMENT_PATHS, *(f"identities.{part}" for part in SEALED_PARTS)}
)
"""What opens everything that is sealed in a document."""
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
        "name": present({"given": kept.pop("name.given"), "family": kept.pop("name.family")}),
        **kept,
        "identities": entries,
        "links": [link_document(link) for link in profile.links or ()],
        LINKED: linked_keys(tenant, profile.links),
        "custom": {
            name: kept_custom(seal, name, value, found.sealed)
            for name, value in (profile.custom or {}).items()
        },
        "search": search,
        GRAMS: grams_of(search),
        **_statements(profile, seal),
        BLOCKS: kept_blocks(profile_blocks(seal.of_tenant, profile, found.compared), entries),
    }
    return present(document)


def _statements(profile: Profile, seal: ProfileSeal) -> Document:
    kept: Document = {}
    for attribute in ("preferences", "consents", "labels"):
        if value := getattr(profile, attribute):
            kept |= kept_statements(seal, attribute, value)
    proofs = {path: kept.pop(path) for path in list(kept) if "." in path}
    return kept | {PROOFS: {path.partition(".")[2]: proof for path, proof in proofs.items()}}


def _search_of(profile: Profile, seal: ProfileSeal, found: Findable) -> Document:
    name = profile.name or PersonName()
    values = (name.given, name.family, profile.birth_date, profile.language, profile.labels)
    core = {
        BY_ID: (profile.id,),
        BY_STATE: (profile.state.value,),
        BY_CREATED_AT: (instant_key(profile.created_at),) if profile.created_at else (),
        BY_UPDATED_AT: (instant_key(profile.updated_at),) if profile.updated_at else (),
        **dict(core_search(seal, dict(zip(PATCHED, values, strict=True)))),
    }
    return present({place.slot: keys for place, keys in _kept(seal, core, found).items()})


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
            loaded_identity(item, seal, attributes) for item in document.get("identities", ())
        ),
        links=tuple(loaded_link(item) for item in document.get("links", ())),
        custom={
            name: opened_custom(seal, name, value)
            for name, value in document.get("custom", {}).items()
        },
        members=tuple(item["id"] for item in document.get("members", ())),
        told={
            name: provenance_of(kept)
            for name, kept in document.get("provenance", {}).get("custom", {}).items()
        },
        **statements_of(document, seal, attributes),
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
    kept: Document = {}
    for name, value in patch.changes.items():
        if name in STATEMENT_PATHS:
            kept |= kept_statements(seal, name, value)
        else:
            kept[_PATHS[name]] = kept_core(seal, name, value)
    if "links" in patch.changes:
        links: Any = patch.changes["links"]
        kept |= {LINKED: linked_keys(seal.of_tenant.tenant, links) or None, RELINKED: now}
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


def _plain(value: object) -> Any:  # noqa: ANN401 - whatever BSON holds
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [link_document(item) for item in value]
    return value
