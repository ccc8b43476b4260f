"""Filters under a name: kept as the typed tree they are, decided and resolved again at each use."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from graph.errors import BadInput, Forbidden
from graph.kinds.search import WHOLE, core_place, place_of
from graph.model import search
from graph.model.custom_field import CustomerSchema
from graph.model.filter import All, AnyOf, Condition, Filter, Not, Operator, Place
from graph.model.profile import PersonName, Profile
from policies.access.question import Question
from policies.asking import Asking
from policies.classification import Label, labels_of
from policies.decision import Action, Effect
from policies.plan import decide

_GONE: Final = "savedFilter: a field of it can't be searched by any more; save the filter again."
_PROFILE: Final = labels_of(Profile)
_CORE: Final[Mapping[str, tuple[Place, Label, str]]] = {
    place.field: (place, label, name)
    for place, label, name in (
        (search.BY_ID, _PROFILE["id"], "Profile.id"),
        (search.BY_STATE, _PROFILE["state"], "Profile.state"),
        (search.BY_LANGUAGE, _PROFILE["language"], "Profile.language"),
        (search.BY_GIVEN_NAME, labels_of(PersonName)["given"], "PersonName.given"),
        (search.BY_FAMILY_NAME, labels_of(PersonName)["family"], "PersonName.family"),
        (search.BY_BIRTH_DATE, _PROFILE["birth_date"], "Profile.birthDate"),
        (search.BY_LABEL, _PROFILE["labels"], "Profile.labels"),
        (search.BY_CREATED_AT, _PROFILE["created_at"], "Profile.createdAt"),
        (search.BY_UPDATED_AT, _PROFILE["updated_at"], "Profile.updatedAt"),
    )
}


def kept_filter(where: Filter, schema: CustomerSchema) -> dict[str, Any]:
    """A filter as plain data, its custom fields by id and by where their values are kept."""
    match where:
        case All():
            return {"all": [kept_filter(part, schema) for part in where.parts]}
        case AnyOf():
            return {"any": [kept_filter(part, schema) for part in where.parts]}
        case Not():
            return {"not": kept_filter(where.part, schema)}
    field = where.place.field
    known = schema.by_id.get(field)
    return {
        "field": field,
        "keptAs": known.kept_as if known else None,
        "operator": where.operator.value,
        "keys": list(where.keys),
    }


def filter_from(kept: Mapping[str, Any], schema: CustomerSchema) -> Filter:
    """The filter that was kept, for the schema as it is now.

    Raises:
        BadInput: one of its fields is gone, of another kind, or not searchable any more.
    """
    if "all" in kept:
        return All(tuple(filter_from(part, schema) for part in kept["all"]))
    if "any" in kept:
        return AnyOf(tuple(filter_from(part, schema) for part in kept["any"]))
    if "not" in kept:
        return Not(filter_from(kept["not"], schema))
    place, operator = _place(kept, schema), Operator(kept["operator"])
    if place.is_sealed and not place.is_list and operator not in WHOLE:
        raise BadInput(_GONE)
    return Condition(place, operator, tuple(kept["keys"]))


def check_filter(where: Filter, schema: CustomerSchema, asking: Asking) -> None:
    """Refuse a filter by anything that its asker may not look people up by.

    Raises:
        Forbidden: names the field.
    """
    for field in _fields(where):
        definition = schema.by_id.get(field)
        if definition:
            label, name = definition.access, f"custom.{definition.key}"
        else:
            _, label, name = _CORE[field]
        decision = decide(Question(asking, Action.FILTER, label, name))
        if decision.effect is not Effect.ALLOW:
            told = name if definition else field
            raise Forbidden(f"You may not look people up by {told}.", decision, told)


def _fields(where: Filter) -> Iterator[str]:
    match where:
        case Condition():
            yield where.place.field
        case Not():
            yield from _fields(where.part)
        case _:
            for part in where.parts:
                yield from _fields(part)


def _place(kept: Mapping[str, Any], schema: CustomerSchema) -> Place:
    field = kept["field"]
    if field in _CORE:
        return core_place(_CORE[field][0], schema)
    definition = schema.by_id.get(field)
    place = place_of(definition) if definition else None
    if definition is None or place is None or definition.kept_as != kept["keptAs"]:
        raise BadInput(_GONE)
    if definition.is_retired or not definition.is_ready:
        raise BadInput(_GONE)
    return place
