"""Makes stored profiles what a changed field wants: values, search keys, claims."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.store.bson_values import kept_value
from app.store.documents import Document, opened_custom
from app.store.sealing import ProfileSeal
from app.store.search import GRAMS, grams_of, is_key_of, kept_keys, path_of
from graph.kinds.search import findable
from graph.kinds.values import convert_value
from graph.model.custom_field import CustomerSchema, FieldDefinition
from graph.model.errors import BadValue
from graph.model.profile import ProfileState
from graph.model.search import Findable
from policies.unreadable import Unreadable


@dataclass(frozen=True, slots=True)
class Refit:
    """What one profile needs.  `update` may be empty; `found` says what its value claims then.

    `is_left`: its value doesn't fit, so that it stays where it was.  `is_readable` is false where
    it can't be opened: then the profile keeps its claims too.
    """

    update: Document
    found: Findable
    is_left: bool = False
    is_readable: bool = True


def refit(
    document: Mapping[str, Any],
    definition: FieldDefinition,
    gone: tuple[str, ...],
    seal: ProfileSeal,
) -> Refit:
    """What makes a profile's document what the definition wants; nothing where it is already."""
    tenant, custom = document["tenant"], document.get("custom", {})
    value, is_left = _value(document, definition, seal)
    if definition.is_sealed and not seal.keys.ciphers:
        # Nothing can be sealed for somebody who was erased, or whose keys are damaged.
        return Refit({}, Findable(), is_left=seal.keys.is_damaged, is_readable=False)
    if isinstance(value, Unreadable):
        is_left = value is Unreadable.DAMAGED
        return Refit({}, Findable(), is_left=is_left, is_readable=False)
    found = Findable(claims={definition.id: ()})
    # Nobody finds one that was absorbed, and what it claims is the standing profile's.
    if not definition.is_retired and document["state"] != ProfileState.MERGED.value:
        try:
            found = _found(definition, value)
        except BadValue:
            is_left = True
    put: Document = {}
    left = {one for one in gone if is_key_of(document["search"].get(one), tenant, definition.id)}
    dropped = {f"search.{slot}": "" for slot in sorted(left)}
    name, is_sealed = definition.kept_as, definition.is_sealed
    if value is not None and not (name in custom and _is_as_wanted(custom[name], is_sealed)):
        kept = kept_value(value)
        put[f"custom.{name}"] = seal.seal(f"custom/{name}", kept) if is_sealed else kept
    if definition.previous and definition.previous.name in custom and not is_left:
        dropped[f"custom.{definition.previous.name}"] = ""
    search = {slot: keys for slot, keys in document["search"].items() if slot not in left}
    for place, keys in found.search.items():
        kept = kept_keys(tenant, document["id"], place, seal.of_tenant.kept(place, keys))
        if kept is not None and search.get(place.slot) != kept:
            put[path_of(place)] = search[place.slot] = kept
    if grams_of(search) != document.get(GRAMS, []):
        put[GRAMS] = grams_of(search)
    update = {"$set": put} if put else {}
    return Refit(update | ({"$unset": dropped} if dropped else {}), found, is_left)


def wanted_of(definition: FieldDefinition) -> dict[str, int]:
    """What must be read of a profile to refit it."""
    names = {definition.kept_as} | ({definition.previous.name} if definition.previous else set())
    plain = ("id", "tenant", "state", "version", "search", GRAMS, "identities", "claims")
    return dict.fromkeys([*plain, *(f"custom.{name}" for name in sorted(names))], 1)


def _is_as_wanted(kept: object, is_sealed: bool) -> bool:
    return (type(kept) is bytes) is is_sealed


def _value(
    document: Mapping[str, Any], definition: FieldDefinition, seal: ProfileSeal
) -> tuple[object, bool]:
    """The value as the definition has it, and whether there is one that doesn't fit."""
    custom = document.get("custom", {})
    if definition.kept_as in custom:
        return opened_custom(seal, definition.kept_as, custom[definition.kept_as]), False
    if definition.previous and definition.previous.name in custom:
        name = definition.previous.name
        before = opened_custom(seal, name, custom[name])
        if isinstance(before, Unreadable):
            return before, False
        value = convert_value(definition, before)
        return value, value is None
    if definition.is_required and document["state"] != ProfileState.ANONYMOUS.value:
        return definition.default, False
    return None, False


def _found(definition: FieldDefinition, value: object) -> Findable:
    return findable({definition.id: value}, CustomerSchema(fields=(definition,)))
