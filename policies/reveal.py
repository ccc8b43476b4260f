"""Applies a plan to what was read: null, mask or leave.  The only user of the masks."""

import dataclasses
from collections.abc import Mapping
from datetime import date, datetime
from functools import cache
from typing import Any, Final, TypeVar

from policies.classification import labels_of
from policies.decision import Effect
from policies.masking import mask
from policies.plan import AccessPlan
from policies.unreadable import Unreadable

_Model = TypeVar("_Model")
_PLAIN: Final = frozenset({str, int, float, bool, date, datetime})


def reveal(item: _Model, plan: AccessPlan) -> _Model:
    """A classified dataclass as the plan's principal may see it; `item` stays as it is.

    Denied attributes become None, masked ones are masked, nested classified objects (also in
    tuples) are revealed in turn, and so is each entry of a mapping.  Coordinates are
    `ClassName.attribute` and, in a mapping, `ClassName.attribute.key`; what was not planned is
    denied.
    """
    changes = _changes(item, plan)
    return dataclasses.replace(item, **changes) if changes else item  # type: ignore[type-var]  # a dataclass: labels_of checks


def reveal_value(value: object, coordinate: str, plan: AccessPlan) -> object:
    """One value that stands alone (a custom field) as the plan's principal may see it."""
    effect = plan.effect(coordinate)
    if effect is Effect.DENY or value is None:
        return None
    return _masked(value, effect)


def _shown_mapping(
    values: Mapping[str, object], coordinate: str, plan: AccessPlan
) -> Mapping[str, object]:
    allowed = plan.allowed
    # Most values of most requests are allowed, so this is asked before anything else.
    others = [key for key in values if f"{coordinate}.{key}" not in allowed]
    if not others:
        return values
    shown = dict(values)
    for key in others:
        effect = plan.effect(f"{coordinate}.{key}")
        if effect is Effect.DENY:
            del shown[key]
        else:
            shown[key] = _masked(shown[key], effect)
    return shown


@cache
def _coordinates(model: type[Any]) -> tuple[tuple[str, str], ...]:
    return tuple((name, f"{model.__name__}.{name}") for name in labels_of(model))


def _changes(item: Any, plan: AccessPlan) -> dict[str, Any]:  # noqa: ANN401 - any classified dataclass
    changes = {}
    for attribute, coordinate in _coordinates(type(item)):  # type: ignore[arg-type]  # classes are hashable
        value = getattr(item, attribute)
        if value is None:
            continue
        effect = plan.effect(coordinate)
        if effect is Effect.ALLOW and type(value) in _PLAIN:
            continue
        shown = _shown(value, coordinate, effect, plan)
        if shown is not value:
            changes[attribute] = shown
    return changes


def _shown(value: object, coordinate: str, effect: Effect, plan: AccessPlan) -> object:
    if effect is Effect.DENY:
        return None
    if dataclasses.is_dataclass(value):
        return reveal(value, plan)
    if isinstance(value, tuple) and value and dataclasses.is_dataclass(value[0]):
        parts = tuple(reveal(part, plan) for part in value)
        return value if all(new is old for new, old in zip(parts, value, strict=True)) else parts
    if isinstance(value, Mapping):
        return _shown_mapping(value, coordinate, plan)
    return _masked(value, effect)


def _masked(value: object, effect: Effect) -> object:
    return mask(value) if effect is Effect.MASK and not isinstance(value, Unreadable) else value
