"""The one place that decides: laws that hold for any principal, label and matrix."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.access.order import ACCESS_POLICIES
from policies.asking import Assurance
from policies.classification import DataClass, Label
from policies.decision import Action, Decision, Effect
from policies.matrix import Assurances, Ceiling, FieldRights
from policies.plan import (
    AccessPlan,
    Scope,
    decide,
    decide_operation,
    hidden_fields,
    hidden_operations,
    make_plan,
    scope_of,
)
from policies.standing import Relation, Standing
from tests.policies.questions import (
    NOBODY_DEFINED,
    SHIPPED,
    a_matrix,
    a_question,
    an_asking,
    askings,
    ceilings,
    decisions,
    given_classes,
    matrices,
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


def of_roles(asking, roles):
    """The same request by somebody with these roles."""
    return replace(asking, principal=replace(asking.principal, roles=frozenset(roles)))


def sure(question, assurance):
    """The same question by somebody of whom we are so sure."""
    return replace(question, asking=replace(question.asking, assurance=assurance))


@given(questions, all_roles)
def test_one_more_role_never_gives_less(question, role):
    more = of_roles(question.asking, question.asking.principal.roles | {role})

    assert decide(replace(question, asking=more)).effect <= decide(question).effect


@given(questions, all_roles)
def test_naming_the_roles_of_a_field_never_widens_access(question, role):
    narrowed = replace(question.label, roles=(question.label.roles or frozenset()) & {role})

    assert decide(replace(question, label=narrowed)).effect >= decide(question).effect


@given(questions)
def test_being_surer_of_somebody_never_gives_them_less(question):
    effects = [decide(sure(question, assurance)).effect for assurance in Assurance]

    assert effects == sorted(effects, reverse=True)


@given(questions)
def test_a_client_is_told_to_step_up_exactly_where_that_gives_more(question):
    held = decide(question)
    best = decide(sure(question, Assurance.FRESH_SECOND_FACTOR))

    assert (held.code == "STEP_UP_REQUIRED") is (best.effect < held.effect)


@given(questions)
def test_without_a_second_factor_the_roles_that_ask_for_one_give_nothing(question):
    unproved = sure(question, Assurance.PASSWORD)
    defined = question.asking.matrix.roles
    others = {
        role
        for role in question.asking.principal.roles
        if role not in defined or not defined[role].second_factor
    }
    fewer = replace(unproved, asking=of_roles(unproved.asking, others))

    assert decide(unproved).effect == decide(fewer).effect


@given(questions)
def test_what_links_somebody_to_a_customer_never_gives_them_less_to_read(question):
    reading = replace(question, action=Action.READ)
    effects = {
        relation: decide(replace(reading, standing=replace(question.standing, relation=relation)))
        for relation in Relation
    }
    stranger = effects[Relation.NONE].effect
    assert all(decision.effect <= stranger for decision in effects.values())


@given(questions)
def test_without_consent_nobody_gets_more(question):
    given = replace(question, standing=replace(question.standing, has_consent=True))
    missing = replace(question, standing=replace(question.standing, has_consent=False))

    assert decide(missing).effect >= decide(given).effect


@given(questions, ceilings)
def test_a_ceiling_never_widens_access(question, ceiling):
    free = replace(question, asking=replace(question.asking, ceiling=Ceiling()))
    held = replace(question, asking=replace(question.asking, ceiling=ceiling))

    assert decide(held).effect >= decide(free).effect


@given(questions)
def test_every_decision_names_the_rule_that_made_it(question):
    assert decide(question).rule in {policy.__name__ for policy in ACCESS_POLICIES}


@given(matrices, st.sampled_from(DataClass), st.sampled_from(Action), st.sampled_from(Assurance))
def test_a_role_nobody_defined_may_do_nothing(matrix, data_class, action, assurance):
    stranger = somebody(NOBODY_DEFINED)

    decision = decide(a_question(stranger, Label(data_class), matrix, action, assurance=assurance))

    assert decision == Decision(
        Effect.DENY, f"no role of yours may {action.value} {data_class.value}", rule="by_role"
    )


def test_a_plan_keeps_one_decision_for_each_coordinate():
    labels = {"Profile.id": Label(DataClass.PUBLIC), "Identity.value": Label(DataClass.CONTACT)}

    plan = make_plan(labels, an_asking(somebody("agent")))

    assert plan == AccessPlan(
        Scope("shop"),
        {
            "Profile.id": Decision(
                Effect.ALLOW, "role agent may READ PUBLIC: ALLOW", rule="by_role"
            ),
            "Identity.value": Decision(
                Effect.MASK, "role agent may READ CONTACT: MASK", rule="by_role"
            ),
        },
    )
    assert plan.effect("Profile.id") is Effect.ALLOW
    assert plan.effect("Identity.value") is Effect.MASK


def test_a_plan_is_made_for_how_the_asker_stands_to_the_customer():
    labels = {"Identity.value": Label(DataClass.CONTACT)}

    plan = make_plan(labels, an_asking(somebody("agent")), Standing(Relation.CONVERSATION))

    assert plan.effect("Identity.value") is Effect.ALLOW


def test_a_plan_knows_fields_by_the_names_of_the_schema():
    labels = {"Interaction.started_at": Label(DataClass.BEHAVIOURAL)}
    asking = an_asking(somebody("reviewer"))

    named = make_plan(labels, asking, names={"Interaction.started_at": "Interaction.startedAt"})

    assert named.effect("Interaction.started_at") is Effect.ALLOW
    assert make_plan(labels, asking).effect("Interaction.started_at") is Effect.DENY


@given(askings, st.text())
def test_a_coordinate_that_was_not_planned_is_denied(asking, coordinate):
    assert make_plan({}, asking).effect(coordinate) is Effect.DENY


def test_what_is_hidden_is_denied_to_who_asks_for_it_all_the_same():
    plan = AccessPlan(Scope("shop"), {"Profile.name": Decision(Effect.HIDE, "unknown")})

    assert plan.effect("Profile.name") is Effect.DENY


def test_everybody_is_confined_to_their_tenant():
    assert scope_of(somebody("privacy_officer")) == Scope("shop")


def called(name, *roles, assurance=Assurance.FRESH_SECOND_FACTOR, matrix=MATRIX, ceiling=None):
    """Whether somebody with these roles may call an operation."""
    asking = an_asking(somebody(*roles), matrix, assurance, ceiling=ceiling)
    return decide_operation(name, asking)


def test_an_operation_is_open_to_the_roles_it_lists():
    decision = called("profile", "agent", assurance=Assurance.PASSWORD)

    assert decision == Decision(Effect.ALLOW, "granted to agent")


def test_an_operation_is_open_to_a_role_that_has_proved_itself():
    assert called("profile", "supervisor", assurance=Assurance.SECOND_FACTOR) == Decision(
        Effect.ALLOW, "granted to supervisor"
    )


def test_an_operation_needs_a_second_factor_where_all_its_roles_of_yours_do():
    decision = called("profile", "supervisor", assurance=Assurance.PASSWORD)

    assert decision == Decision(Effect.DENY, "profile needs a second factor", "STEP_UP_REQUIRED")


def test_an_operation_is_open_without_a_second_factor_to_a_role_that_needs_none():
    decision = called("profile", "agent", "supervisor", assurance=Assurance.PASSWORD)

    assert decision == Decision(Effect.ALLOW, "granted to agent")


@pytest.mark.parametrize("assurance", [Assurance.PASSWORD, Assurance.SECOND_FACTOR])
def test_an_operation_may_need_a_second_factor_of_just_now(assurance):
    fresh = Assurances(900, fresh_operations=frozenset({"profile"}))
    matrix = replace(MATRIX, assurances=fresh)

    assert called("profile", "agent", matrix=matrix).effect is Effect.ALLOW
    assert called("profile", "agent", matrix=matrix, assurance=assurance) == Decision(
        Effect.DENY, "profile needs a second factor of just now", "STEP_UP_REQUIRED", max_age_s=900
    )


def test_an_operation_is_shut_to_every_other_role():
    shut = Decision(Effect.DENY, "no role of yours may call profile", "FORBIDDEN")
    others = {**MATRIX.roles, "service": some_rights(read=[*DataClass])}

    assert called("profile", "service") == shut
    assert called("profile", "service", matrix=replace(MATRIX, roles=others)) == shut


def test_an_operation_the_matrix_does_not_know_is_shut_to_everybody():
    assert called("eraseAll", "agent", "supervisor") == Decision(
        Effect.DENY, "no role of yours may call eraseAll", "FORBIDDEN"
    )


def test_a_client_calls_no_more_than_its_ceiling():
    shut = Decision(Effect.DENY, "the client may not call profile", "FORBIDDEN")

    assert called("profile", "agent", ceiling=Ceiling(operations=frozenset())) == shut
    low = Ceiling(operations=frozenset({"profile"}))
    assert called("profile", "agent", ceiling=low).effect is Effect.ALLOW


@given(askings, all_roles, st.sampled_from(sorted(SHIPPED.operations)))
def test_one_more_role_never_shuts_an_operation(asking, role, name):
    more = of_roles(asking, asking.principal.roles | {role})

    assert decide_operation(name, more).effect <= decide_operation(name, asking).effect


LABELS = {
    "PersonName.full": Label(DataClass.IDENTITY),
    "Identity.value": Label(DataClass.CONTACT),
    "Link.source": Label(DataClass.INTERNAL, roles=frozenset({"service"})),
}


def hidden(*roles, matrix):
    """Which of three fields somebody with these roles doesn't know."""
    return hidden_fields(LABELS, an_asking(somebody(*roles), matrix), {"Identity.value": "number"})


def test_a_role_that_hides_knows_what_it_may_read_in_any_way_and_no_more():
    related = {Relation.CONVERSATION: given_classes(read=[DataClass.CONTACT])}
    hides = some_rights(mask=[DataClass.IDENTITY], hides=True)

    assert hidden("partner", matrix=a_matrix({"partner": hides})) == {
        *("Identity.value", "Link.source")
    }
    linked = replace(hides, related=related)
    assert hidden("partner", matrix=a_matrix({"partner": linked})) == {"Link.source"}


def test_a_field_that_is_reserved_for_others_is_hidden_from_a_role_that_hides():
    hides = some_rights(read=[*DataClass], hides=True)

    matrix = a_matrix({"partner": hides})
    assert hidden("partner", matrix=matrix) == {"Link.source"}
    assert effect_of_reserved("partner", matrix=matrix) is Effect.DENY


def test_a_reserved_field_is_known_to_whoever_holds_one_of_its_roles_beside_one_that_hides():
    matrix = a_matrix({"partner": some_rights(read=[*DataClass], hides=True)})

    assert hidden("partner", "service", matrix=matrix) == frozenset()
    assert effect_of_reserved("partner", "service", matrix=matrix) is Effect.ALLOW


def effect_of_reserved(*roles, matrix):
    """What is made of the reserved field for somebody with these roles."""
    return make_plan(LABELS, an_asking(somebody(*roles), matrix)).effect("Link.source")


def test_a_role_that_does_not_hide_knows_all_but_what_is_hidden_by_name():
    rights = some_rights(read=[*DataClass])
    named = some_rights(read=[*DataClass], fields={"number": FieldRights(is_hidden=True)})

    assert hidden("agent", matrix=a_matrix({"agent": some_rights()})) == frozenset()
    assert hidden("agent", matrix=a_matrix({"agent": named})) == {"Identity.value"}
    both = a_matrix({"agent": named, "admin": rights})
    assert hidden("agent", "admin", matrix=both) == frozenset()


def test_from_somebody_without_a_role_nothing_is_hidden():
    assert hidden(NOBODY_DEFINED, matrix=a_matrix({})) == frozenset()


@given(askings)
def test_what_is_hidden_can_be_read_in_no_relation_and_by_no_second_factor(asking):
    sure_of = replace(asking, assurance=Assurance.FRESH_SECOND_FACTOR, ceiling=Ceiling())
    names = {"Identity.value": "Identity.value"}

    found = hidden_fields(LABELS, asking, names)

    for relation in Relation:
        plan = make_plan(LABELS, sure_of, Standing(relation), names)
        assert {plan.effect(coordinate) for coordinate in found} <= {Effect.DENY}


def test_operations_that_are_not_theirs_are_hidden_from_roles_that_hide():
    hides = some_rights(hides=True)
    operations = {"profile": frozenset({"partner"}), "suggestions": frozenset({"agent"})}
    matrix = a_matrix({"partner": hides, "agent": some_rights()}, operations)

    def unknown(*roles, ceiling=None):
        asking = an_asking(somebody(*roles), matrix, ceiling=ceiling)
        return hidden_operations(["profile", "suggestions", "eraseAll"], asking)

    assert unknown("partner") == {"suggestions", "eraseAll"}
    assert unknown("agent") == unknown("agent", "partner") == unknown() == frozenset()
    assert unknown("partner", ceiling=Ceiling(operations=frozenset({"suggestions"}))) == {
        *("profile", "suggestions", "eraseAll")
    }
