"""Leak 2: neither orders nor cursors tell what somebody may not sort by."""

import base64

from hypothesis import given
from hypothesis import strategies as st

from graph.model.ids import is_id
from policies.decision import Action
from tests.flow.documents import RECORD
from tests.leaks.conditions import orders
from tests.leaks.worlds import (
    COMMANDS,
    a_tenant,
    leak_test,
    person,
    plans,
    put_in_force,
)
from tests.support.gateway import a_profile

LIST = """
query ($order: [ProfileOrder!], $after: String) {
  profiles(orderBy: $order, first: 2, after: $after) {
    edges { cursor node { id } }
    pageInfo { startCursor endCursor }
  }
}
"""
PAGES = """
query ($id: ID!, $after: String) {
  profile(id: $id) {
    timeline(first: 2, after: $after) { edges { cursor node { id } } pageInfo { endCursor } }
  }
}
"""
HISTORY = """
query ($id: ID!, $after: String) {
  profile(id: $id) {
    history(first: 2, after: $after) { edges { cursor node { profileId version at } } }
  }
}
"""


def text(cursor):
    return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()


def coded(value):
    return base64.urlsafe_b64encode(value.encode()).decode().rstrip("=")


@leak_test(4)
@given(plans())
async def test_an_order_by_what_one_may_not_sort_by_is_refused_before_anything_is_read(
    watched, plan
):
    tenant = await a_tenant(watched, plan)
    service = watched.as_role("service", tenant=tenant)
    for _ in range(3):
        await a_profile(service, **person(plan.schema))
    await put_in_force(watched, tenant, plan.matrix)
    caller, asking = plan.who.caller(watched, tenant), plan.asking

    for wanted in orders(plan.schema):
        for order in wanted.operands:
            with COMMANDS.recorded() as seen:
                answer = await caller.ask(LIST, {"order": [order]})
            codes = {error["extensions"]["code"] for error in answer.get("errors", [])}
            if wanted.is_given(asking, Action.SORT):
                assert codes <= {"BAD_INPUT", "STEP_UP_REQUIRED"}, (wanted, answer)
            else:
                assert codes & plan.refusals(wanted.name), (wanted, answer)
                assert answer.get("data") is None
                assert not seen, wanted


@leak_test(4)
@given(plans())
async def test_a_cursor_holds_an_id_and_nothing_else(watched, plan):
    tenant = await a_tenant(watched, plan)
    service = watched.as_role("service", tenant=tenant)
    ada, *_ = [await a_profile(service, **person(plan.schema)) for _ in range(3)]
    for subject in ("one", "two"):
        given_ = {"profileId": ada, "kind": "CALL", "subject": subject}
        await service.data(RECORD, {"input": {**given_, "startedAt": "2024-03-05T01:02:03Z"}})
    every = [(await service.data(LIST, {"order": [{"familyName": "ASC"}]}))["profiles"]]
    every.append((await service.data(PAGES, {"id": ada}))["profile"]["timeline"])

    for page in every:
        for edge in page["edges"]:
            assert text(edge["cursor"]) == edge["node"]["id"]
            assert is_id(text(edge["cursor"]))
    told = (await service.data(HISTORY, {"id": ada}))["profile"]["history"]["edges"]
    for edge in told:
        instant, profile, version = text(edge["cursor"]).split("/")
        assert (profile, int(version)) == (ada, edge["node"]["version"])
        assert instant.isdigit()


_BROKEN = st.one_of(
    st.text(max_size=40),
    st.binary(max_size=40).map(lambda one: base64.urlsafe_b64encode(one).decode()),
    st.text(alphabet="0123456789ABCDEFGHJKMNPQRSTVWXYZ", min_size=26, max_size=26).map(coded),
    st.from_regex(r"\d{15}/[0-9A-Z]{26}/\d{1,4}", fullmatch=True).map(coded),
)


@leak_test(2)
@given(plans(), st.lists(_BROKEN, min_size=10, max_size=10), st.integers(0, 25))
async def test_a_cursor_that_was_tampered_with_is_refused_or_leads_into_the_same_list(
    watched, plan, broken, place
):
    tenant, away = [await a_tenant(watched, plan) for _ in range(2)]
    service = watched.as_role("service", tenant=tenant)
    other = await a_profile(watched.as_role("service", tenant=away), **person(plan.schema))
    own = {await a_profile(service, **person(plan.schema)) for _ in range(3)}
    ada = min(own)
    changed = ada[:place] + ("0" if ada[place] != "0" else "1") + ada[place + 1 :]
    order = {"order": [{"familyName": "ASC"}]}

    answers = [await service.post(LIST, {**order, "after": coded(one)}) for one in (other, changed)]

    assert answers[0].content == answers[1].content
    for cursor in (*broken, coded(other), coded(changed)):
        for document, given_ in ((LIST, order), (PAGES, {"id": ada}), (HISTORY, {"id": ada})):
            answer = await service.ask(document, {**given_, "after": cursor})
            codes = [error["extensions"]["code"] for error in answer.get("errors", [])]
            assert set(codes) <= {"BAD_INPUT"}, (cursor, answer)
            if not codes and document is LIST:
                found = {edge["node"]["id"] for edge in answer["data"]["profiles"]["edges"]}
                assert found <= own
            assert other not in str(answer)
