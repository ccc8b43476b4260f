import pytest

from tests.support.sandbox import sandbox_client

SEARCH = "/crm/v3/objects/contacts/search"
PEOPLE = [
    {"object": "contacts", "property": {"name": "points", "type": "number"}},
    {"object": "contacts", "property": {"name": "since", "type": "date"}},
    *(
        {"object": "contacts", "properties": values}
        for values in (
            {"email": "ada@example.com", "tier": "gold", "points": 120, "since": "2019-05-01"},
            {"email": "bob@example.com", "tier": "silver", "points": 9},
            {"email": "cho@other.example", "tier": "gold", "points": 40, "since": "2024-01-31"},
        )
    ),
]
ADA, BOB, CHO = "101", "102", "103"


@pytest.fixture
async def crm():
    async with sandbox_client(PEOPLE) as client:
        yield client


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ({"propertyName": "tier", "operator": "EQ", "value": "GOLD"}, [ADA, CHO]),
        ({"propertyName": "tier", "operator": "NEQ", "value": "gold"}, [BOB]),
        ({"propertyName": "tier", "operator": "IN", "values": ["silver", "tin"]}, [BOB]),
        ({"propertyName": "tier", "operator": "NOT_IN", "values": ["silver"]}, [ADA, CHO]),
        ({"propertyName": "points", "operator": "LT", "value": "40"}, [BOB]),
        ({"propertyName": "points", "operator": "LTE", "value": "40"}, [BOB, CHO]),
        ({"propertyName": "points", "operator": "GT", "value": "40"}, [ADA]),
        ({"propertyName": "points", "operator": "GTE", "value": "40"}, [ADA, CHO]),
        (
            {"propertyName": "points", "operator": "BETWEEN", "value": "9", "highValue": "40"},
            [BOB, CHO],
        ),
        ({"propertyName": "since", "operator": "GTE", "value": "2024-01-01"}, [CHO]),
        ({"propertyName": "since", "operator": "LT", "value": "1704067200000"}, [ADA]),
        ({"propertyName": "since", "operator": "NEQ", "value": "2019-05-01"}, [CHO]),
        ({"propertyName": "since", "operator": "HAS_PROPERTY"}, [ADA, CHO]),
        ({"propertyName": "since", "operator": "NOT_HAS_PROPERTY"}, [BOB]),
        ({"propertyName": "email", "operator": "CONTAINS_TOKEN", "value": "ada"}, [ADA]),
        (
            {"propertyName": "email", "operator": "CONTAINS_TOKEN", "value": "*@example.com"},
            [ADA, BOB],
        ),
        (
            {"propertyName": "email", "operator": "NOT_CONTAINS_TOKEN", "value": "*example.com"},
            [CHO],
        ),
    ],
)
async def test_a_search_finds_what_its_filter_says(crm, condition, found):
    asked = {"filterGroups": [{"filters": [condition]}]}

    answered = (await crm.post(SEARCH, json=asked)).json()

    assert [one["id"] for one in answered["results"]] == found
    assert answered["total"] == len(found)


@pytest.mark.parametrize(
    "condition",
    [
        {"propertyName": "tier", "operator": "EQ"},
        {"propertyName": "tier", "operator": "IN", "value": "gold"},
        {"propertyName": "points", "operator": "BETWEEN", "value": "1"},
        {"propertyName": "points", "operator": "GT", "value": "many"},
        {"propertyName": "shoe_size", "operator": "HAS_PROPERTY"},
        {"propertyName": "tier", "operator": "LIKE", "value": "gold"},
    ],
)
async def test_a_filter_that_lacks_what_its_operator_needs_is_refused(crm, condition):
    refused = await crm.post(SEARCH, json={"filterGroups": [{"filters": [condition] * 2}]})

    assert (refused.status_code, refused.json()["category"]) == (400, "VALIDATION_ERROR")


async def test_a_search_takes_25_filters_in_all(crm):
    condition = {"propertyName": "tier", "operator": "HAS_PROPERTY"}
    groups = [{"filters": [condition] * size} for size in (10, 10, 5)]

    within = await crm.post(SEARCH, json={"filterGroups": groups})
    beyond = await crm.post(SEARCH, json={"filterGroups": [*groups, {"filters": [condition]}]})

    assert (within.status_code, within.json()["total"]) == (200, 3)
    assert (beyond.status_code, beyond.json()["category"]) == (400, "VALIDATION_ERROR")


async def test_a_search_for_words_looks_at_every_property(crm):
    found = (await crm.post(SEARCH, json={"query": "OTHER.example"})).json()

    assert [one["id"] for one in found["results"]] == [CHO]


async def test_a_search_takes_any_group_and_sorts_by_the_property_s_type(crm):
    groups = [
        {"filters": [{"propertyName": "tier", "operator": "EQ", "value": tier}]}
        for tier in ("gold", "silver")
    ]
    asked = {
        "filterGroups": groups,
        "sorts": [{"propertyName": "points", "direction": "DESCENDING"}],
        "properties": ["points"],
    }

    answered = (await crm.post(SEARCH, json=asked)).json()

    assert [one["properties"]["points"] for one in answered["results"]] == ["120", "40", "9"]
