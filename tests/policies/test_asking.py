"""Who asks, what for and how sure we are of them."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.asking import Asking, Assurance, asking_of, decide_purpose
from policies.classification import DataClass
from policies.decision import Decision, Effect
from policies.matrix import Assurances, Ceiling, Conversations, PurposeRule
from policies.principal import Principal
from policies.standing import Purpose, Relation
from tests.policies.questions import (
    a_matrix,
    given_classes,
    matrices,
    principals,
    some_rights,
    somebody,
)

NOW = 1_800_000_000.0
MATRIX = replace(
    a_matrix({"agent": some_rights(purposes=[Purpose.CARE, Purpose.SERVICE])}),
    assurances=Assurances(900),
)
CONTACT = frozenset({DataClass.CONTACT})
BOTH = frozenset({DataClass.CONTACT, DataClass.IDENTITY})


def asked(principal: Principal, purpose: Purpose | None = None) -> Asking:
    return asking_of(principal, MATRIX, NOW, purpose)


@pytest.mark.parametrize(
    ("has_second_factor", "seconds_ago", "assurance"),
    [
        (False, 1, Assurance.PASSWORD),
        (True, None, Assurance.SECOND_FACTOR),
        (True, 901, Assurance.SECOND_FACTOR),
        (True, 900, Assurance.FRESH_SECOND_FACTOR),
        (True, 0, Assurance.FRESH_SECOND_FACTOR),
    ],
)
def test_a_second_factor_is_of_just_now_for_a_while_after_signing_in(
    has_second_factor, seconds_ago, assurance
):
    signed_in = None if seconds_ago is None else NOW - seconds_ago
    agent = replace(
        somebody("agent"), has_second_factor=has_second_factor, authenticated_at=signed_in
    )

    assert asked(agent).assurance is assurance


def test_who_says_no_purpose_means_the_first_of_their_role():
    assert asked(somebody("agent")).purpose is Purpose.CARE
    assert asked(somebody("agent"), Purpose.LEGAL).purpose is Purpose.LEGAL
    assert asked(somebody("partner")).purpose is Purpose.SERVICE


def test_a_role_without_purposes_leaves_it_to_the_next():
    matrix = a_matrix({"admin": some_rights(purposes=[]), "agent": MATRIX.roles["agent"]})

    assert asking_of(somebody("admin", "agent"), matrix, NOW).purpose is Purpose.CARE
    assert asking_of(somebody("admin"), matrix, NOW).purpose is Purpose.SERVICE


def test_a_purpose_is_allowed_to_the_roles_that_may_ask_for_it():
    allowed = Decision(Effect.ALLOW, "role agent may ask for CARE")
    denied = Decision(Effect.DENY, "no role of yours may ask for LEGAL", "FORBIDDEN")

    assert decide_purpose(asked(somebody("agent"), Purpose.CARE)) == allowed
    assert decide_purpose(asked(somebody("agent"), Purpose.LEGAL)) == denied
    nobody = Decision(Effect.ALLOW, "no role of yours is known")
    assert decide_purpose(asked(somebody("partner"), Purpose.CARE)) == nobody


def ceiling(client=None, scopes=()):
    """What a client with a token of these scopes gets at most."""
    matrix = replace(
        MATRIX,
        ceilings={"widget": Ceiling(BOTH, frozenset({"profile", "identify"}))},
        scopes={
            "contact": Ceiling(CONTACT),
            "identity": Ceiling(frozenset({DataClass.IDENTITY})),
            "look": Ceiling(operations=frozenset({"profile"})),
        },
    )
    asker = replace(somebody("agent", client=client), scopes=frozenset(scopes))
    return asking_of(asker, matrix, NOW).ceiling


def test_a_client_without_a_ceiling_has_none():
    assert ceiling() == ceiling("desk") == ceiling("desk", ["openid"]) == Ceiling()


def test_a_client_has_its_ceiling_and_its_tokens_scopes_lower_it():
    operations = frozenset({"profile", "identify"})

    assert ceiling("widget") == Ceiling(BOTH, operations)
    assert ceiling("widget", ["contact"]) == Ceiling(CONTACT, operations)
    assert ceiling("widget", ["openid", "look"]) == Ceiling(BOTH, frozenset({"profile"}))
    assert ceiling("desk", ["contact"]) == Ceiling(CONTACT)


def test_several_scopes_allow_what_each_of_them_allows():
    assert ceiling("desk", ["contact", "identity"]) == Ceiling(BOTH)
    assert ceiling("desk", ["contact", "look"]) == Ceiling()


@given(principals, matrices, st.sampled_from(Purpose))
def test_requests_that_differ_in_what_decides_have_different_keys(principal, matrix, purpose):
    asking = asking_of(principal, matrix, NOW, purpose)
    others = [
        replace(asking, purpose=next(one for one in Purpose if one is not purpose)),
        replace(asking, assurance=Assurance.FRESH_SECOND_FACTOR),
        replace(asking, ceiling=Ceiling(CONTACT)),
        replace(asking, principal=replace(principal, tenant="other")),
        replace(asking, principal=replace(principal, roles=principal.roles | {"more"})),
        replace(asking, matrix=replace(matrix, revision=matrix.revision + 1)),
    ]

    same = replace(asking, principal=replace(principal, subject="grace"))
    assert same.key == asking.key
    assert all(other == asking or other.key != asking.key for other in others)


def test_a_request_knows_what_links_its_asker_and_what_customers_must_have_allowed():
    related = {Relation.CONVERSATION: given_classes(read=[DataClass.CONTACT])}
    matrix = replace(
        a_matrix({"agent": some_rights(related=related), "admin": some_rights()}),
        purposes={Purpose.MARKETING: PurposeRule(consent="marketing")},
        conversations=Conversations(frozenset({"service"})),
    )

    def asks(*roles, purpose=Purpose.SERVICE):
        return asking_of(somebody(*roles), matrix, NOW, purpose)

    assert asks("agent", "made-up").known_roles == {"agent"}
    assert asks("agent", "admin").relations == {Relation.CONVERSATION}
    assert asks("admin", "made-up").relations == frozenset()
    assert (asks("agent").consent, asks("agent", purpose=Purpose.MARKETING).consent) == (
        *(None, "marketing"),
    )
    assert (asks("service").may_vouch, asks("agent").may_vouch) == (True, False)
