"""Each guard alone: what it says, and when it says nothing."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from policies.access.order import ACCESS_POLICIES
from policies.access.roles import by_field_roles, by_role
from policies.access.second_factor import by_second_factor
from policies.classification import DataClass, Label
from policies.decision import Action, Decision, Effect, strictest
from tests.policies.questions import (
    NOBODY_DEFINED,
    a_matrix,
    a_question,
    decisions,
    labels,
    matrices,
    principals,
    some_rights,
    somebody,
)

CONTACT = Label(DataClass.CONTACT)
READS = some_rights(read=[DataClass.CONTACT])
MASKS = some_rights(mask=[DataClass.CONTACT])
PROVED_READS = some_rights(read=[DataClass.CONTACT], second_factor=True)
FORBIDDEN = Decision(Effect.DENY, "no role of yours may READ CONTACT")


def test_the_guards_are_asked_in_this_order():
    assert [*ACCESS_POLICIES] == [by_role, by_field_roles, by_second_factor]


def test_a_role_gives_what_the_matrix_lists():
    question = a_question(somebody("agent"), CONTACT, a_matrix({"agent": READS}))

    assert by_role(question) == Decision(Effect.ALLOW, "role agent may READ CONTACT: ALLOW")


def test_a_role_masks_what_the_matrix_masks():
    question = a_question(somebody("agent"), CONTACT, a_matrix({"agent": MASKS}))

    assert by_role(question) == Decision(Effect.MASK, "role agent may READ CONTACT: MASK")


def test_a_role_denies_what_the_matrix_does_not_list():
    question = a_question(somebody("agent"), CONTACT, a_matrix({"agent": some_rights()}))

    assert by_role(question) == FORBIDDEN


def test_a_mask_is_no_right_to_write_or_filter():
    matrix = a_matrix({"agent": MASKS})

    for action in (Action.WRITE, Action.FILTER):
        question = a_question(somebody("agent"), CONTACT, matrix, action)
        assert by_role(question).effect is Effect.DENY


def test_reading_is_no_right_to_write_or_filter():
    matrix = a_matrix({"agent": READS})

    for action in (Action.WRITE, Action.FILTER):
        question = a_question(somebody("agent"), CONTACT, matrix, action)
        assert by_role(question).effect is Effect.DENY


def test_writing_and_filtering_are_given_by_their_own_lists():
    given = some_rights(write=[DataClass.CONTACT], filter=[DataClass.IDENTITY])
    matrix = a_matrix({"agent": given})
    effects = {
        (action, data_class): by_role(
            a_question(somebody("agent"), Label(data_class), matrix, action)
        ).effect
        for action in (Action.WRITE, Action.FILTER)
        for data_class in (DataClass.CONTACT, DataClass.IDENTITY)
    }

    assert effects == {
        (Action.WRITE, DataClass.CONTACT): Effect.ALLOW,
        (Action.WRITE, DataClass.IDENTITY): Effect.DENY,
        (Action.FILTER, DataClass.CONTACT): Effect.DENY,
        (Action.FILTER, DataClass.IDENTITY): Effect.ALLOW,
    }


def test_of_several_roles_the_loosest_right_counts():
    matrix = a_matrix({"agent": MASKS, "evaluator": some_rights(), "service": READS})

    decision = by_role(a_question(somebody("agent", "evaluator", "service"), CONTACT, matrix))

    assert decision == Decision(Effect.ALLOW, "role service may READ CONTACT: ALLOW")


def test_a_role_nobody_defined_gives_nothing():
    question = a_question(somebody(NOBODY_DEFINED), CONTACT, a_matrix({"agent": READS}))

    assert by_role(question) == FORBIDDEN


def test_somebody_without_a_role_gets_nothing():
    assert by_role(a_question(somebody(), CONTACT, a_matrix({"agent": READS}))) == FORBIDDEN


def test_a_field_without_roles_of_its_own_is_left_to_the_matrix():
    assert by_field_roles(a_question(somebody("agent"), CONTACT)) is None


def test_a_field_with_roles_of_its_own_is_left_to_the_matrix_for_them():
    reserved = Label(DataClass.CONTACT, roles=frozenset({"agent", "service"}))

    assert by_field_roles(a_question(somebody("agent"), reserved)) is None


def test_a_field_with_roles_of_its_own_is_denied_to_everybody_else():
    reserved = Label(DataClass.CONTACT, roles=frozenset({"service"}))

    decision = by_field_roles(a_question(somebody("agent"), reserved))

    assert decision == Decision(Effect.DENY, "the field is reserved for other roles")


def test_a_field_with_an_empty_list_of_roles_is_nobodys():
    reserved = Label(DataClass.CONTACT, roles=frozenset())

    decision = by_field_roles(a_question(somebody("service"), reserved))

    assert decision == Decision(Effect.DENY, "the field is reserved for other roles")


@given(principals, labels, matrices)
def test_with_a_second_factor_there_is_nothing_to_ask_for(principal, label, matrix):
    proved = replace(principal, has_second_factor=True)

    assert by_second_factor(a_question(proved, label, matrix)) is None


def test_a_field_that_asks_for_a_second_factor_is_denied_without_one():
    label = Label(DataClass.CONTACT, needs_step_up=True)
    asker = somebody("agent", second_factor=False)

    decision = by_second_factor(a_question(asker, label, a_matrix({"agent": READS})))

    assert decision == Decision(Effect.DENY, "the field needs a second factor", "STEP_UP_REQUIRED")


def test_a_role_that_asks_for_a_second_factor_gives_nothing_without_one():
    asker = somebody("supervisor", second_factor=False)

    decision = by_second_factor(a_question(asker, CONTACT, a_matrix({"supervisor": PROVED_READS})))

    assert decision == Decision(
        Effect.DENY, "your role needs a second factor for this", "STEP_UP_REQUIRED"
    )


def test_what_another_role_gives_stays_without_a_second_factor():
    asker = somebody("agent", "supervisor", second_factor=False)
    matrix = a_matrix({"agent": MASKS, "supervisor": PROVED_READS})

    decision = by_second_factor(a_question(asker, CONTACT, matrix))

    assert decision == Decision(
        Effect.MASK, "your role needs a second factor for this", "STEP_UP_REQUIRED"
    )


def test_a_second_factor_that_would_give_no_more_is_not_asked_for():
    asker = somebody("agent", "supervisor", second_factor=False)
    matrix = a_matrix({"agent": READS, "supervisor": PROVED_READS})

    assert by_second_factor(a_question(asker, CONTACT, matrix)) is None


def test_a_second_factor_is_not_asked_for_where_it_would_not_help():
    asker = somebody("supervisor", second_factor=False)
    matrix = a_matrix({"supervisor": some_rights(second_factor=True)})

    assert by_second_factor(a_question(asker, CONTACT, matrix)) is None


def test_a_field_reserved_for_an_unproved_role_stays_shut_whatever_the_other_roles_give():
    asker = somebody("agent", "supervisor", second_factor=False)
    matrix = a_matrix({"agent": READS, "supervisor": PROVED_READS})
    reserved = Label(DataClass.CONTACT, roles=frozenset({"supervisor"}))

    decision = by_second_factor(a_question(asker, reserved, matrix))

    assert decision == Decision(
        Effect.DENY, "your role needs a second factor for this", "STEP_UP_REQUIRED"
    )


def test_a_field_reserved_for_a_proved_role_is_open_without_a_second_factor():
    asker = somebody("agent", "supervisor", second_factor=False)
    matrix = a_matrix({"agent": READS, "supervisor": PROVED_READS})
    reserved = Label(DataClass.CONTACT, roles=frozenset({"agent"}))

    assert by_second_factor(a_question(asker, reserved, matrix)) is None


def test_a_role_nobody_defined_is_not_asked_for_a_second_factor():
    asker = somebody("agent", NOBODY_DEFINED, second_factor=False)
    reserved = Label(DataClass.CONTACT, roles=frozenset({NOBODY_DEFINED}))

    assert by_second_factor(a_question(asker, reserved, a_matrix({"agent": READS}))) is None


def test_silence_of_all_guards_means_deny():
    assert strictest([]) == Decision(Effect.DENY, "no policy allows it")


def test_of_equally_strict_answers_the_first_holds():
    first, second = Decision(Effect.MASK, "first"), Decision(Effect.MASK, "second")

    assert strictest([Decision(Effect.ALLOW, "loose"), first, second]) is first


@given(st.lists(decisions, min_size=1))
def test_the_strictest_answer_holds(answers):
    held = strictest(answers)

    assert held in answers
    assert held.effect == max(answer.effect for answer in answers)
