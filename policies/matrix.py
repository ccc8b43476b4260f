"""Reads and checks the matrix: data that a privacy officer can read, not code."""

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
        WrongMatrix: the file names a role or class that doesn't exist, or a class both
            as read and as mask.
    """
    document = tomllib.loads(path.read_text(encoding="utf-8"))
    _refuse_unknown("top-level entry", document, {"version", "roles", "operations"})
    _refuse_unknown("role", document["roles"], ROLES)
    roles = {role: _rights(role, entry) for role, entry in document["roles"].items()}
    operations = {}
    for name, granted in document["operations"].items():
        _refuse_unknown(f"role in operation {name}", granted, ROLES)
        operations[name] = frozenset(granted)
    return Matrix(int(document["version"]), roles, operations)


def _rights(role: str, entry: dict[str, Any]) -> Rights:
    _refuse_unknown(f"entry of role {role}", entry, set(Rights.__dataclass_fields__))
    classes = {
        action: _classes(role, entry.get(action, ()))
        for action in ("read", "mask", "write", "filter")
    }
    if twice := classes["read"] & classes["mask"]:
        raise WrongMatrix(f"role {role} both reads and masks {', '.join(c.value for c in twice)}")
    return Rights(**classes, second_factor=bool(entry.get("second_factor", False)))


def _classes(role: str, names: list[str]) -> frozenset[DataClass]:
    _refuse_unknown(f"data class of role {role}", names, {item.value for item in DataClass})
    return frozenset(DataClass(name) for name in names)


def _refuse_unknown(what: str, names: Any, known: Any) -> None:  # noqa: ANN401 - any collection
    if unknown := sorted(set(names) - set(known)):
        raise WrongMatrix(
            f"unknown {what}: {', '.join(unknown)}; known: {', '.join(sorted(known))}"
        )
