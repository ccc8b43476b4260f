"""Leak 5: what isn't there, and what is another tenant's, look the same, byte for byte."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.model.ids import new_id
from tests.leaks.worlds import a_tenant, leak_test, person, plans, put_in_force
from tests.support.gateway import a_profile
from tests.support.random_access import whole_document

REASON = "a customer who waits on the line"
INPUTS = {
    "updateProfile": 'id: "ID", gender: "x"',
    "addIdentity": 'profileId: "ID", channel: EMAIL, value: "a@b.cd"',
    "removeIdentity": 'profileId: "ID", channel: EMAIL, value: "a@b.cd"',
    "recordConsent": 'profileId: "ID", purpose: "sale", status: GRANTED',
    "setPreference": 'profileId: "ID", channels: [SMS]',
    "addLabel": 'profileId: "ID", name: "vip"',
    "removeLabel": 'profileId: "ID", name: "vip"',
    "recordInteraction": 'profileId: "ID", kind: CALL',
    "mergeProfiles": 'survivorId: "OWN", absorbedId: "ID"',
    "unmergeProfiles": 'absorbedId: "ID"',
    "dismissSuggestion": 'profileId: "ID", otherId: "OWN"',
    "revealField": f'profileId: "ID", field: "birthDate", reason: "{REASON}"',
    "breakGlass": f'profileId: "ID", reason: "{REASON}"',
}
QUERIES = (
    'query { profile(id: "ID") { id name { full } } }',
    'query { profiles(where: { id: { in: ["ID"] } }) { totalCount edges { node { id } } } }',
    'query { profiles(where: { not: { id: { in: ["ID"] } } }) { totalCount } }',
    'query { a: profile(id: "ID") { id } b: profile(id: "OWN") { version } }',
    'query { auditEvents(profileId: "ID") { totalCount edges { cursor } } }',
)


def requests():
    for name, given_ in INPUTS.items():
        yield f"mutation {{ {name}(input: {{ {given_} }}) {{ __typename }} }}"
    yield from QUERIES


def told(response):
    """A response without what the clock decides."""
    headers = {name: value for name, value in response.headers.items() if name != "date"}
    return response.status_code, headers, response.content


@leak_test(3)
@given(plans(), st.data())
async def test_another_tenants_id_is_answered_as_one_that_never_was(watched, plan, data):
    tenant, away = [await a_tenant(watched, plan) for _ in range(2)]
    service = watched.as_role("service", tenant=tenant)
    own = await a_profile(service, **person(plan.schema))
    other = await a_profile(watched.as_role("service", tenant=away), **person(plan.schema))
    whole = whole_document(plan.schema.graphql, "profile").replace("0" * 26, "ID")
    callers = [watched.as_role(*one, tenant=tenant) for one in (("service",), ("supervisor",))]
    if data.draw(st.booleans()):
        await put_in_force(watched, tenant, plan.matrix)
    callers.append(plan.who.caller(watched, tenant))

    for caller in callers:
        for template in (*requests(), whole):
            document = template.replace("OWN", own)
            never = new_id()
            answers = [await caller.post(document.replace("ID", id_)) for id_ in (other, never)]
            assert told(answers[0]) == told(answers[1]), document
            assert other.encode() not in answers[0].content


@pytest.mark.parametrize("value", ["", "x", "0" * 26, "$ne", "0" * 25, "\u00e9" * 26, "a/b"])
async def test_what_is_no_id_at_all_is_answered_as_one_that_never_was(watched, value):
    service = watched.as_role("service", tenant="existence")
    own = await a_profile(service)

    for template in requests():
        document = template.replace("OWN", own)
        one, other = [await service.post(document.replace("ID", id_)) for id_ in (value, new_id())]
        assert told(one) == told(other), document


@leak_test(3)
@given(plans())
async def test_another_tenants_identity_is_answered_as_one_that_nobody_has(watched, plan):
    tenant, away = [await a_tenant(watched, plan) for _ in range(2)]
    ada = person(plan.schema)
    await a_profile(watched.as_role("service", tenant=away), **ada)
    await put_in_force(watched, tenant, plan.matrix)
    document = "query ($value: String!) { identify(channel: VOICE, value: $value) { outcome } }"

    for caller in (plan.who.caller(watched, tenant), watched.as_role("service", tenant=tenant)):
        values = (ada["identities"][0]["value"], "+12025550143")
        one, other = [await caller.post(document, {"value": value}) for value in values]
        assert told(one) == told(other)
