"""Leak 11: nothing that is shown is made of what is denied."""

from hypothesis import given

from policies.decision import Effect
from tests.leaks.worlds import (
    a_tenant,
    alike,
    canary,
    leak_test,
    letters,
    person,
    plans,
    put_in_force,
)
from tests.support.gateway import a_profile
from tests.support.random_access import whole_document

LIST = """
{ profiles(first: 5) { totalCount edges { node { id version state createdAt updatedAt formerIds
  name { given family full } birthDate gender language identities { value } links { recordId }
  custom { _keys } fields { key value masked fetchedAt observedAt stale error { code message } } }
} } }
"""


def other_identity(identity, effect):
    """Another address of the same ending and first letter, or number of the same last digits."""
    value = identity["value"]
    if effect is Effect.ALLOW:
        return identity
    if "@" in value:
        return {**identity, "value": f"{value[0]}{letters(20)}@{letters(3)}.example"}
    changed = f"+4930{letters(0)}8765{value[-6:]}"
    return {**identity, "value": changed[:5] + "12" + changed[5:-4] + value[-4:]}


def differing(plan, access, ada):  # noqa: C901 - one step for each attribute
    """Somebody else, who differs in all that is denied or masked, and in nothing else."""

    def effect(coordinate):
        return access.effect(coordinate)

    eve = {**ada, "name": dict(ada["name"]), "custom": dict(ada["custom"])}
    parts = ("given", "family")
    denies_name = effect("Profile.name") is Effect.DENY
    eve["name"] |= {
        part: letters(23)
        for part in parts
        if denies_name or effect(f"PersonName.{part}") is not Effect.ALLOW
    }
    for name, coordinate, value in (
        ("gender", "Profile.gender", letters(5)),
        ("language", "Profile.language", "de"),
        ("birthDate", "Profile.birth_date", f"{ada['birthDate'][:4]}-11-30"),
    ):
        if effect(coordinate) is not Effect.ALLOW:
            eve[name] = value  # noqa: PERF403 - reads better
    if effect("Profile.birth_date") is Effect.DENY:
        eve.pop("birthDate")
    if effect("Profile.links") is Effect.DENY:
        eve.pop("links")
    if effect("Profile.identities") is Effect.DENY:
        eve["identities"] = []
    else:
        eve["identities"] = [
            other_identity(one, effect("Identity.value")) for one in ada["identities"]
        ]
    for one in plan.schema.customer_schema.fields:
        if effect(one.coordinate) is Effect.DENY:
            eve["custom"].pop(one.key)
        elif effect(one.coordinate) is Effect.MASK and one.kind in {"STRING", "NAME"}:
            made = letters(29)
            eve["custom"][one.key] = [made] if one.is_list else made
        elif effect(one.coordinate) is Effect.MASK and one.kind in {"NUMBER", "MONEY"}:
            eve["custom"][one.key] = canary(one.kind)
    return eve


@leak_test(8)
@given(plans())
async def test_two_who_differ_in_what_is_denied_or_masked_alone_look_the_same(watched, plan):
    access = plan.schema.access_plan(plan.asking)
    ada = person(plan.schema)
    eve = differing(plan, access, ada)
    answers = []
    document = whole_document(plan.schema.visible(plan.asking).graphql, "profile")
    # Each alone in a tenant: an identity is claimed by one.
    for one in (ada, eve):
        tenant = await a_tenant(watched, plan)
        own = await a_profile(watched.as_role("service", tenant=tenant), **one)
        await put_in_force(watched, tenant, plan.matrix)
        caller = plan.who.caller(watched, tenant)
        whole = await caller.post(document.replace("0" * 26, own))
        answers.append((whole, await caller.post(LIST)))

    for one, other in zip(*answers, strict=True):
        assert alike(one.text) == alike(other.text)
        assert one.status_code == other.status_code
        lengths = ("content-length", "date")
        headers = [
            {name: value for name, value in answer.headers.items() if name not in lengths}
            for answer in (one, other)
        ]
        assert headers[0] == headers[1]
