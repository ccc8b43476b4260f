"""A matrix as the TOML that a tenant writes."""

import json
from collections.abc import Iterable, Iterator
from enum import Enum

from policies.decision import Action
from policies.matrix import FieldRights, Given, Matrix, PurposeRule, Rights
from policies.standing import Relation

_RELATIONS = {Relation.CONVERSATION: "in_conversation", Relation.BREAK_GLASS: "break_glass"}


def rules_text(matrix: Matrix, always: Iterable[str] = ()) -> str:
    """What puts this matrix in force over the shipped one.

    The roles `always` may call whatever they are granted here or not.  What can't be told by a
    tenant (the version), and conversations and emergencies, are left out.
    """
    return "\n".join(_lines(matrix, frozenset(always)))


def _lines(matrix: Matrix, always: frozenset[str]) -> Iterator[str]:
    for role, rights in matrix.roles.items():
        yield f"[roles.{role}]"
        yield from _rights(rights)
        yield f"[roles.{role}.fields]"
        for name, right in rights.fields.items():
            yield f"{json.dumps(name)} = {json.dumps(sorted(_words(right)))}"
    for purpose, rule in matrix.purposes.items():
        yield f"[purposes.{purpose.value}]"
        yield from _purpose(rule)
    for part, ceilings in (("clients", matrix.ceilings), ("scopes", matrix.scopes)):
        for name, ceiling in ceilings.items():
            yield f"[{part}.{json.dumps(name)}]"
            if ceiling.classes is not None:
                yield f"classes = {_names(ceiling.classes)}"
            if ceiling.operations is not None:
                yield f"operations = {json.dumps(sorted(ceiling.operations))}"
    fresh = matrix.assurances
    yield "[assurance]"
    yield f"fresh_s = {fresh.fresh_s}"
    yield f"actions = {_names(fresh.fresh_actions).lower()}"
    yield f"operations = {json.dumps(sorted(fresh.fresh_operations))}"
    yield "[operations]"
    for name, roles in matrix.operations.items():
        yield f"{json.dumps(name)} = {json.dumps(sorted(roles | always))}"


def _rights(rights: Rights) -> Iterator[str]:
    yield from _given(rights.given)
    for relation, name in _RELATIONS.items():
        given = rights.related.get(relation, Given({}))
        # Of a relation, only what is read may be told.
        told = ", ".join(
            line for line in _given(given) if line.split(" ")[0] in {"read", "mask", "reveal"}
        )
        yield f"{name} = {{ {told} }}"
    yield f"second_factor = {json.dumps(rights.second_factor)}"
    yield f"hides = {json.dumps(rights.hides)}"
    yield f"purposes = {json.dumps([one.value for one in rights.purposes])}"


def _given(given: Given) -> Iterator[str]:
    for action in Action:
        yield f"{action.value.lower()} = {_names(given.actions.get(action, ()))}"
    yield f"mask = {_names(given.mask)}"


def _words(right: FieldRights) -> Iterator[str]:
    if right.is_hidden:
        yield "hidden"
    elif right.is_masked:
        yield "mask"
    yield from (action.value.lower() for action in right.actions)


def _purpose(rule: PurposeRule) -> Iterator[str]:
    if rule.classes is not None:
        yield f"classes = {_names(rule.classes)}"
    if rule.consent is not None:
        yield f"consent = {json.dumps(rule.consent)}"


def _names(members: Iterable[Enum]) -> str:
    return json.dumps(sorted(member.value for member in members))
