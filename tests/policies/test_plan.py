"""The one place that decides: laws that hold for any principal, label and matrix."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from policies.access.order import ACCESS_POLICIES
from policies.classification import DataClass, Label
from policies.decision import Action, Decision, Effect
from policies.plan import AccessPlan, Scope, decide, decide_operation, make_plan, scope_of
from tests.policies.questions import (
    NOBODY_DEFINED,
    SHIPPED,
    a_matrix,
    a_question,
    decisions,
    matrices,
    principals,
    questions,
    some_rights,
    somebody,
)

GRANTED = {"profile": frozenset({"agent", "supervisor"})}
MATRIX = a_matrix({"agent": some_rights(), "supervisor": some_rights(second_factor=True)}, GRANTED)
all_roles = st.sampled_from([*sorted(SHIPPED.roles), NOBODY_DEFINED])


@given(questions, decisions, st.integers(0, len(ACCESS_POLICIES)))
def test_adding_an_access_policy_never_widens_access(question, answer, place):
    more = [*ACCESS_POLICIES]
    more.insert(place, lambda _: answer)

    assert decide(question, more).effect >= decide(question).effect


@given(questions)
def test_a_policy_without_an_answer_changes_nothing(question):
    assert decide(question, [*ACCESS_POLICIES, lambda _: None]) == decide(question)


@given(questions, all_roles)
def test_one_more_role_never_gives_less(question, role):
    more = replace(question.principal, roles=question.principal.roles | {role})

    assert decide(replace(question, principal=more)).effect <= decide(question).effect


@given(questions, all_roles)
def test_naming_the_roles_of_a_field_never_widens_access(question, role):
    narrowed = replace(question.label, roles=(question.label.roles or frozenset()) & {role})

    assert decide(replace(question, label=narrowed)).effect >= decide(question).effect


@given(questions)
def test_a_second_factor_never_gives_less(question):
    proved = replace(question, principal=replace(question.principal, has_second_factor=True))

    assert decide(proved).effect <= decide(question).effect


@given(questions)
def test_a_client_is_told_to_step_up_exactly_where_that_gives_more(question):
    unproved = replace(question.principal, has_second_factor=False)
    proved = replace(question.principal, has_second_factor=True)

    without = decide(replace(question, principal=unproved))

    more = decide(replace(question, principal=proved)).effect < without.effect
    assert (without.code == "STEP_UP_REQUIRED") is more


@given(questions)
def test_without_a_second_factor_the_roles_that_ask_for_one_give_nothing(question):
    defined = question.matrix.roles
    others = {
        role
        for role in question.principal.roles
        if role not in defined or not defined[role].second_factor
    }
    unproved = replace(question.principal, has_second_factor=False)
    fewer = replace(unproved, roles=frozenset(others))

    with_them = decide(replace(question, principal=unproved))

    assert with_them.effect == decide(replace(question, principal=fewer)).effect


@given(matrices, st.sampled_from(DataClass), st.sampled_from(Action), st.booleans())
def test_a_role_nobody_defined_may_do_nothing(matrix, data_class, action, second_factor):
    stranger = somebody(NOBODY_DEFINED, second_factor=second_factor)

    decision = decide(a_question(stranger, Label(data_class), matrix, action))

    assert decision == Decision(
        Effect.DENY, f"no role of yours may {action.value} {data_class.value}"
    )


def test_a_plan_keeps_one_decision_for_each_coordinate():
    labels = {"Profile.id": Label(DataClass.PUBLIC), "Identity.value": Label(DataClass.CONTACT)}

    plan = make_plan(labels, somebody("agent"), SHIPPED)

    assert plan == AccessPlan(
        Scope("shop"),
        {
            "Profile.id": Decision(Effect.ALLOW, "role agent may READ PUBLIC: ALLOW"),
            "Identity.value": Decision(Effect.MASK, "role agent may READ CONTACT: MASK"),
        },
    )
    assert plan.effect("Profile.id") is Effect.ALLOW
    assert plan.effect("Identity.value") is Effect.MASK


def test_a_plan_is_made_for_the_action_it_is_told():
    labels = {"Identity.value": Label(DataClass.CONTACT)}

    plan = make_plan(labels, somebody("agent"), SHIPPED, Action.WRITE)

    assert plan.effect("Identity.value") is Effect.ALLOW


@given(principals, st.text())
def test_a_coordinate_that_was_not_planned_is_denied(principal, coordinate):
    assert make_plan({}, principal, SHIPPED).effect(coordinate) is Effect.DENY


def test_everybody_is_confined_to_their_tenant():
    assert scope_of(somebody("privacy_officer")) == Scope("shop")


def test_an_operation_is_open_to_the_roles_it_lists():
    decision = decide_operation("profile", somebody("agent", second_factor=False), MATRIX)

    assert decision == Decision(Effect.ALLOW, "granted to agent")


def test_an_operation_is_open_to_a_role_that_has_proved_itself():
    decision = decide_operation("profile", somebody("supervisor"), MATRIX)

    assert decision == Decision(Effect.ALLOW, "granted to supervisor")


def test_an_operation_needs_a_second_factor_where_all_its_roles_of_yours_do():
    decision = decide_operation("profile", somebody("supervisor", second_factor=False), MATRIX)

    assert decision == Decision(Effect.DENY, "profile needs a second factor", "STEP_UP_REQUIRED")


def test_an_operation_is_open_without_a_second_factor_to_a_role_that_needs_none():
    asker = somebody("agent", "supervisor", second_factor=False)

    decision = decide_operation("profile", asker, MATRIX)

    assert decision == Decision(Effect.ALLOW, "granted to agent")


def test_an_operation_is_shut_to_every_other_role():
    decision = decide_operation("profile", somebody("service"), MATRIX)

    assert decision == Decision(Effect.DENY, "no role of yours may call profile", "FORBIDDEN")


def test_an_operation_the_matrix_does_not_know_is_shut_to_everybody():
    decision = decide_operation("eraseAll", somebody("agent", "supervisor"), MATRIX)

    assert decision == Decision(Effect.DENY, "no role of yours may call eraseAll", "FORBIDDEN")


@given(principals, all_roles, st.sampled_from(sorted(SHIPPED.operations)))
def test_one_more_role_never_shuts_an_operation(principal, role, name):
    more = replace(principal, roles=principal.roles | {role})

    after = decide_operation(name, more, SHIPPED)

    assert after.effect <= decide_operation(name, principal, SHIPPED).effect
