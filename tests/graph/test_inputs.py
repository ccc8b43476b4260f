"""Inputs: what may not be written or filtered by is refused before anything happens."""

from dataclasses import replace

import pytest

from graph.errors import ErrorCode, Forbidden
from policies.classification import DataClass
from policies.decision import Action, Effect
from policies.matrix import ROLES, FieldRights
from tests.graph.planning import MATRIX, check_inputs

UPDATE = "mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { __typename } }"
CREATE = "mutation ($input: CreateProfileInput!) { createProfile(input: $input) { __typename } }"
FIND = "query ($where: ProfileFilter) { profiles(where: $where) { totalCount } }"
SORTED = "query ($order: [ProfileOrder!]) { profiles(orderBy: $order) { totalCount } }"
NAME = {"given": "Ada"}
PHONE = {"channel": "VOICE", "value": "+12025550143"}
LINK = {"source": "crm", "object": "contacts", "recordId": "1"}
# What is written, under which name it is refused, and its class.
WRITTEN = [
    ({"name": NAME}, "name", DataClass.IDENTITY),
    ({"name": None}, "name", DataClass.IDENTITY),
    ({"birthDate": "1985-12-10"}, "birthDate", DataClass.DEMOGRAPHIC),
    ({"gender": None}, "gender", DataClass.DEMOGRAPHIC),
    ({"language": "pt-BR"}, "language", DataClass.DEMOGRAPHIC),
    ({"links": []}, "links", DataClass.INTERNAL),
    ({"links": [LINK]}, "links", DataClass.INTERNAL),
    ({"custom": {"tier": "gold"}}, "custom.tier", DataClass.BEHAVIOURAL),
    ({"custom": {"health": None}}, "custom.health", DataClass.SENSITIVE),
    ({"custom": {"account": "1"}}, "custom.account", DataClass.FINANCIAL),
]
FOUND_BY = [
    ({"language": {"equals": "pt"}}, "language", DataClass.DEMOGRAPHIC),
    ({"language": {"in": ["pt", "de"]}}, "language", DataClass.DEMOGRAPHIC),
    ({"language": None}, "language", DataClass.DEMOGRAPHIC),
    ({"givenName": {"startsWith": "A"}}, "givenName", DataClass.IDENTITY),
    ({"familyName": {"equals": "Lovelace"}}, "familyName", DataClass.IDENTITY),
]


def refusal(document, variables=None, *, role, matrix=MATRIX):
    """Which input is refused, with which code and words."""
    with pytest.raises(Forbidden) as refused:
        check_inputs(document, variables, role=role, matrix=matrix)
    return refused.value.field, ErrorCode(refused.value.decision.code), str(refused.value)


def forbidden(place, verb):
    """A refusal that no sign-in helps."""
    return place, ErrorCode.FIELD_FORBIDDEN, f"You may not {verb} {place}."


def gives(role, action, data_class):
    """Whether the matrix gives a role this right on a class."""
    return MATRIX.roles[role].effect(action, data_class) is Effect.ALLOW


@pytest.mark.parametrize("role", sorted(ROLES))
@pytest.mark.parametrize(("input", "name", "data_class"), WRITTEN)
def test_a_role_writes_the_classes_the_matrix_gives_it(role, input, name, data_class):
    place = name if "." in name else f"UpdateProfileInput.{name}"
    variables = {"input": {"id": "1", **input}}

    if gives(role, Action.WRITE, data_class):
        check_inputs(UPDATE, variables, role=role)
    else:
        assert refusal(UPDATE, variables, role=role) == forbidden(place, "set")


@pytest.mark.parametrize("role", sorted(ROLES))
@pytest.mark.parametrize(("where", "name", "data_class"), FOUND_BY)
def test_a_role_looks_people_up_by_the_classes_the_matrix_gives_it(role, where, name, data_class):
    place = f"ProfileFilter.{name}"

    if gives(role, Action.FILTER, data_class):
        check_inputs(FIND, {"where": where}, role=role)
    else:
        assert refusal(FIND, {"where": where}, role=role) == forbidden(place, "look people up by")


@pytest.mark.parametrize(("may", "not_may"), [("FILTER", "SORT"), ("SORT", "FILTER")])
def test_sorting_by_a_field_and_looking_people_up_by_it_are_two_rights(may, not_may):
    given = {"PersonName.given": FieldRights(frozenset({Action.READ, Action[may]}))}
    agent = replace(MATRIX.roles["agent"], fields=given)
    matrix = replace(MATRIX, roles={**MATRIX.roles, "agent": agent})
    asked = {
        "FILTER": (FIND, {"where": {"givenName": {"equals": "Ada"}}}),
        "SORT": (SORTED, {"order": {"givenName": "ASC"}}),
    }
    refused = {
        "FILTER": forbidden("ProfileFilter.givenName", "look people up by"),
        "SORT": forbidden("ProfileOrder.givenName", "sort people by"),
    }

    check_inputs(*asked[may], role="agent", matrix=matrix)

    assert refusal(*asked[not_may], role="agent", matrix=matrix) == refused[not_may]


def test_what_is_not_sent_is_not_refused():
    check_inputs(UPDATE, {"input": {"id": "1", "ifVersion": 3}}, role="reviewer")
    check_inputs(FIND, {"where": {"id": {"in": ["1"]}, "state": None}}, role="reviewer")
    check_inputs(FIND, {}, role="reviewer")


def updating(custom):
    """A root field that sets custom values."""
    return f"updateProfile(input: {{id: 1, custom: {custom}}}) {{ __typename }}"


GOLD = updating('{tier: "gold"}')
HOWEVER_SENT = {
    "as a literal": f"mutation {{ {GOLD} }}",
    "cleared": f"mutation {{ {updating('{tier: null}')} }}",
    "as a variable in a literal": f"mutation ($v: String) {{ {updating('{tier: $v}')} }}",
    "as a variable": f"mutation ($v: CustomValues) {{ {updating('$v')} }}",
    "in a fragment": f"mutation {{ ...F }} fragment F on Mutation {{ m: {GOLD} }}",
}


@pytest.mark.parametrize("document", HOWEVER_SENT.values(), ids=HOWEVER_SENT)
def test_a_custom_key_is_decided_however_it_is_sent(document):
    variables = {"v": {"tier": "gold"} if "CustomValues" in document else "gold"}

    assert refusal(document, variables, role="agent") == forbidden("custom.tier", "set")


def test_one_denied_custom_key_among_allowed_ones_refuses_all():
    variables = {"input": {"id": "1", "custom": {"tier": "gold", "health": "asthma"}}}

    assert refusal(UPDATE, variables, role="supervisor") == forbidden("custom.health", "set")


def test_a_custom_key_nobody_defined_is_left_to_the_parser():
    check_inputs(UPDATE, {"input": {"id": "1", "custom": {"unknown": 1}}}, role="reviewer")


@pytest.mark.parametrize(
    ("input", "place"),
    [
        ({"identities": [PHONE]}, "CreateProfileInput.identities"),
        ({"identities": []}, "CreateProfileInput.identities"),
        ({"links": [LINK, LINK]}, "CreateProfileInput.links"),
        ({"name": {"family": None}}, "CreateProfileInput.name"),
    ],
)
def test_lists_of_inputs_are_refused_by_their_own_label(input, place):
    assert refusal(CREATE, {"input": input}, role="evaluator") == forbidden(place, "set")


def test_inputs_in_a_list_may_be_sent_by_who_may_write_them():
    check_inputs(CREATE, {"input": {"identities": [PHONE, PHONE]}}, role="agent")


def test_an_agent_may_keep_a_customer_without_a_crm_record():
    variables = {"input": {"name": NAME, "identities": [PHONE], "birthDate": "1985-12-10"}}

    check_inputs(CREATE, variables, role="agent")


def test_an_agent_may_not_say_which_crm_record_a_customer_is():
    variables = {"input": {"name": NAME, "links": [LINK]}}

    assert refusal(CREATE, variables, role="agent") == forbidden("CreateProfileInput.links", "set")


@pytest.mark.parametrize(
    ("role", "may"), [("agent", True), ("assistant", True), ("admin", False), ("reviewer", False)]
)
def test_recognising_somebody_by_an_address_is_a_filter(role, may):
    document = 'query { identify(channel: EMAIL, value: "ada@x.org") { outcome } }'

    if may:
        check_inputs(document, role=role)
    else:
        assert refusal(document, role=role) == forbidden(
            "Query.identify.value", "look people up by"
        )


def test_every_root_field_is_decided_and_not_only_the_first():
    document = """
    mutation {
      a: updateProfile(input: {id: 1, gender: "f"}) { __typename }
      b: updateProfile(input: {id: 1, links: []}) { __typename }
    }
    """

    assert refusal(document, role="agent") == forbidden("UpdateProfileInput.links", "set")


def test_a_root_field_that_is_skipped_is_not_decided():
    document = (
        "mutation { updateProfile(input: {id: 1, links: []}) @skip(if: true) { __typename } }"
    )

    check_inputs(document, role="agent")
