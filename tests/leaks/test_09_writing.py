"""Leak 9: who writes what they may not read learns nothing of what was there."""

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from policies.classification import DataClass
from policies.decision import Action, Effect
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
from tests.support.gateway import a_profile, define
from tests.support.random_access import whole_document

UPDATE = "mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { profile %s } }"
ADD = "mutation ($input: AddIdentityInput!) { addIdentity(input: $input) { profile { id } } }"
HISTORY = """
query ($id: ID!) {
  profile(id: $id) { history { edges { node { kind changes { attribute before after } } } } }
}
"""
CORE = {
    "gender": ("Profile.gender", lambda: letters(9)),
    "birthDate": ("Profile.birth_date", lambda: canary("DATE")),
    "language": ("Profile.language", lambda: "pt"),
}


def writing(plan):
    """The same plan; who asks may write everything."""
    matrix = plan.matrix
    roles = {}
    for role, rights in matrix.roles.items():
        every = {**rights.given.actions, Action.WRITE: frozenset(DataClass)}
        given_ = replace(rights.given, actions=every)
        own = {
            name: right
            if right.is_hidden or right.is_masked
            else replace(right, actions=right.actions | {Action.WRITE})
            for name, right in rights.fields.items()
        }
        roles[role] = replace(rights, given=given_, fields=own)
    return replace(plan, matrix=replace(matrix, roles=roles))


def unreadable(plan, access):
    """What may not be read: the input that sets it, and how to make a value."""
    for name, (coordinate, make) in CORE.items():
        if access.effect(coordinate) is not Effect.ALLOW:
            yield lambda value, name=name: {name: value}, make
    for one in plan.schema.customer_schema.fields:
        if access.effect(one.coordinate) is not Effect.ALLOW:
            yield (
                lambda value, key=one.key: {"custom": {key: value}},
                lambda one=one: canary(one.kind, is_list=one.is_list),
            )


def is_day(value):
    """Whether it is a day, of which a mask shows the year: two of one year look the same."""
    return isinstance(value, str) and value.startswith("19")


def selection(plan):
    """Everything of a profile that whoever asks knows of."""
    whole = whole_document(plan.schema.visible(plan.asking).graphql, "profile")
    return whole[whole.index(") {") + 2 : whole.rindex("}")]


@leak_test(6)
@given(plans().map(writing))
async def test_a_write_to_what_one_may_not_read_does_not_tell_whether_it_changed(watched, plan):
    tenant = await a_tenant(watched, plan)
    service = watched.as_role("service", tenant=tenant)
    access = plan.schema.access_plan(plan.asking)
    targets, shared = list(unreadable(plan, access)), person(plan.schema)
    shared.pop("identities")
    pairs = []
    for put, make in targets:
        value, other = make(), make()
        if is_day(value):
            other = value[:5] + "12" + value[7:]
        both = [
            await a_profile(service, **_merged(shared, put(before))) for before in (value, other)
        ]
        pairs.append((put(value), both, value, other))
    await put_in_force(watched, tenant, plan.matrix)
    caller, document = plan.who.caller(watched, tenant), UPDATE % selection(plan)

    for given_, both, value, other in pairs:
        answers = [await caller.post(document, {"input": {"id": one, **given_}}) for one in both]
        assert alike(answers[0].text) == alike(answers[1].text), given_
        for held in (value, other):
            if isinstance(held, str) and len(held) > 7 and not is_day(held):
                assert held not in answers[0].text + answers[1].text


@leak_test(3)
@given(plans().map(writing), st.integers(0, 1))
async def test_a_conflict_does_not_tell_whose_an_identity_is(watched, plan, which):
    tenant = await a_tenant(watched, plan)
    service = watched.as_role("service", tenant=tenant)
    people = [person(plan.schema) for _ in range(3)]
    own, *others = [await a_profile(service, **one) for one in people]
    given = [{"profileId": own, **one["identities"][which]} for one in people[1:]]
    refused = (await service.ask(ADD, {"input": given[0]}))["errors"]
    assert [one["extensions"]["code"] for one in refused] == ["CONFLICT"]
    await put_in_force(watched, tenant, plan.matrix)

    for caller in (plan.who.caller(watched, tenant), service):
        answers = [await caller.post(ADD, {"input": one}) for one in given]
        assert answers[0].content == answers[1].content
        for profile, one in zip(others, people[1:], strict=True):
            for part in (profile, *one["name"].values(), one["gender"]):
                assert part not in answers[0].text + answers[1].text


async def test_history_tells_nobody_of_a_change_that_looks_the_same_to_them(watched, tenant):
    door = {"key": "door", "kind": "STRING", "dataClass": "CONTACT"}
    await define(watched.as_role("admin", tenant=tenant), [door])
    service, agent = (watched.as_role(role, tenant=tenant) for role in ("service", "agent"))
    both = [await a_profile(service, custom={"door": held}) for held in ("left", "right")]
    for one in both:
        await agent.data(UPDATE % "{ id }", {"input": {"id": one, "custom": {"door": "left"}}})

    seen = [(await agent.data(HISTORY, {"id": one}))["profile"]["history"] for one in both]
    whole = [(await service.data(HISTORY, {"id": one}))["profile"]["history"] for one in both]

    assert seen[0] == seen[1]
    assert [len(one["edges"]) for one in whole] == [0, 1]
    changed = {"attribute": "custom.door", "before": "right", "after": "left"}
    assert whole[1]["edges"][0]["node"]["changes"] == [changed]


def _merged(shared, given_):
    custom = {**shared["custom"], **given_.get("custom", {})}
    return {**shared, **given_, "custom": custom}
