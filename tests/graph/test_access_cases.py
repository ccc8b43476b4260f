"""The access cases that people answer for, on the decision itself."""

import pytest

from graph.model.custom_field import CustomerSchema, FieldDefinition
from graph.schema import TenantSchema
from policies.classification import DataClass
from policies.decision import Effect, strictest
from policies.matrix import ROLES
from policies.matrix_file import read_matrix
from policies.plan import decide_operation
from policies.principal import Principal
from tests.graph.access_cases import COORDINATES, cases

CASES = cases()
MATRIX = read_matrix()
SAID = {Effect.ALLOW: "read", Effect.MASK: "mask", Effect.DENY: "deny"}


@pytest.fixture(scope="module")
def schema():
    """A schema with a field of each of the classes that cases are about."""
    fields = tuple(
        FieldDefinition(
            id=name, key=name.lower(), label=name, kind="STRING", data_class=DataClass(name)
        )
        for name in ("SENSITIVE", "FINANCIAL", "BEHAVIOURAL")
    )
    return TenantSchema(CustomerSchema(1, fields))


def test_every_role_has_a_case_for_every_field_with_and_without_a_second_factor():
    told = {(case.roles, case.field, case.has_second_factor) for case in CASES}
    alone = {(role,) for role in ROLES}

    assert told == {
        (roles, field, has_second_factor)
        for roles in {*alone, ("agent", "supervisor")}
        for field in COORDINATES
        for has_second_factor in (True, False)
    }


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_decision_is_as_the_case_says(schema, case):
    who = Principal("shop", "ada", frozenset(case.roles), case.has_second_factor)
    plan = schema.access_plan(who, MATRIX)

    way = [decide_operation("profile", who, MATRIX)]
    way += [plan.decisions[at] for at in COORDINATES[case.field]]

    assert said(way) == case.gets


def said(way):
    """What somebody gets of a field: the last effect, unless something on the way is denied."""
    held = strictest(way)
    if held.effect is Effect.DENY:
        return "step_up" if held.code == "STEP_UP_REQUIRED" else "deny"
    return SAID[way[-1].effect]
