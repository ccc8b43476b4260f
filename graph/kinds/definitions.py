"""What a definition must be for its kind, and how a change of it meets what is stored."""

from dataclasses import replace
from decimal import Decimal
from typing import Any

from graph.kinds.patterns import check_pattern
from graph.kinds.search import claims_of, operators_of
from graph.kinds.table import KINDS
from graph.kinds.values import convert_value, holds_list, load_value, parse_value
from graph.model.custom_field import Facets, FieldDefinition, Storage
from graph.model.definition_checks import LONGEST_SEARCHABLE, check_definition
from graph.model.errors import BadValue
from graph.model.filter import Operator

_NO_LISTS = frozenset({"PASSWORD", "BOOLEAN"})
_LONG = frozenset({"STRING", "URL"})
_FEW = frozenset({"BOOLEAN", "CHOICE", "CHOICES"})
_FEW_CHARACTERS = 4
_NUMBERS = (int, float, Decimal)
_FEW_NUMBERS = 65_536
_GUESSABLE = (
    "values of this data class are sealed, and this field has so few that an index of them tells"
    " who has which: leave it unsearchable, or give it a class that isn't sealed"
)
_NAMING = frozenset({"STRING", "ALPHANUMERIC", "EMAIL", "PHONE_NUMBER"})


def checked_definition(definition: FieldDefinition, max_values: int) -> FieldDefinition:
    """A definition as it is kept: minimum, maximum and default as the store keeps values.

    A list of values that name a person has at most `max_values` of them unless it says less.

    Raises:
        BadValue: says which part can't work and why.
    """
    check_definition(definition)
    kind = KINDS[definition.kind]
    _check_facets(definition)
    if definition.is_list and (kind.is_list or definition.kind in _NO_LISTS):
        raise BadValue("isList", f"a field of kind {definition.kind} can't be a list")
    bounded = replace(definition, facets=_bounded(definition))
    if bounded.channels:
        bounded = _checked_channels(bounded, max_values)
    _check_findable(bounded)
    if bounded.default is None:
        return bounded
    try:
        return replace(bounded, default=parse_value(bounded, bounded.default))
    except BadValue as error:
        raise BadValue("default", error.reason) from None


def misfit(definition: FieldDefinition, known: FieldDefinition, stored: object) -> str | None:
    """Why a value stored under the known definition doesn't fit the new one; None where it does."""
    if stored is None:
        is_missing = definition.is_required and definition.default is None
        return "required, and there is no default" if is_missing else None
    try:
        kept = stored
        if is_converted(definition, known):
            if "PASSWORD" in {definition.kind, known.kind}:
                return "a password can't be converted"
            before = replace(definition, previous=storage_of(known))
            kept = convert_value(before, stored)
        elif definition.kind != "PASSWORD":
            parse_value(definition, load_value(definition, stored))
        if kept is None:
            return "can't be converted"
        claims_of(definition, kept)
    except BadValue as error:
        return error.reason
    return None


def is_converted(definition: FieldDefinition, known: FieldDefinition) -> bool:
    """Whether values must be rewritten: another kind, or a list of what was single."""
    same_list = holds_list(definition) == holds_list(known)
    alike = {definition.kind, known.kind} == {"CHOICE", "CHOICES"} and same_list
    return not ((definition.kind == known.kind or alike) and same_list)


def storage_of(definition: FieldDefinition) -> Storage:
    """Where and how a field's values are kept."""
    return Storage(definition.kept_as, definition.kind, definition.is_list)


def is_checked_against_values(definition: FieldDefinition, known: FieldDefinition) -> bool:
    """Whether a change could break what is stored: values must be looked at first."""
    narrowing = ("kind", "is_list", "max_values", "facets", "is_required", "is_unique", "channels")
    return any(getattr(definition, name) != getattr(known, name) for name in narrowing)


def is_rewritten(definition: FieldDefinition, known: FieldDefinition | None) -> bool:
    """Whether profiles must be gone through after the change: values, keys or claims change."""
    if known is None:
        return definition.default is not None and definition.is_required
    if definition.is_purged:
        return True
    parts = ("is_sealed", "is_searchable", "is_unique", "channels", "is_retired", "slot")
    return (
        is_converted(definition, known)
        or any(getattr(definition, name) != getattr(known, name) for name in parts)
        or (definition.is_required and not known.is_required)
    )


def _check_facets(definition: FieldDefinition) -> None:
    facets, allowed = definition.facets, KINDS[definition.kind].facets
    given = {
        ("length", "maxLength"): facets.min_length is not None or facets.max_length is not None,
        ("pattern", "pattern"): facets.pattern is not None,
        ("range", "min"): facets.minimum is not None or facets.maximum is not None,
    }
    for (name, shown), is_given in given.items():
        if is_given and name not in allowed:
            raise BadValue(shown, f"a field of kind {definition.kind} has no {name}")
    if facets.pattern is not None:
        check_pattern(facets.pattern)
    if definition.max_values is not None and not holds_list(definition):
        raise BadValue("maxValues", "only a field that holds a list has this")


def _bounded(definition: FieldDefinition) -> Facets:
    facets, kind = definition.facets, KINDS[definition.kind]
    kept: dict[str, Any] = {}
    for name, shown in (("minimum", "min"), ("maximum", "max")):
        value = getattr(facets, name)
        if value is not None:
            try:
                kept[name] = kind.dump(kind.parse(value, facets))
            except ValueError as error:
                raise BadValue(shown, str(error)) from None
    keys = {name: kind.key(kind.load(value)) for name, value in kept.items()}
    if keys.get("minimum", "") > keys.get("maximum", "\U0010ffff"):
        raise BadValue("min", "expected no more than max")
    if definition.kind in _LONG and facets.max_length is None and _is_found(definition):
        return replace(facets, **kept, max_length=LONGEST_SEARCHABLE)
    return replace(facets, **kept)


def _checked_channels(definition: FieldDefinition, max_values: int) -> FieldDefinition:
    if definition.kind not in _NAMING:
        raise BadValue("channels", f"expected a field of kind {', '.join(sorted(_NAMING))}")
    if not definition.is_list:
        return definition
    if (definition.max_values or 0) > max_values:
        raise BadValue("maxValues", f"a field that identifies has at most {max_values} values")
    return replace(definition, max_values=definition.max_values or max_values)


def _check_findable(definition: FieldDefinition) -> None:
    operators = operators_of(definition)
    is_text = Operator.EQUALS in KINDS[definition.kind].operators and not holds_list(definition)
    if definition.is_searchable and not operators:
        raise BadValue("searchable", f"a field of kind {definition.kind} can't be searched")
    if definition.is_sealed and _is_found(definition):
        _refuse_guessable(definition)
    if definition.is_unique and not is_text and not definition.is_list:
        raise BadValue("unique", f"a field of kind {definition.kind} can't be unique")
    if definition.is_unique and definition.default is not None:
        raise BadValue("default", "a unique field can't have one: two profiles would share it")
    longest = max(definition.facets.min_length or 0, definition.facets.max_length or 0)
    if definition.kind in _LONG and _is_found(definition) and longest > LONGEST_SEARCHABLE:
        told = f"a searchable or unique field has at most {LONGEST_SEARCHABLE} characters"
        raise BadValue("maxLength", told)


def _refuse_guessable(definition: FieldDefinition) -> None:
    """Refuse an index of so few values that who sees how often each occurs knows which it is."""
    part = "searchable" if definition.is_searchable else "unique"
    facets = definition.facets
    if definition.kind in _FEW or (facets.max_length or _FEW_CHARACTERS) < _FEW_CHARACTERS:
        raise BadValue(part, _GUESSABLE)
    least, most = facets.minimum, facets.maximum
    is_bounded = isinstance(least, _NUMBERS) and isinstance(most, _NUMBERS)
    if is_bounded and float(str(most)) - float(str(least)) < _FEW_NUMBERS:
        raise BadValue(part, _GUESSABLE)


def _is_found(definition: FieldDefinition) -> bool:
    return definition.is_searchable or definition.is_claimed
