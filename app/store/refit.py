"""Makes stored profiles what a changed field wants: values, search keys, claims."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.store.documents import Document, kept_value, loaded_value
from app.store.search import GRAMS, base_of, grams_of, kept_keys, path_of
from graph.kinds.search import findable
from graph.kinds.values import convert_value
from graph.model.custom_field import CustomerSchema, FieldDefinition
from graph.model.errors import BadValue
from graph.model.filter import Place
from graph.model.profile import ProfileState
from graph.model.search import Findable


@dataclass(frozen=True, slots=True)
class Refit:
    """What one profile needs.  `update` may be empty; `found` says what its value claims then.

    `is_left`: its value doesn't fit, so that it stays where it was.
    """

    update: Document
    found: Findable
    is_left: bool = False


def refit(document: Mapping[str, Any], definition: FieldDefinition, gone: tuple[str, ...]) -> Refit:
    """What makes a profile's document what the definition wants; nothing where it is already."""
    tenant, custom = document["tenant"], document.get("custom", {})
    value, is_left = _value(document, definition)
    found = Findable(claims={definition.id: ()})
    if not definition.is_retired:
        try:
            found = _found(definition, value)
        except BadValue:
            is_left = True
    put: Document = {}
    left = {slot for slot in gone if _is_of(document, definition, slot)}
    dropped = {f"search.{slot}": "" for slot in sorted(left)}
    if value is not None and definition.kept_as not in custom:
        put[f"custom.{definition.kept_as}"] = kept_value(value)
    if definition.previous and definition.previous.name in custom and not is_left:
        dropped[f"custom.{definition.previous.name}"] = ""
    search = {slot: keys for slot, keys in document["search"].items() if slot not in left}
    for place, keys in found.search.items():
        kept = kept_keys(tenant, document["id"], place, keys)
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


def _value(document: Mapping[str, Any], definition: FieldDefinition) -> tuple[object, bool]:
    """The value as the definition has it, and whether there is one that doesn't fit."""
    custom = document.get("custom", {})
    if definition.kept_as in custom:
        return loaded_value(custom[definition.kept_as]), False
    if definition.previous and definition.previous.name in custom:
        value = convert_value(definition, loaded_value(custom[definition.previous.name]))
        return value, value is None
    if definition.is_required and document["state"] != ProfileState.ANONYMOUS.value:
        return definition.default, False
    return None, False


def _is_of(document: Mapping[str, Any], definition: FieldDefinition, slot: str) -> bool:
    """Whether what a slot holds is the field's; it may serve another one already."""
    kept = document["search"].get(slot, "")
    base = base_of(document["tenant"], Place(slot, definition.id))
    return bool((kept[0] if isinstance(kept, list) else kept).startswith(base))


def _found(definition: FieldDefinition, value: object) -> Findable:
    return findable({definition.id: value}, CustomerSchema(fields=(definition,)))
