"""What makes a profile's document sealed as it should be: by its newest key, class by class."""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from datetime import date
from typing import Any, Final

from app.store.bson_values import loaded_value
from app.store.documents import CORE_PATHS, Document, core_search, kept_core, kept_custom
from app.store.items import SEALED_PARTS, identity_place
from app.store.paths import at
from app.store.records import own_values
from app.store.sealing import ProfileSeal
from app.store.search import GRAMS, grams_of, kept_keys
from app.store.singles import is_sealed
from app.store.statements import (
    PROOFS,
    STATEMENT_PATHS,
    kept_proof,
    kept_whole,
    proof_place,
    statements_of,
)
from graph.kinds.search import findable
from graph.model.custom_field import CustomerSchema
from graph.model.profile import ProfileState
from graph.model.record import CUSTOM
from policies.unreadable import Unreadable


def resealed(document: Mapping[str, Any], seal: ProfileSeal, schema: CustomerSchema) -> Document:
    """The update that a profile needs; empty where it is as it should be.

    What can't be opened stays as it is.
    """
    custom = dict(_custom(document, seal, schema))
    put = dict(_core(document, seal)) | dict(_identities(document, seal)) | custom
    put |= dict(_own(document, seal, schema)) | dict(_statements(document, seal))
    if document["state"] == ProfileState.MERGED.value:
        return {"$set": put} if put else {}
    search = dict(document.get("search", {}))
    dropped = {}
    for slot, kept in _search(document, seal, schema):
        if kept is None and slot in search:
            del search[slot]
            dropped[f"search.{slot}"] = ""
        elif kept is not None and search.get(slot) != kept:
            put[f"search.{slot}"] = search[slot] = kept
    if (grams := grams_of(search)) != document.get(GRAMS, []):
        put[GRAMS] = grams
    return ({"$set": put} if put else {}) | ({"$unset": dropped} if dropped else {})


def _core(document: Mapping[str, Any], seal: ProfileSeal) -> Iterator[tuple[str, Any]]:
    for attribute, path in CORE_PATHS.items():
        kept = at(document, path)
        if seal.is_current(kept, is_sealed=seal.of_tenant.seals(attribute)):
            continue
        value = seal.opened(attribute, kept)
        if not isinstance(value, Unreadable):
            yield path, kept_core(seal, attribute, value)


def _identities(document: Mapping[str, Any], seal: ProfileSeal) -> Iterator[tuple[str, Any]]:
    # Part by part: what else an identity says may change meanwhile without a new version.
    for number, item in enumerate(document.get("identities", ())):
        for part in SEALED_PARTS:
            kept = item.get(part)
            if seal.is_current(kept, is_sealed=True):
                continue
            place = identity_place(item["channel"], item["index"], part)
            value = seal.opened(place, kept)
            if not isinstance(value, Unreadable):
                yield f"identities.{number}.{part}", seal.seal(place, value)


def _statements(document: Mapping[str, Any], seal: ProfileSeal) -> Iterator[tuple[str, Any]]:
    for attribute, path in STATEMENT_PATHS.items():
        is_sealed = seal.of_tenant.seals(attribute)
        if path == PROOFS:
            for consent, kept in document.get(PROOFS, {}).items():
                if not seal.is_current(kept, is_sealed=is_sealed):
                    proof = seal.opened(proof_place(consent), kept)
                    if not isinstance(proof, Unreadable):
                        yield f"{PROOFS}.{consent}", kept_proof(seal, consent, proof)
        elif not seal.is_current(kept := document.get(path), is_sealed=is_sealed):
            value = seal.opened(attribute, kept)
            if not isinstance(value, Unreadable):
                yield path, kept_whole(seal, attribute, value)


def _custom(
    document: Mapping[str, Any], seal: ProfileSeal, schema: CustomerSchema
) -> Iterator[tuple[str, Any]]:
    for name, kept in document.get("custom", {}).items():
        is_sealed = _is_sealed(name, kept, schema)
        if seal.is_current(kept, is_sealed=is_sealed):
            continue
        value = seal.opened(f"custom/{name}", kept)
        if not isinstance(value, Unreadable):
            yield f"custom.{name}", kept_custom(seal, name, value, {name} if is_sealed else set())


def _own(
    document: Mapping[str, Any], seal: ProfileSeal, schema: CustomerSchema
) -> Iterator[tuple[str, Any]]:
    """The own values of a profile that lie under those of others whom it absorbed."""
    for attribute, kept in own_values(document):
        path, place = f"own.{attribute}.value", f"own/{attribute}"
        if attribute == "name":
            for part, text in kept.items():
                yield from _anew(seal, f"{path}.{part}", f"{place}.{part}", text, f"name.{part}")
        elif attribute.startswith(CUSTOM):
            name = attribute.removeprefix(CUSTOM)
            sealed = {name} if _is_sealed(name, kept, schema) else set[str]()
            yield from _anew(seal, path, place, kept, attribute, sealed)
        else:
            yield from _anew(seal, path, place, kept, attribute)


def _anew(
    seal: ProfileSeal,
    path: str,
    place: str,
    kept: object,
    attribute: str,
    sealed: AbstractSet[str] = frozenset(),
) -> Iterator[tuple[str, Any]]:
    wanted = is_sealed(seal.of_tenant, attribute, sealed)
    if seal.is_current(kept, is_sealed=wanted):
        return
    value = seal.opened(place, kept)
    if not isinstance(value, Unreadable):
        yield path, seal.seal(place, value) if wanted else value


def _is_sealed(name: str, kept: object, schema: CustomerSchema) -> bool:
    definition = schema.by_storage.get(name)
    return type(kept) is bytes if definition is None else definition.is_sealed


def _search(
    document: Mapping[str, Any], seal: ProfileSeal, schema: CustomerSchema
) -> Iterator[tuple[str, Any]]:
    """The search keys of each slot that a profile should have something in, or nothing."""
    values = {
        attribute: seal.opened(attribute, at(document, path))
        for attribute, path in CORE_PATHS.items()
    }
    if isinstance(born := values["birth_date"], str):
        values["birth_date"] = date.fromisoformat(born)
    values |= statements_of(document, seal, {"labels"})
    readable = {name: value for name, value in values.items() if not isinstance(value, Unreadable)}
    of_tenant = seal.of_tenant
    found = dict(core_search(seal, readable)) | dict(_custom_search(document, seal, schema))
    for place, keys in found.items():
        kept = of_tenant.kept(place, keys)
        yield place.slot, kept_keys(of_tenant.tenant, seal.profile, place, kept)


def _custom_search(
    document: Mapping[str, Any], seal: ProfileSeal, schema: CustomerSchema
) -> Iterator[tuple[Any, tuple[str, ...]]]:
    """Those of sealed fields: of others, they don't depend on any key."""
    for definition in schema.fields:
        kept = document.get("custom", {}).get(definition.kept_as)
        if kept is None or not definition.is_sealed:
            continue
        value = loaded_value(seal.opened(f"custom/{definition.kept_as}", kept))
        if not isinstance(value, Unreadable):
            yield from findable({definition.id: value}, schema).search.items()


NEEDED: Final = dict.fromkeys(
    (
        *("id", "version", "name", "birthDate", "gender", "language"),
        *("identities", "custom", "search", GRAMS, "state", "own"),
        *STATEMENT_PATHS.values(),
    ),
    1,
)
"""What must be read of a profile to seal it anew."""
