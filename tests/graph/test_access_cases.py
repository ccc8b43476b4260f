"""The access cases that people answer for, on the decision itself."""

import pytest

from graph.model.custom_field import CustomerSchema, FieldDefinition
from graph.schema import TenantSchema
from policies.asking import Assurance
from policies.classification import DataClass
from policies.decision import Effect, strictest
from policies.matrix import ROLES
from policies.plan import decide_operation, hidden_fields
from policies.standing import Standing
from tests.graph.access_cases import COLUMNS, COORDINATES, cases
from tests.graph.planning import an_asking

CASES = cases()
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


def test_every_role_has_a_case_for_every_field_in_every_column():
    told = {(case.roles, case.field, case.has_second_factor, case.relation) for case in CASES}
    alone = {(role,) for role in ROLES}

    assert told == {
        (roles, field, *column)
        for roles in {*alone, ("agent", "supervisor")}
        for field in COORDINATES
        for column in COLUMNS
    }


@pytest.mark.parametrize("case", CASES, ids=str)
def test_the_decision_is_as_the_case_says(schema, case):
    assurance = Assurance.FRESH_SECOND_FACTOR if case.has_second_factor else Assurance.PASSWORD
    asking = an_asking(*case.roles, assurance=assurance)
    plan = schema.access_plan(asking, Standing(case.relation))
    hidden = hidden_fields(schema.facts.labels, asking, schema.facts.names)

    way = [decide_operation("profile", asking)]
    way += [plan.decisions[at] for at in COORDINATES[case.field]]

    is_hidden = not hidden.isdisjoint(COORDINATES[case.field])
    assert ("hide" if is_hidden else said(way)) == case.gets


def said(way):
    """What somebody gets of a field: the last effect, unless something on the way is denied."""
    held = strictest(way)
    if held.effect is Effect.DENY:
        return "step_up" if held.code == "STEP_UP_REQUIRED" else "deny"
    return SAID[way[-1].effect]
