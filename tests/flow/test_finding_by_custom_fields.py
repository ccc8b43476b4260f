"""Filters and orders of custom fields: each kind by each of its operators, over HTTP."""

import asyncio

import pytest
import pytest_asyncio

from tests.flow.documents import UPDATE
from tests.support.every_kind import fields
from tests.support.gateway import a_profile, define

LIST = """
query ($where: ProfileFilter, $orderBy: [ProfileOrder!], $first: Int = 100, $after: String) {
  profiles(where: $where, orderBy: $orderBy, first: $first, after: $after) {
    totalCount pageInfo { hasNextPage endCursor } edges { node { id } }
  }
}
"""
READY = "{ customerSchema { fields { key isReady } } }"
TENANT = "found"
FIELDS = [*fields(), {"key": "plain", "kind": "STRING", "dataClass": "PUBLIC"}]
PEOPLE = {
    "ada": {
        "note": "Calls LATE, often",
        "company": "Acmé Ltd",
        "code": "A1",
        "mail": "Ada@Example.org",
        "mobile": "(202) 555-0143",
        "site": "HTTPS://Example.org/a",
        "address": "10.0.0.1",
        "vip": True,
        "score": 9,
        "limit": "100.50",
        "debt": {"amount": "5", "currency": "EUR"},
        "since": "2020-02-29",
        "seen": "2021-03-04T05:06:07.123+01:00",
        "tier": "gold",
        "likes": ["tea", "rum"],
        "home": {"latitude": 47.07, "longitude": 15.44},
        "tags": ["early", "Bird"],
        "years": [1999, 2001],
        "pin": "1234",
    },
    "bob": {
        "note": "calls early",
        "company": "Bolt",
        "code": "b2",
        "mail": "bob@example.org",
        "vip": False,
        "score": -1.5,
        "limit": "-7",
        "debt": {"amount": "30", "currency": "EUR"},
        "since": "2021-01-01",
        "seen": "2021-03-04T04:06:07.122Z",
        "tier": "silver",
        "likes": ["tea"],
        "tags": ["bird"],
    },
    "eve": {"score": 10, "limit": "9", "debt": {"amount": "4", "currency": "USD"}},
    "nil": {},
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def people(gateway) -> dict[str, str]:
    """Name and id of everybody; all fields are ready."""
    admin = gateway.as_role("admin", tenant=TENANT)
    service = gateway.as_role("service", tenant=TENANT)
    await define(admin, FIELDS)
    ids = {}
    for name, custom in PEOPLE.items():
        ids[name] = await a_profile(service, name={"given": name}, custom=custom)
    await service.data(
        UPDATE,
        {"input": {"id": ids["bob"], "custom": {"spouse": ids["ada"]}}},
    )
    for _ in range(200):
        fields = (await admin.data(READY))["customerSchema"]["fields"]
        if all(field["isReady"] for field in fields):
            return ids
        await asyncio.sleep(0.05)
    pytest.fail("the fields are not ready")


@pytest.fixture
def listed(gateway, people):
    """The names that a caller gets for a filter and an order, page by page."""
    names = {profile_id: name for name, profile_id in people.items()}
    agent = gateway.as_role("agent", tenant=TENANT)

    async def find(where=None, order_by=None, first=100):
        found, after = [], None
        while True:
            sent = {"where": where, "orderBy": order_by, "first": first, "after": after}
            page = (await agent.data(LIST, sent))["profiles"]
            found += [names[edge["node"]["id"]] for edge in page["edges"]]
            if not page["pageInfo"]["hasNextPage"]:
                assert page["totalCount"] == len(found)
                return found
            after = page["pageInfo"]["endCursor"]

    return find


@pytest.mark.parametrize(
    ("custom", "found"),
    [
        ({"note": {"equals": "calls late, OFTEN"}}, ["ada"]),
        ({"note": {"startsWith": "CALLS "}}, ["ada", "bob"]),
        ({"note": {"contains": "ear"}}, ["bob"]),
        ({"company": {"contains": "cme"}}, ["ada"]),
        ({"company": {"in": ["bolt", "ACME LTD"]}}, ["ada", "bob"]),
        ({"code": {"equals": "B2"}}, ["bob"]),
        ({"mail": {"equals": "ADA@example.org"}}, ["ada"]),
        ({"mail": {"startsWith": "bob@"}}, ["bob"]),
        ({"mobile": {"equals": "+12025550143"}}, ["ada"]),
        ({"mobile": {"startsWith": "+1202"}}, ["ada"]),
        ({"site": {"equals": "https://EXAMPLE.org/a"}}, ["ada"]),
        ({"address": {"equals": "10.0.0.1"}}, ["ada"]),
        ({"vip": {"equals": True}}, ["ada"]),
        ({"vip": {"equals": False}}, ["bob"]),
        ({"score": {"equals": 9.0}}, ["ada"]),
        ({"score": {"gt": 9}}, ["eve"]),
        ({"score": {"gte": 9}}, ["ada", "eve"]),
        ({"score": {"lt": 9}}, ["bob"]),
        ({"score": {"gt": -2, "lt": 10}}, ["ada", "bob"]),
        ({"score": {"in": [9, 10, 11]}}, ["ada", "eve"]),
        ({"limit": {"lt": "9.01"}}, ["bob", "eve"]),
        ({"limit": {"equals": "100.500"}}, ["ada"]),
        ({"debt": {"lt": {"amount": "6", "currency": "EUR"}}}, ["ada"]),
        ({"debt": {"gte": {"amount": "5", "currency": "EUR"}}}, ["ada", "bob"]),
        ({"debt": {"equals": {"amount": "4.00", "currency": "USD"}}}, ["eve"]),
        ({"since": {"lte": "2020-02-29"}}, ["ada"]),
        ({"since": {"gt": "2020-02-29"}}, ["bob"]),
        ({"seen": {"equals": "2021-03-04T04:06:07.123Z"}}, ["ada"]),
        ({"seen": {"lt": "2021-03-04T04:06:07.123Z"}}, ["bob"]),
        ({"tier": {"equals": "gold"}}, ["ada"]),
        ({"tier": {"in": ["gold", "silver"]}}, ["ada", "bob"]),
        ({"likes": {"contains": "tea"}}, ["ada", "bob"]),
        ({"likes": {"contains": "rum"}}, ["ada"]),
        ({"likes": {"in": ["rum", "jam"]}}, ["ada"]),
        ({"likes": {"exists": True}}, ["ada", "bob"]),
        ({"likes": {"exists": False}}, ["eve", "nil"]),
        ({"home": {"equals": {"latitude": 47.07, "longitude": 15.44}}}, ["ada"]),
        ({"tags": {"contains": "BIRD"}}, ["ada", "bob"]),
        ({"years": {"contains": 2001}}, ["ada"]),
        ({"years": {"in": [1, 1999]}}, ["ada"]),
        ({"pin": {"exists": True}}, ["ada"]),
        ({"score": {"exists": False}}, ["nil"]),
        ({"vip": {"exists": True}, "score": {"gte": 9}}, ["ada"]),
        ({"likes": {"contains": "tea"}, "tags": {"contains": "early"}}, ["ada"]),
        ({}, ["ada", "bob", "eve", "nil"]),
        ({"score": None}, ["ada", "bob", "eve", "nil"]),
        ({"score": {"gt": None}}, ["ada", "bob", "eve", "nil"]),
    ],
    ids=str,
)
async def test_a_filter_finds_exactly_who_has_such_a_value(listed, custom, found):
    assert sorted(await listed({"custom": custom})) == found


async def test_a_reference_finds_those_who_refer_to_somebody(listed, people):
    assert await listed({"custom": {"spouse": {"equals": people["ada"]}}}) == ["bob"]


@pytest.mark.parametrize("first", [1, 3, 100])
@pytest.mark.parametrize(
    ("order", "found"),
    [
        ({"custom": {"score": "ASC"}}, ["bob", "ada", "eve", "nil"]),
        ({"custom": {"score": "DESC"}}, ["eve", "ada", "bob", "nil"]),
        ({"custom": {"limit": "ASC"}}, ["bob", "eve", "ada", "nil"]),
        ({"custom": {"company": "DESC"}}, ["bob", "ada", "eve", "nil"]),
        ({"custom": {"seen": "ASC"}}, ["bob", "ada", "eve", "nil"]),
        ({"givenName": "DESC"}, ["nil", "eve", "bob", "ada"]),
        ({"createdAt": "DESC"}, ["nil", "eve", "bob", "ada"]),
    ],
    ids=str,
)
async def test_a_list_is_sorted_and_who_has_no_value_comes_last(listed, order, found, first):
    assert await listed(order_by=[order], first=first) == found


async def test_a_sorted_list_is_narrowed_too(listed):
    where = {"or": [{"custom": {"score": {"gt": 0}}}, {"givenName": {"equals": "nil"}}]}

    assert await listed(where, [{"custom": {"score": "DESC"}}], first=1) == ["eve", "ada", "nil"]


@pytest.mark.parametrize(
    ("where", "told"),
    [
        ({"plain": {"equals": "x"}}, "where.custom.plain: it isn't searchable; an admin can make"),
        ({"mail": {"equals": "secret"}}, "where.custom.mail: expected an e-mail address"),
        ({"tier": {"equals": "secret"}}, "where.custom.tier: expected one of 2 choices"),
        ({"note": {"contains": "ab"}}, "where.custom.note: contains takes 3 characters or more"),
        ({"score": {"in": [1] * 51}}, "where.custom.score: expected at most 50 values"),
    ],
    ids=str,
)
@pytest.mark.usefixtures("people")
async def test_what_can_not_be_compared_is_refused_with_a_hint(gateway, where, told):
    agent = gateway.as_role("agent", tenant=TENANT)

    (error,) = (await agent.ask(LIST, {"where": {"custom": where}}))["errors"]

    assert error["extensions"]["code"] == "BAD_INPUT"
    assert error["message"].startswith(told)
    assert "secret" not in error["message"]


@pytest.mark.parametrize(
    "order",
    [
        [{"custom": {"score": "ASC", "limit": "ASC"}}],
        [{"custom": {"score": "ASC"}}, {"givenName": "ASC"}],
        [{"givenName": "ASC", "familyName": "ASC"}],
        [{}],
        [{"custom": {"plain": "ASC"}}],
        [{"custom": {"likes": "ASC"}}],
        [{"custom": {"score": "UP"}}],
    ],
    ids=str,
)
@pytest.mark.usefixtures("people")
async def test_what_can_not_be_sorted_by_is_refused(gateway, order):
    agent = gateway.as_role("agent", tenant=TENANT)

    assert await agent.codes(LIST, {"orderBy": order}) == ["BAD_INPUT"]


async def test_a_field_that_one_may_not_filter_by_is_refused_in_filters_and_orders(gateway, tenant):
    secret = {"key": "iban", "kind": "STRING", "dataClass": "FINANCIAL", "isSearchable": True}
    await define(gateway.as_role("admin", tenant=tenant), [secret])
    agent = gateway.as_role("agent", tenant=tenant)
    narrowed = {"custom": {"iban": {"startsWith": "A"}}}

    for sent in (
        {"where": narrowed},
        {"where": {"not": {"or": [narrowed]}}},
        {"orderBy": [{"custom": {"iban": "ASC"}}]},
    ):
        assert await agent.codes(LIST, sent) == ["FIELD_FORBIDDEN"]


@pytest.mark.usefixtures("people")
async def test_a_filter_nested_too_deep_is_refused(gateway):
    agent = gateway.as_role("agent", tenant=TENANT)
    where = {"givenName": {"equals": "ada"}}
    for _ in range(12):
        where = {"not": where}

    assert await agent.codes(LIST, {"where": where}) == ["QUERY_TOO_COMPLEX"]
