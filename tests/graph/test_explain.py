"""Explaining a document: what is told is what executing gives, and every refusal has its reason."""

import re
from functools import cache

import pytest
from graphql.execution.values import get_variable_values
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from graph.errors import BadInput, Forbidden
from graph.explain import explain_document
from graph.explained import BadDocument, ExplainedPart, Outcome, Part
from graph.inputs import InputCheck
from graph.model.custom_field import CustomerSchema
from graph.plan import DocumentPlan, plan_document, root_fields
from graph.schema import TenantSchema
from policies.asking import Asking, Assurance
from policies.decision import Action
from policies.standing import STRANGER, Purpose, Relation, Standing
from tests.graph.planning import FIELDS, an_asking
from tests.support.random_access import (
    askings,
    customer_schemas,
    matrices,
    standings,
    whole_document,
)

# Shrinking a matrix takes minutes.
PHASES = (Phase.explicit, Phase.reuse, Phase.generate)
FEW = settings(max_examples=8, deadline=None, phases=PHASES)
REFUSED = {Outcome.DENIED, Outcome.STEP_UP}
PARTNER, AGENT = an_asking("partner"), an_asking("agent")


@cache
def shop() -> TenantSchema:
    """A schema with stored and live fields of three classes."""
    return TenantSchema(CustomerSchema(1, FIELDS))


def explained(
    text: str, subject: Asking, standing: Standing = STRANGER, seen_by: Asking | None = None
) -> dict[str, ExplainedPart]:
    """The parts of a document by path."""
    schema = shop()
    visible = schema.visible(seen_by) if seen_by else schema.whole
    return {part.path: part for part in explain_document(schema, visible, text, subject, standing)}


def outcomes(text: str, subject: Asking, standing: Standing = STRANGER) -> dict[str, str]:
    """What somebody gets of each part of a document."""
    found = explained(text, subject, standing)
    return {path: part.outcome.value for path, part in found.items()}


def planned(schema: TenantSchema, text: str, subject: Asking, standing: Standing) -> DocumentPlan:
    """The plan by which the document would be executed."""
    visible = schema.visible(subject)
    document = visible.documents.get(text)
    assert document.errors == ()
    operation = document.operation(None)
    values = get_variable_values(visible.graphql, (), {})
    access = schema.access_plan(subject, standing)
    return plan_document(
        visible.graphql, visible.facts, operation, document.fragments, values, access
    )


@FEW
@given(st.data())
def test_what_is_told_of_fields_is_what_executing_gives(data):
    schema = TenantSchema(data.draw(customer_schemas()))
    subject = data.draw(askings(data.draw(matrices(schema))))
    standing = data.draw(standings)
    known = schema.visible(subject).graphql
    if "profile" not in known.query_type.fields:
        return

    text = whole_document(known, "profile")
    told = explain_document(schema, schema.whole, text, subject, standing)
    plan = planned(schema, text, subject, standing)

    fields = [part for part in told if part.part is Part.FIELD and is_selected(part)]
    refused = {
        part.path: part.code
        for part in fields
        if part.outcome in REFUSED and "It lies in" not in part.reason
    }
    masked = {part.path for part in fields if part.outcome is Outcome.MASKED}
    assert Outcome.HIDDEN not in {part.outcome for part in fields}
    assert refused == {".".join(path): item.decision.code for path, item in plan.withheld.items()}
    assert masked == {".".join(path) for path in plan.masked}


def is_selected(part: ExplainedPart) -> bool:
    """Whether the part stands in the document itself: not a key of `fields`."""
    return not part.name.startswith("custom.")


@FEW
@given(st.data())
def test_a_field_is_told_as_hidden_where_the_schema_that_they_know_has_none(data):
    schema = TenantSchema(data.draw(customer_schemas()))
    subject = data.draw(askings(data.draw(matrices(schema))))
    text = whole_document(schema.graphql, "profile")

    told = explain_document(schema, schema.whole, text, subject, STRANGER)
    errors = schema.visible(subject).documents.get(text).errors

    hidden = [part for part in told if part.outcome is Outcome.HIDDEN]
    assert bool(hidden) == bool(errors)
    unknown = {re.search(r"Cannot query field '(\w+)'", one.message) for one in errors}
    names = {part.name.rpartition(".")[2] for part in hidden}
    assert {one[1] for one in unknown if one} <= names


@FEW
@given(st.data())
def test_every_refusal_and_every_mask_has_a_rule_an_entry_and_a_reason(data):
    schema = shop()
    subject = data.draw(askings(data.draw(matrices(schema))))
    standing = data.draw(standings)
    text = whole_document(schema.graphql, "profile")

    told = explain_document(schema, schema.whole, text, subject, standing)

    for part in told:
        assert part.reason.endswith(".")
        assert (part.code is None) is not part.is_refused, part
        if part.is_refused or part.outcome is Outcome.MASKED:
            assert part.rule, part
            assert part.entry, part


@settings(max_examples=40, deadline=None, phases=PHASES)
@given(st.data())
def test_what_is_told_of_inputs_is_what_executing_checks(data):
    schema = shop()
    subject = data.draw(askings(data.draw(matrices(schema))))
    inputs = data.draw(
        st.lists(
            st.sampled_from(
                [
                    'givenName: { equals: "A" }',
                    'birthDate: { lt: "2000-01-01" }',
                    'labels: { contains: "VIP" }',
                    'not: { familyName: { equals: "A" } }',
                    'custom: { tier: { equals: "gold" }, debt: { lt: 1 } }',
                    'or: [{ language: { equals: "de" } }, { state: { equals: IDENTIFIED } }]',
                ]
            ),
            min_size=1,
            max_size=2,
            unique=True,
        )
    )
    where = f"where: {{ {' '.join(inputs)} }}"
    text = f"{{ profiles({where}, orderBy: {{ birthDate: ASC }}) {{ __typename }} }}"

    told = explain_document(schema, schema.whole, text, subject, STRANGER)

    given_inputs = [part for part in told if part.part is Part.INPUT]
    if any(part.outcome is Outcome.HIDDEN for part in told):
        assert schema.visible(subject).documents.get(text).errors
        return
    assert any(part.is_refused for part in given_inputs) is is_refused(schema, text, subject)


def is_refused(schema: TenantSchema, text: str, subject: Asking) -> bool:
    """Whether executing the document refuses one of its inputs."""
    visible = schema.visible(subject)
    document = visible.documents.get(text)
    values = get_variable_values(visible.graphql, (), {})
    check = InputCheck(visible.facts, subject, Action.FILTER)
    [node] = root_fields(document.operation(None), document.fragments, values)
    try:
        check.check("Query", node, visible.graphql.query_type.fields["profiles"], values)
    except Forbidden:
        return True
    return False


PROFILE = "{{ profile(id: 1) {{ {} }} }}"


def test_an_agent_is_told_of_masks_denials_and_what_helps():
    found = explained(
        PROFILE.format("n: name { full } identities { value } custom { debt }"), AGENT
    )

    assert {path: part.outcome.value for path, part in found.items()} == {
        "profile": "CALL",
        "profile.n": "READ",
        "profile.n.full": "READ",
        "profile.identities": "READ",
        "profile.identities.value": "MASKED",
        "profile.custom": "READ",
        "profile.custom.debt": "DENIED",
    }
    value, debt = found["profile.identities.value"], found["profile.custom.debt"]
    assert (value.name, value.data_class.value) == ("Identity.value", "CONTACT")
    assert (value.rule, value.entry) == ("by_role", "roles.agent.mask CONTACT")
    assert "a live conversation with the customer" in value.helps
    assert (debt.code, debt.entry) == ("FIELD_FORBIDDEN", "roles.agent.read SENSITIVE")


def test_in_a_conversation_the_same_number_is_read():
    text, standing = PROFILE.format("identities { value }"), Standing(Relation.CONVERSATION)

    part = explained(text, AGENT, standing)["profile.identities.value"]

    assert part.outcome is Outcome.READ
    assert part.entry == "roles.agent.in_conversation.read CONTACT"


def test_without_a_second_factor_a_supervisor_is_told_that_one_helps():
    subject = an_asking("supervisor", assurance=Assurance.PASSWORD)

    found = explained(PROFILE.format("birthDate"), subject)

    for part in found.values():
        assert part.outcome is Outcome.STEP_UP
        assert part.entry == "roles.supervisor.second_factor"
        assert part.helps == ("a second factor at sign-in",)
        assert part.code == "STEP_UP_REQUIRED"


def test_what_lies_in_a_refused_field_is_refused_with_it():
    found = explained(PROFILE.format("consents { id }"), an_asking("reviewer"))

    part = found["profile.consents.id"]
    assert part.outcome is Outcome.DENIED
    assert part.reason == "It lies in profile.consents, which isn't given."


def test_what_is_hidden_is_told_to_others_and_unknown_to_the_asker_themself():
    text = PROFILE.format('birthDate fields(keys: ["health"]) { value }')

    found = explained(text, PARTNER, seen_by=an_asking("privacy_officer"))

    assert found["profile.birthDate"].outcome is Outcome.HIDDEN
    assert found["profile.birthDate"].entry == "roles.partner.hides"
    assert found["profile.fields.health"].outcome is Outcome.HIDDEN
    with pytest.raises(BadDocument) as caught:
        explained(text, PARTNER, seen_by=PARTNER)
    assert [one["message"] for one in caught.value.details()["errors"]] == [
        "Cannot query field 'birthDate' on type 'Profile'."
    ]
    keys = """{ profile(id: 1) { fields(keys: ["KEY"]) { value } } }"""
    for key in ("health", "absent"):
        with pytest.raises(BadInput, match=r"^fields: one of the keys isn't defined"):
            explained(keys.replace("KEY", key), PARTNER, seen_by=PARTNER)


def test_every_branch_and_all_that_a_variable_may_hold_are_told():
    found = outcomes(
        "query ($b: Boolean!, $w: ProfileFilter, $k: [String!]) { profiles(where: $w) { edges {"
        " node { id @skip(if: $b) gender @include(if: $b) fields(keys: $k) { value } } } } }",
        AGENT,
    )

    node = "profiles.edges.node"
    assert {f"{node}.id", f"{node}.gender", f"{node}.fields.tier"} <= found.keys()
    assert found["profiles(where.givenName)"] == "FILTER"
    assert found["profiles(where.birthDate)"] == "DENIED"
    assert found["profiles(where.custom.tier)"] == "DENIED"


def test_what_a_mutation_writes_is_told():
    mutation = """
    mutation ($c: CustomValues) {
      createProfile(input: {
        gender: "x", name: { given: "A" }, custom: $c
        links: [{ source: "crm", object: "o", recordId: "1" }]
      }) { profile { id } }
      saveFilter(input: { name: "n", where: { language: { equals: "de" } } }) { __typename }
    }
    """

    found = outcomes(mutation, AGENT)

    assert found["createProfile(input.gender)"] == "WRITE"
    assert found["createProfile(input.name.given)"] == "WRITE"
    assert found["createProfile(input.links)"] == "DENIED"
    assert found["createProfile(input.custom.debt)"] == "DENIED"
    assert found["saveFilter(input.where.language)"] == "DENIED"


def test_narrowing_a_timeline_takes_the_right_to_read_what_narrows_it():
    text = PROFILE.format('timeline(agent: "a", since: null, kinds: [CALL]) { totalCount }')

    assert outcomes(text, an_asking("admin"))["profile.timeline(agent)"] == "DENIED"
    assert outcomes(text, AGENT)["profile.timeline(agent)"] == "FILTER"
    assert "profile.timeline(since)" not in outcomes(text, AGENT)


def test_a_purpose_that_no_role_may_ask_for_is_told_first():
    found = explained("{ viewer { subject } }", an_asking("agent", purpose=Purpose.FRAUD))

    first = next(iter(found.values()))
    assert (first.part, first.path) == (Part.PURPOSE, "extensions.purpose")
    assert (first.outcome, first.code) == (Outcome.DENIED, "FORBIDDEN")
    assert first.entry == "roles.agent.purposes"
    assert found["viewer"].reason == "Everybody may call it."
