"""Applies a plan to what was read: null, mask or leave.  The only user of the masks."""

import dataclasses
from collections.abc import Mapping
from typing import Any, TypeVar

from policies.classification import labels_of
from policies.decision import Effect
from policies.masking import mask
from policies.plan import AccessPlan

_Model = TypeVar("_Model")


def reveal(item: _Model, plan: AccessPlan) -> _Model:
    """A copy of a classified dataclass as the plan's principal may see it.

    Denied attributes become None, masked ones are masked, nested classified objects (also in
    tuples) are revealed in turn, and so is each entry of a mapping.  Coordinates are
    `ClassName.attribute` and, in a mapping, `ClassName.attribute.key`; what was not planned is
    denied.
    """
    return dataclasses.replace(item, **_changes(item, plan))  # type: ignore[type-var]  # a dataclass: labels_of checks


def reveal_value(value: object, coordinate: str, plan: AccessPlan) -> object:
    """One value that stands alone (a custom field) as the plan's principal may see it."""
    effect = plan.effect(coordinate)
    if effect is Effect.DENY or value is None:
        return None
    return mask(value) if effect is Effect.MASK else value


def _shown_mapping(
    values: Mapping[str, object], coordinate: str, plan: AccessPlan
) -> dict[str, object]:
    planned = {key: f"{coordinate}.{key}" for key in values}
    return {
        key: reveal_value(values[key], at, plan)
        for key, at in planned.items()
        if plan.effect(at) is not Effect.DENY
    }


def _changes(item: Any, plan: AccessPlan) -> dict[str, Any]:  # noqa: ANN401 - any classified dataclass
    name = type(item).__name__
    changes = {}
    for attribute in labels_of(type(item)):
        value = getattr(item, attribute)
        if value is None:
            continue
        shown = _shown(value, f"{name}.{attribute}", plan)
        if shown is not value:
            changes[attribute] = shown
    return changes


def _shown(value: object, coordinate: str, plan: AccessPlan) -> object:
    effect = plan.effect(coordinate)
    if effect is Effect.DENY:
        return None
    if dataclasses.is_dataclass(value):
        return reveal(value, plan)
    if isinstance(value, tuple) and value and dataclasses.is_dataclass(value[0]):
        return tuple(reveal(part, plan) for part in value)
    if isinstance(value, Mapping):
        return _shown_mapping(value, coordinate, plan)
    return mask(value) if effect is Effect.MASK else value
