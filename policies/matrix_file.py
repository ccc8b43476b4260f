"""Reads and checks matrices: data that a privacy officer can read, not code."""

import tomllib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from enum import Enum
from pathlib import Path
from typing import Any, Final, TypeVar

from policies.classification import DataClass
from policies.decision import Action
from policies.errors import WrongMatrix
from policies.matrix import (
    BREAK_GLASS_MIN,
    FRESH_S,
    LONGEST_CONVERSATION_H,
    ROLES,
    Assurances,
    BreakGlass,
    Ceiling,
    Conversations,
    FieldRights,
    Given,
    Matrix,
    PurposeRule,
    Rights,
)
from policies.standing import Purpose, Relation

DEFAULT_MATRIX: Final = Path(__file__).with_name("matrix.toml")
_NAMES: Final[dict[type, str]] = {
    int: "a whole number",
    dict: "a table",
    list: "a list",
    bool: "true or false",
    str: "a text",
}
_VERBS: Final = {action.value.lower(): action for action in Action}
_RELATIONS: Final = {
    "in_conversation": Relation.CONVERSATION,
    "break_glass": Relation.BREAK_GLASS,
}
_MASK, _HIDDEN = "mask", "hidden"
_TOP: Final = {
    "version",
    "roles",
    "operations",
    "purposes",
    "clients",
    "scopes",
    "assurance",
    "conversations",
    "break_glass",
}
_OF_ROLE: Final = {
    *_VERBS,
    *_RELATIONS,
    _MASK,
    "fields",
    "second_factor",
    "purposes",
    "hides",
}
_WHOLE: Final = ("fields", "second_factor", "purposes", "hides")
_READABLE: Final = {"read", _MASK, "reveal"}
_LONGEST_BREAK_GLASS_MIN: Final = 24 * 60
_Type = TypeVar("_Type")
_Member = TypeVar("_Member", bound=Enum)
_Entry = TypeVar("_Entry")


def read_matrix(path: Path = DEFAULT_MATRIX) -> Matrix:
    """The matrix in a file.

    Raises:
        WrongMatrix: as `matrix_of`.
    """
    return matrix_of(path.read_text(encoding="utf-8"), path.name)


def matrix_of(text: str, name: str, base: Matrix | None = None, revision: int = 0) -> Matrix:
    """The matrix that a TOML text describes; with `base`, what it doesn't name is as there.

    Raises:
        WrongMatrix: the text isn't a matrix, or names a role, class, purpose or action that doesn't
            exist, a role in an operation that has no rights, or a class both as read and as mask.
    """
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise WrongMatrix(f"{name} is not TOML: {error}") from None
    _refuse_unknown("top-level entry", document, _TOP)
    if base is None:
        base = Matrix(_typed(document.get("version"), int, "version"), {}, {})
        for part in ("roles", "operations"):
            _typed(document.get(part), dict, part)
    elif "version" in document:
        raise WrongMatrix("version: only the shipped matrix has one")
    found = replace(
        base,
        revision=revision,
        roles={**base.roles, **_roles(document, base.roles)},
        operations={**base.operations, **_table(document, "operations", _roles_of)},
        purposes={**base.purposes, **_purposes(document)},
        ceilings={**base.ceilings, **_table(document, "clients", _ceiling)},
        scopes={**base.scopes, **_table(document, "scopes", _ceiling)},
        assurances=_assurances(document) or base.assurances,
        conversations=_conversations(document) or base.conversations,
        break_glass=_break_glass(document) or base.break_glass,
    )
    for operation, roles in found.operations.items():
        _refuse_unknown(f"role in operation {operation}", roles, found.roles)
    return found


def _table(
    document: Mapping[str, Any],
    key: str,
    read: Callable[[str, Any], _Entry],
    known: Iterable[str] | None = None,
) -> dict[str, _Entry]:
    entries = _typed(document.get(key, {}), dict, key)
    if known is not None:
        _refuse_unknown(key.removesuffix("s"), entries, known)
    return {name: read(name, entry) for name, entry in entries.items()}


def _roles(document: Mapping[str, Any], shipped: Mapping[str, Rights]) -> dict[str, Rights]:
    """The rights of the roles that are named: what is named of a role, the rest as shipped."""
    given = _table(document, "roles", _rights, ROLES)
    return {
        role: _laid_over(shipped[role], rights, document["roles"][role].keys())
        if role in shipped
        else rights
        for role, rights in given.items()
    }


def _laid_over(shipped: Rights, own: Rights, named: Collection[str]) -> Rights:
    """Own rights where they are named; a class that is read now isn't masked any more."""
    actions = {**shipped.given.actions, **own.given.actions}
    mask = own.given.mask
    if _MASK not in named:
        mask = shipped.given.mask - actions.get(Action.READ, frozenset())
    elif "read" not in named:
        actions[Action.READ] = actions.get(Action.READ, frozenset()) - mask
    kept = {key: getattr(shipped, key) for key in _WHOLE if key not in named}
    related = {**shipped.related, **own.related}
    return replace(own, given=Given(actions, mask), related=related, **kept)


def _rights(role: str, given: Any) -> Rights:  # noqa: ANN401 - what TOML holds
    entry = _typed(given, dict, role)
    where = f"role {role}"
    _refuse_unknown(f"entry of {where}", entry, _OF_ROLE)
    related = {
        relation: _given(entry[name], f"{name} of {where}", _READABLE)
        for name, relation in _RELATIONS.items()
        if name in entry
    }
    said = _typed(entry.get("purposes", ["SERVICE"]), list, f"purposes of {where}")
    return Rights(
        _given({key: entry[key] for key in entry if key in {*_VERBS, _MASK}}, where, _VERBS),
        _table(entry, "fields", _field_rights),
        related,
        second_factor=_typed(entry.get("second_factor", False), bool, f"second_factor of {where}"),
        purposes=tuple(_members(f"purpose of {where}", said, Purpose)),
        hides=_typed(entry.get("hides", False), bool, f"hides of {where}"),
    )


def _given(given: Any, where: str, known: Iterable[str]) -> Given:  # noqa: ANN401 - what TOML holds
    entry = _typed(given, dict, where)
    _refuse_unknown(f"entry of {where}", entry, {*known, _MASK})
    classes = {verb: _classes(entry[verb], f"{verb} of {where}") for verb in entry}
    mask = classes.pop(_MASK, frozenset[DataClass]())
    found = Given({_VERBS[verb]: held for verb, held in classes.items()}, mask)
    if twice := found.actions.get(Action.READ, frozenset()) & mask:
        names = ", ".join(sorted(item.value for item in twice))
        raise WrongMatrix(f"{where} both reads and masks {names}")
    return found


def _field_rights(name: str, given: Any) -> FieldRights:  # noqa: ANN401 - what TOML holds
    words = set(_typed(given, list, f"field {name}"))
    _refuse_unknown(f"right on field {name}", words, {*_VERBS, _MASK, _HIDDEN})
    if (_HIDDEN in words and len(words) > 1) or {"read", _MASK} <= words:
        raise WrongMatrix(f"field {name}: hidden, mask and read exclude each other")
    actions = frozenset(action for verb, action in _VERBS.items() if verb in words)
    return FieldRights(actions, _MASK in words, _HIDDEN in words)


def _roles_of(name: str, given: Any) -> frozenset[str]:  # noqa: ANN401 - what TOML holds
    return frozenset(str(role) for role in _typed(given, list, name))


def _ceiling(name: str, given: Any) -> Ceiling:  # noqa: ANN401 - what TOML holds
    entry = _typed(given, dict, name)
    _refuse_unknown(f"entry of {name}", entry, {"classes", "operations"})
    operations = entry.get("operations")
    return Ceiling(
        _classes(entry["classes"], name) if "classes" in entry else None,
        None if operations is None else frozenset(_typed(operations, list, name)),
    )


def _purposes(document: Mapping[str, Any]) -> dict[Purpose, PurposeRule]:
    found = _table(document, "purposes", _purpose_rule, [item.value for item in Purpose])
    return {Purpose(name): rule for name, rule in found.items()}


def _purpose_rule(name: str, given: Any) -> PurposeRule:  # noqa: ANN401 - what TOML holds
    entry = _typed(given, dict, name)
    _refuse_unknown(f"entry of purpose {name}", entry, {"classes", "consent"})
    consent = entry.get("consent")
    return PurposeRule(
        _classes(entry["classes"], name) if "classes" in entry else None,
        None if consent is None else _typed(consent, str, f"consent of purpose {name}"),
    )


def _assurances(document: Mapping[str, Any]) -> Assurances | None:
    if "assurance" not in document:
        return None
    entry = _typed(document["assurance"], dict, "assurance")
    _refuse_unknown("entry of assurance", entry, {"fresh_s", "actions", "operations"})
    verbs = _typed(entry.get("actions", []), list, "actions of assurance")
    _refuse_unknown("action of assurance", verbs, _VERBS)
    operations = _typed(entry.get("operations", []), list, "operations of assurance")
    fresh_s = _typed(entry.get("fresh_s", FRESH_S), int, "fresh_s of assurance")
    return Assurances(
        fresh_s, frozenset(_VERBS[verb] for verb in verbs), frozenset(map(str, operations))
    )


def _conversations(document: Mapping[str, Any]) -> Conversations | None:
    if "conversations" not in document:
        return None
    entry = _typed(document["conversations"], dict, "conversations")
    _refuse_unknown("entry of conversations", entry, {"told_by", "hours"})
    roles = _typed(entry.get("told_by", []), list, "told_by of conversations")
    _refuse_unknown("role in told_by of conversations", roles, ROLES)
    hours = _typed(entry.get("hours", LONGEST_CONVERSATION_H), int, "hours of conversations")
    return Conversations(frozenset(roles), hours)


def _break_glass(document: Mapping[str, Any]) -> BreakGlass | None:
    if "break_glass" not in document:
        return None
    entry = _typed(document["break_glass"], dict, "break_glass")
    _refuse_unknown("entry of break_glass", entry, {"minutes"})
    minutes = _typed(entry.get("minutes", BREAK_GLASS_MIN), int, "minutes of break_glass")
    if not 1 <= minutes <= _LONGEST_BREAK_GLASS_MIN:
        raise WrongMatrix(f"minutes of break_glass: expected 1 to {_LONGEST_BREAK_GLASS_MIN}")
    return BreakGlass(minutes)


def _classes(given: Any, where: str) -> frozenset[DataClass]:  # noqa: ANN401 - what TOML holds
    return frozenset(_members(f"data class of {where}", _typed(given, list, where), DataClass))


def _members(what: str, names: list[Any], kind: type[_Member]) -> list[_Member]:
    _refuse_unknown(what, names, [item.value for item in kind])
    return [kind(name) for name in names]


def _typed(value: Any, type_: type[_Type], what: str) -> _Type:  # noqa: ANN401 - what TOML holds
    if type(value) is not type_:
        raise WrongMatrix(f"{what}: expected {_NAMES[type_]}")
    return value


def _refuse_unknown(what: str, names: Iterable[Any], known: Iterable[str]) -> None:
    if unknown := sorted({str(name) for name in names} - set(known)):
        raise WrongMatrix(
            f"unknown {what}: {', '.join(unknown)}; known: {', '.join(sorted(known))}"
        )
