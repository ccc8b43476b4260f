"""Leak 4: who may not look people up by identities, or by sealed texts, finds nobody by them."""

from hypothesis import given
from hypothesis import strategies as st

from graph.model.identity import Identity
from policies.access.question import Question
from policies.classification import labels_of
from policies.decision import Action, Effect
from policies.plan import decide
from tests.leaks.conditions import conditions
from tests.leaks.worlds import (
    COMMANDS,
    SEALED,
    a_tenant,
    leak_test,
    letters,
    person,
    plans,
    put_in_force,
)
from tests.support.gateway import a_profile

WHO = """
query ($channel: Channel!, $value: String!) {
  identify(channel: $channel, value: $value) {
    outcome profile { id } suggestions { score profile { id } }
  }
}
"""
LIST = """
query ($where: ProfileFilter) { profiles(where: $where) { totalCount edges { node { id } } } }
"""
SUGGESTED = """
query ($id: ID!) {
  profile(id: $id) {
    suggestions { score weight profile { id } agreements { attribute level weight } }
  }
}
"""
NEEDS = {
    "name.given": ("Profile.name", "PersonName.given"),
    "name.family": ("Profile.name", "PersonName.family"),
    "birthDate": ("Profile.birth_date",),
    "phone": ("Profile.identities", "Identity.value"),
    "email": ("Profile.identities", "Identity.value"),
    "account": ("Profile.identities", "Identity.value"),
}


@leak_test(6)
@given(plans())
async def test_who_may_not_look_people_up_by_identities_does_not_learn_whether_one_is_known(
    watched, plan
):
    tenant = await a_tenant(watched, plan)
    ada = person(plan.schema)
    await a_profile(watched.as_role("service", tenant=tenant), **ada)
    await put_in_force(watched, tenant, plan.matrix)
    caller = plan.who.caller(watched, tenant)
    label = labels_of(Identity)["value"]
    question = Question(plan.asking, Action.FILTER, label, "Identity.value")

    for known, unknown in zip(
        ada["identities"],
        ({"channel": "VOICE", "value": "+12025550143"}, {"channel": "EMAIL", "value": "a@b.cd"}),
        strict=True,
    ):
        with COMMANDS.recorded() as seen:
            answers = [await caller.post(WHO, one) for one in (known, unknown)]
        if decide(question).effect is not Effect.ALLOW:
            assert answers[0].content == answers[1].content
            assert answers[0].json().get("data") is None
            assert not seen


@leak_test(4)
@given(plans(), st.integers(3, 8))
async def test_no_part_of_what_is_sealed_finds_anybody(watched, plan, length):
    tenant = await a_tenant(watched, plan)
    ada = person(plan.schema)
    await a_profile(watched.as_role("service", tenant=tenant), **ada)
    supervisor = watched.as_role("supervisor", tenant=tenant)
    everything = [one.value for one in SEALED] + ["PUBLIC"]
    rules = f"[roles.supervisor]\nread = {everything}\nfilter = {everything}\n"
    await watched.gateway.wiring.matrices.change(tenant, rules, None, "tester")

    sealed = {one.key for one in plan.schema.customer_schema.fields if one.data_class in SEALED}
    for wanted in conditions(plan.schema):
        if wanted.field not in sealed or not isinstance(ada["custom"][wanted.field], str):
            continue
        (operator,) = wanted.operands[0]["custom"][wanted.field]
        if operator in {"startsWith", "contains", "lt", "lte", "gt", "gte"}:
            part = ada["custom"][wanted.field]
            part = part[:length] if operator in {"startsWith", "contains"} else part
            where = {"custom": {wanted.field: {operator: part}}}
            answer = await supervisor.ask(LIST, {"where": where})
            assert answer.get("data") is None, (wanted, answer)
            assert "errors" in answer


@leak_test(6)
@given(plans(), st.booleans())
async def test_suggestions_compare_nothing_that_is_denied(watched, plan, is_same):
    tenant = await a_tenant(watched, plan)
    service = watched.as_role("service", tenant=tenant)
    access = plan.schema.access_plan(plan.asking)

    def is_open(name):
        return all(access.effect(one) is not Effect.DENY for one in NEEDS[name])

    def variant(of, name, value):
        """The same as in the other where it may be seen; else the same in one world alone."""
        return of if is_open(name) or is_same else value

    ada = {
        "name": {"given": letters(10), "family": letters(10)},
        "birthDate": "1985-12-10",
        "identities": [{"channel": "EMAIL", "value": f"{letters(8)}@example.org"}],
    }
    other = {
        "name": {
            "given": variant(ada["name"]["given"], "name.given", letters(10)),
            "family": variant(ada["name"]["family"], "name.family", letters(10)),
        },
        "birthDate": variant("1985-12-10", "birthDate", "1931-01-02"),
        "identities": [{"channel": "VOICE", "value": "+12025550143"}],
    }
    one = await a_profile(service, **ada)
    await a_profile(service, **other)
    await put_in_force(watched, tenant, plan.matrix)

    answer = await plan.who.caller(watched, tenant).ask(SUGGESTED, {"id": one})

    found = ((answer.get("data") or {}).get("profile") or {}).get("suggestions") or []
    for suggestion in found:
        for agreement in suggestion["agreements"]:
            assert is_open(agreement["attribute"]), agreement
        # What they share that may be seen is the same in both worlds, so the weight is, too.
        shared = {a["attribute"]: a["level"] for a in suggestion["agreements"]}
        named = dict.fromkeys(("name.given", "name.family", "birthDate"), "EXACT")
        assert {name: level for name, level in named.items() if is_open(name)}.items() <= (
            shared.items()
        )
