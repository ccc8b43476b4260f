"""Each guard alone: what it says, and when it says nothing."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.access.assurance import by_fresh_second_factor, by_second_factor
from policies.access.client import by_client
from policies.access.order import ACCESS_POLICIES
from policies.access.purpose import by_consent, by_purpose
from policies.access.roles import by_field_roles, by_role
from policies.asking import Assurance
from policies.classification import DataClass, Label
from policies.decision import Action, Decision, Effect, strictest
from policies.matrix import Assurances, Ceiling, FieldRights, PurposeRule
from policies.standing import Purpose, Relation, Standing
from tests.policies.questions import (
    NOBODY_DEFINED,
    a_matrix,
    a_question,
    decisions,
    given_classes,
    questions,
    some_rights,
    somebody,
)

CONTACT = Label(DataClass.CONTACT)
READS = some_rights(read=[DataClass.CONTACT])
MASKS = some_rights(mask=[DataClass.CONTACT])
PROVED_READS = some_rights(read=[DataClass.CONTACT], second_factor=True)
PASSWORD = Assurance.PASSWORD
FORBIDDEN = Decision(Effect.DENY, "no role of yours may READ CONTACT")


def test_the_guards_are_asked_in_this_order():
    assert [*ACCESS_POLICIES] == [
        *(by_role, by_field_roles, by_purpose, by_consent, by_client),
        *(by_second_factor, by_fresh_second_factor),
    ]


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


@given(questions, st.sampled_from([Assurance.SECOND_FACTOR, Assurance.FRESH_SECOND_FACTOR]))
def test_with_a_second_factor_no_role_asks_for_one(question, assurance):
    proved = replace(question, asking=replace(question.asking, assurance=assurance))

    assert by_second_factor(proved) is None


@given(questions)
def test_with_a_second_factor_of_just_now_nothing_asks_for_one(question):
    fresh = replace(question.asking, assurance=Assurance.FRESH_SECOND_FACTOR)

    assert by_fresh_second_factor(replace(question, asking=fresh)) is None


@pytest.mark.parametrize("assurance", [Assurance.PASSWORD, Assurance.SECOND_FACTOR])
def test_a_field_that_asks_for_a_second_factor_is_denied_without_one_of_just_now(assurance):
    label = Label(DataClass.CONTACT, needs_step_up=True)
    question = a_question(somebody("agent"), label, a_matrix({"agent": READS}), assurance=assurance)

    assert by_fresh_second_factor(question) == Decision(
        Effect.DENY,
        "the field needs a second factor of just now",
        "STEP_UP_REQUIRED",
        max_age_s=900,
    )


@pytest.mark.parametrize("assurance", [Assurance.PASSWORD, Assurance.SECOND_FACTOR])
def test_an_action_that_asks_for_a_second_factor_is_denied_without_one_of_just_now(assurance):
    matrix = a_matrix({}, assurances=Assurances(900, frozenset({Action.REVEAL})))
    asker = somebody("agent")

    revealing = a_question(asker, CONTACT, matrix, Action.REVEAL, assurance=assurance)
    reading = a_question(asker, CONTACT, matrix, assurance=assurance)

    assert by_fresh_second_factor(reading) is None
    assert by_fresh_second_factor(revealing) == Decision(
        Effect.DENY,
        "to REVEAL needs a second factor of just now",
        "STEP_UP_REQUIRED",
        max_age_s=900,
    )


def test_a_role_that_asks_for_a_second_factor_gives_nothing_without_one():
    asker = somebody("supervisor")

    decision = by_second_factor(
        a_question(asker, CONTACT, a_matrix({"supervisor": PROVED_READS}), assurance=PASSWORD)
    )

    assert decision == Decision(
        Effect.DENY, "your role needs a second factor for this", "STEP_UP_REQUIRED"
    )


def test_what_another_role_gives_stays_without_a_second_factor():
    asker = somebody("agent", "supervisor")
    matrix = a_matrix({"agent": MASKS, "supervisor": PROVED_READS})

    decision = by_second_factor(a_question(asker, CONTACT, matrix, assurance=PASSWORD))

    assert decision == Decision(
        Effect.MASK, "your role needs a second factor for this", "STEP_UP_REQUIRED"
    )


def test_a_second_factor_that_would_give_no_more_is_not_asked_for():
    asker = somebody("agent", "supervisor")
    matrix = a_matrix({"agent": READS, "supervisor": PROVED_READS})

    assert by_second_factor(a_question(asker, CONTACT, matrix, assurance=PASSWORD)) is None


def test_a_second_factor_is_not_asked_for_where_it_would_not_help():
    asker = somebody("supervisor")
    matrix = a_matrix({"supervisor": some_rights(second_factor=True)})

    assert by_second_factor(a_question(asker, CONTACT, matrix, assurance=PASSWORD)) is None


def test_a_field_reserved_for_an_unproved_role_stays_shut_whatever_the_other_roles_give():
    asker = somebody("agent", "supervisor")
    matrix = a_matrix({"agent": READS, "supervisor": PROVED_READS})
    reserved = Label(DataClass.CONTACT, roles=frozenset({"supervisor"}))

    decision = by_second_factor(a_question(asker, reserved, matrix, assurance=PASSWORD))

    assert decision == Decision(
        Effect.DENY, "your role needs a second factor for this", "STEP_UP_REQUIRED"
    )


def test_a_field_reserved_for_a_proved_role_is_open_without_a_second_factor():
    asker = somebody("agent", "supervisor")
    matrix = a_matrix({"agent": READS, "supervisor": PROVED_READS})
    reserved = Label(DataClass.CONTACT, roles=frozenset({"agent"}))

    assert by_second_factor(a_question(asker, reserved, matrix, assurance=PASSWORD)) is None


def test_a_role_nobody_defined_is_not_asked_for_a_second_factor():
    asker = somebody("agent", NOBODY_DEFINED)
    reserved = Label(DataClass.CONTACT, roles=frozenset({NOBODY_DEFINED}))

    assert (
        by_second_factor(
            a_question(asker, reserved, a_matrix({"agent": READS}), assurance=PASSWORD)
        )
        is None
    )


def test_a_field_of_its_own_rights_has_them_in_place_of_its_class():
    kind = some_rights(fields={"Interaction.kind": FieldRights(frozenset({Action.READ}))})
    shut = some_rights(read=[DataClass.BEHAVIOURAL], fields={"Interaction.kind": FieldRights()})
    label = Label(DataClass.BEHAVIOURAL)

    def effect(rights, name):
        return by_role(
            a_question(somebody("agent"), label, a_matrix({"agent": rights}), name=name)
        ).effect

    assert [effect(kind, name) for name in ("Interaction.kind", "Interaction.queue", None)] == [
        *(Effect.ALLOW, Effect.DENY, Effect.DENY)
    ]
    assert [effect(shut, name) for name in ("Interaction.kind", "Interaction.queue")] == [
        *(Effect.DENY, Effect.ALLOW)
    ]


def test_a_field_may_be_masked_or_hidden_by_name():
    masked = some_rights(fields={"custom.tier": FieldRights(is_masked=True)})
    hidden = some_rights(fields={"custom.tier": FieldRights(is_hidden=True)})

    def decision(rights, action=Action.READ):
        matrix = a_matrix({"agent": rights})
        return by_role(a_question(somebody("agent"), CONTACT, matrix, action, name="custom.tier"))

    assert decision(masked).reason == "role agent may READ custom.tier: MASK"
    assert decision(masked, Action.FILTER).effect is Effect.DENY
    assert decision(hidden) == FORBIDDEN


def test_a_relation_gives_more_to_who_stands_in_it():
    related = {Relation.CONVERSATION: given_classes(read=[DataClass.CONTACT])}
    matrix = a_matrix({"agent": some_rights(mask=[DataClass.CONTACT], related=related)})

    def decision(relation, action=Action.READ):
        asked = a_question(somebody("agent"), CONTACT, matrix, action, standing=Standing(relation))
        return by_role(asked)

    assert decision(Relation.NONE).effect is Effect.MASK
    assert decision(Relation.BREAK_GLASS).effect is Effect.MASK
    assert decision(Relation.CONVERSATION) == Decision(
        Effect.ALLOW, "role agent may READ CONTACT: ALLOW, in relation CONVERSATION"
    )
    assert decision(Relation.CONVERSATION, Action.WRITE).effect is Effect.DENY


def test_a_relation_loosens_no_field_that_has_rights_of_its_own():
    related = {Relation.CONVERSATION: given_classes(read=[DataClass.CONTACT])}
    rights = some_rights(related=related, fields={"Identity.value": FieldRights()})
    in_talk = Standing(Relation.CONVERSATION)
    asked = a_question(
        somebody("agent"),
        CONTACT,
        a_matrix({"agent": rights}),
        name="Identity.value",
        standing=in_talk,
    )

    assert by_role(asked) == FORBIDDEN


def test_a_field_with_purposes_of_its_own_is_for_them_alone():
    label = Label(DataClass.PUBLIC, purposes=frozenset({Purpose.BILLING}))

    assert by_purpose(a_question(somebody("agent"), label, purpose=Purpose.BILLING)) is None
    assert by_purpose(a_question(somebody("agent"), label)) == Decision(
        Effect.DENY, "the field isn't for the purpose SERVICE"
    )


def test_a_purpose_gives_its_own_classes_and_what_is_public():
    rule = PurposeRule(frozenset({DataClass.CONTACT}))
    matrix = a_matrix({}, purposes={Purpose.MARKETING: rule, Purpose.LEGAL: PurposeRule()})

    def decision(data_class, purpose=Purpose.MARKETING):
        return by_purpose(a_question(somebody("agent"), Label(data_class), matrix, purpose=purpose))

    assert decision(DataClass.CONTACT) is None
    assert decision(DataClass.PUBLIC) is None
    assert decision(DataClass.FINANCIAL, Purpose.LEGAL) is None
    assert decision(DataClass.FINANCIAL, Purpose.SERVICE) is None
    assert decision(DataClass.FINANCIAL) == Decision(Effect.DENY, "MARKETING needs no FINANCIAL")


def test_without_consent_nothing_personal_is_given_away():
    refused = Standing(has_consent=False)

    def decision(action, label=CONTACT, standing=refused):
        return by_consent(
            a_question(
                somebody("agent"),
                label,
                action=action,
                standing=standing,
                purpose=Purpose.MARKETING,
            )
        )

    said = Decision(Effect.DENY, "the customer hasn't consented to MARKETING")
    assert {action for action in Action if decision(action) == said} == {
        *(Action.READ, Action.EXPORT, Action.REVEAL)
    }
    assert decision(Action.WRITE) is None
    assert decision(Action.READ, Label(DataClass.PUBLIC)) is None
    assert decision(Action.READ, standing=Standing()) is None


def test_a_client_gets_no_more_than_its_ceiling():
    def decision(data_class, ceiling):
        return by_client(a_question(somebody("agent"), Label(data_class), ceiling=ceiling))

    low = Ceiling(frozenset({DataClass.IDENTITY}))
    assert decision(DataClass.CONTACT, Ceiling()) is None
    assert decision(DataClass.IDENTITY, low) is None
    assert decision(DataClass.PUBLIC, low) is None
    assert decision(DataClass.CONTACT, low) == Decision(
        Effect.DENY, "the client may not have CONTACT"
    )


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
