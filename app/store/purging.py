"""What a purged field leaves in documents, and what removes it: values, keys, who wrote them.

A field's values lie under its id or, of kinds that it had later, under names that begin with it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from app.store.blocks import BLOCKS, kept_blocks, profile_blocks
from app.store.claims import claimed, claimed_by_values
from app.store.compared import COMPARED
from app.store.documents import Document, from_document
from app.store.paths import at, updated
from app.store.sealing import ProfileSeal
from app.store.search import GRAMS, grams_of, is_key_of
from graph.model.comparison import Measure
from graph.model.history import HistoryKind
from graph.model.record import CUSTOM

_PARTS: Final = ("custom", "provenance.custom", "layers.custom", "own.custom")
_CLAIMS: Final = ("claims", "reserved")
NEEDED: Final = dict.fromkeys(
    (
        *("id", "tenant", "version", "name", "birthDate", "identities", "search", GRAMS, BLOCKS),
        *("custom", "provenance", "layers", "own", *_CLAIMS),
    ),
    1,
)
"""What must be read of a profile to purge a field."""


def traces_in(document: Mapping[str, Any], field: str) -> list[str]:
    """The paths of a profile's document where a field has left something, but for its claims."""
    tenant, search = document["tenant"], document.get("search", {})
    named = [
        f"{part}.{name}"
        for part in _PARTS
        for name in at(document, part) or {}
        if _is_name_of(field, name)
    ]
    slots = (slot for slot, kept in search.items() if is_key_of(kept, tenant, field))
    return [*named, *(f"search.{slot}" for slot in slots)]


def purged(
    document: Mapping[str, Any],
    traces: Iterable[str],
    compared: Mapping[str, Measure],
    seal: ProfileSeal,
) -> Document:
    """The update that removes the traces; `compared` are the fields that count, by where kept."""
    update: Document = {"$unset": dict.fromkeys(traces, "")}
    left, put = updated(document, update), {}
    if (grams := grams_of(left.get("search", {}))) != document.get(GRAMS, []):
        put[GRAMS] = grams
    if BLOCKS in document:
        profile = from_document(compared_part(left, compared), seal, COMPARED)
        own = profile_blocks(seal.of_tenant, profile, compared)
        put[BLOCKS] = kept_blocks(own, document.get("identities", ()))
    return update | ({"$set": put} if put else {})


def compared_part(document: Mapping[str, Any], compared: Iterable[str]) -> Document:
    """What of a document tells who may be the same person, and must be opened for that."""
    plain = ("id", "version", "name", "birthDate")
    found = {name: document[name] for name in plain if name in document}
    custom = document.get("custom", {})
    return found | {"custom": {name: custom[name] for name in compared if name in custom}}


def claimed_for(document: Mapping[str, Any], field: str) -> set[str]:
    """Every index that a field claims for a profile."""
    return {index for part in _CLAIMS for index in document.get(part, {}).get(field, ())}


def claimed_alone(group: Sequence[Document], field: str) -> set[str]:
    """Every index that a field, and nothing else, claims for profiles that are one.

    The first of them stands for all: the others' identities are its own.
    """
    bare = [each | {part: _but(each.get(part, {}), field) for part in _CLAIMS} for each in group]
    kept = claimed(bare[0]).union(*map(claimed_by_values, bare))
    return {index for each in group for index in claimed_for(each, field)} - kept


def without_claims(field: str) -> Document:
    """The update that takes a field's claims out of a profile's document."""
    return {"$unset": {f"{part}.{field}": "" for part in _CLAIMS}}


def forgotten(entry: Mapping[str, Any], field: str) -> Document | None:
    """The update that takes a field out of an entry of history.

    None where it isn't in it; empty where nothing is left of the entry.
    """
    changes, note = entry.get("changes", {}), entry.get("merge", {})
    gone = [key for key in changes if _is_of(field, key.replace("/", ".", 1))]
    known = note.get("survivals", [])
    survivals = [one for one in known if not _is_of(field, one[0])]
    if not gone and len(survivals) == len(known):
        return None
    if len(gone) == len(changes) and entry["kind"] == HistoryKind.CHANGED.value:
        return {}
    update: Document = {"$unset": {f"changes.{key}": "" for key in gone}} if gone else {}
    if len(survivals) < len(known):
        update["$set"] = {"merge.survivals": survivals}
    return update


def _but(values: Mapping[str, Any], name: str) -> Document:
    return {key: value for key, value in values.items() if key != name}


def _is_of(field: str, attribute: str) -> bool:
    return attribute.startswith(CUSTOM) and _is_name_of(field, attribute.removeprefix(CUSTOM))


def _is_name_of(field: str, name: str) -> bool:
    return name == field or name.startswith(f"{field}-")
