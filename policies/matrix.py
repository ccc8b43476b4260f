"""Reads and checks the matrix: data that a privacy officer can read, not code."""

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeVar

from policies.classification import DataClass
from policies.decision import Action, Effect
from policies.errors import WrongMatrix

DEFAULT_MATRIX = Path(__file__).with_name("matrix.toml")
ROLES = frozenset(
    {
        "agent",
        "supervisor",
        "reviewer",
        "evaluator",
        "admin",
        "privacy_officer",
        "assistant",
        "partner",
        "service",
    }
)
_NAMES: Final[dict[type, str]] = {
    int: "a whole number",
    dict: "a table",
    list: "a list",
    bool: "true or false",
}
_Type = TypeVar("_Type")


@dataclass(frozen=True, slots=True)
class Rights:
    """What one role may do; a class that isn't named is denied."""

    read: frozenset[DataClass]
    mask: frozenset[DataClass]
    write: frozenset[DataClass]
    filter: frozenset[DataClass]
    second_factor: bool

    def effect(self, action: Action, data_class: DataClass) -> Effect:
        """What the role gets for this action on this class."""
        if action is Action.READ and data_class in self.mask:
            return Effect.MASK
        allowed = {Action.READ: self.read, Action.WRITE: self.write, Action.FILTER: self.filter}
        return Effect.ALLOW if data_class in allowed[action] else Effect.DENY


@dataclass(frozen=True, slots=True)
class Matrix:
    """Class by role, and who may call which operation.  `version` ends up in every plan's key."""

    version: int
    roles: dict[str, Rights]
    operations: dict[str, frozenset[str]]


def read_matrix(path: Path = DEFAULT_MATRIX) -> Matrix:
    """The matrix in a file.

    Raises:
        WrongMatrix: the file isn't a matrix, or names a role or class that doesn't exist, a role
            in an operation that has no rights, or a class both as read and as mask.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except tomllib.TOMLDecodeError as error:
        raise WrongMatrix(f"{path.name} is not TOML: {error}") from None
    _refuse_unknown("top-level entry", document, {"version", "roles", "operations"})
    version = _typed(document.get("version"), int, "version")
    entries = _typed(document.get("roles"), dict, "roles")
    _refuse_unknown("role", entries, ROLES)
    roles = {role: _rights(role, _typed(entry, dict, role)) for role, entry in entries.items()}
    operations = {}
    for name, granted in _typed(document.get("operations"), dict, "operations").items():
        _refuse_unknown(f"role in operation {name}", _typed(granted, list, name), roles)
        operations[name] = frozenset(granted)
    return Matrix(version, roles, operations)


def _rights(role: str, entry: dict[str, Any]) -> Rights:
    _refuse_unknown(f"entry of role {role}", entry, set(Rights.__dataclass_fields__))
    classes = {
        action: _classes(role, _typed(entry.get(action, []), list, f"{action} of role {role}"))
        for action in ("read", "mask", "write", "filter")
    }
    if twice := classes["read"] & classes["mask"]:
        raise WrongMatrix(f"role {role} both reads and masks {', '.join(_values(twice))}")
    second_factor = _typed(entry.get("second_factor", False), bool, f"second_factor of role {role}")
    return Rights(**classes, second_factor=second_factor)


def _classes(role: str, names: list[str]) -> frozenset[DataClass]:
    _refuse_unknown(f"data class of role {role}", names, _values(DataClass))
    return frozenset(DataClass(name) for name in names)


def _values(classes: Iterable[DataClass]) -> list[str]:
    return sorted(item.value for item in classes)


def _typed(value: Any, type_: type[_Type], what: str) -> _Type:  # noqa: ANN401 - what TOML holds
    if type(value) is not type_:
        raise WrongMatrix(f"{what}: expected {_NAMES[type_]}")
    return value


def _refuse_unknown(what: str, names: Any, known: Any) -> None:  # noqa: ANN401 - any collection
    if unknown := sorted({str(name) for name in names} - set(known)):
        raise WrongMatrix(
            f"unknown {what}: {', '.join(unknown)}; known: {', '.join(sorted(known))}"
        )
