"""Filters of `profiles`: each operator, names as people write them, all conditions at once."""

import pytest
import pytest_asyncio

from tests.flow.documents import RECOGNISE, phone
from tests.support.gateway import a_profile

LIST = """
query ($where: ProfileFilter) {
  profiles(where: $where, first: 100) { totalCount edges { node { id } } }
}
"""
TIMES = "query ($id: ID!) { profile(id: $id) { createdAt updatedAt } }"
PEOPLE = {
    "ada": {"name": {"given": "Ada", "family": "Lovelace"}, "language": "en-GB"},
    "angela": {"name": {"given": "Ángela", "family": "Ruiz Robles"}, "language": "es"},
    "anja": {"name": {"given": "ANJA", "family": "Straße"}, "language": "de"},
    "bjork": {"name": {"given": "Björk"}, "language": "is"},
    "tom": {"name": {"family": "lovelock"}, "language": "en"},
}
TENANT = "filtered"


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def people(gateway) -> dict[str, str]:
    """Name and id of everybody in the list, and of one caller nobody knows by name."""
    service = gateway.as_role("service", tenant=TENANT)
    ids = {name: await a_profile(service, **given) for name, given in PEOPLE.items()}
    caller = await service.data(RECOGNISE, {"input": phone("+12025550143")})
    return {**ids, "caller": caller["recogniseCustomer"]["profile"]["id"]}


@pytest.fixture
def listed(gateway, people):
    """Who a supervisor finds with a filter, by name."""
    names = {profile_id: name for name, profile_id in people.items()}
    supervisor = gateway.as_role("supervisor", tenant=TENANT)

    async def find(where):
        page = (await supervisor.data(LIST, {"where": where}))["profiles"]
        found = [names[edge["node"]["id"]] for edge in page["edges"]]
        assert page["totalCount"] == len(found)
        return sorted(found)

    return find


EVERYBODY = ["ada", "angela", "anja", "bjork", "caller", "tom"]


@pytest.mark.parametrize(
    ("where", "found"),
    [
        (None, EVERYBODY),
        ({}, EVERYBODY),
        ({"state": None}, EVERYBODY),
        ({"state": {}}, EVERYBODY),
        ({"state": {"equals": None}}, EVERYBODY),
        ({"state": {"equals": "ANONYMOUS"}}, ["caller"]),
        ({"state": {"in": ["ANONYMOUS", "IDENTIFIED"]}}, EVERYBODY),
        ({"state": {"in": ["MERGED"]}}, []),
        ({"state": {"in": []}}, []),
        ({"id": {"in": []}}, []),
        ({"id": {"in": ["0" * 26, ""]}}, []),
        ({"language": {"equals": "en"}}, ["tom"]),
        ({"language": {"in": ["en", "en-GB", "xx"]}}, ["ada", "tom"]),
        ({"language": {"equals": "EN"}}, []),
        ({"givenName": {"equals": "ada"}}, ["ada"]),
        ({"givenName": {"equals": " ADA "}}, ["ada"]),
        ({"givenName": {"equals": "angela"}}, ["angela"]),
        ({"givenName": {"equals": "ÁNGELA"}}, ["angela"]),
        ({"givenName": {"equals": "A\u0301ngela"}}, ["angela"]),
        ({"givenName": {"equals": "anj\u00e4"}}, ["anja"]),
        ({"givenName": {"equals": "an"}}, []),
        ({"givenName": {"startsWith": "an"}}, ["angela", "anja"]),
        ({"givenName": {"startsWith": "ÄN"}}, ["angela", "anja"]),
        ({"givenName": {"startsWith": "a"}}, ["ada", "angela", "anja"]),
        ({"givenName": {"startsWith": "björ"}}, ["bjork"]),
        ({"givenName": {"startsWith": "^a"}}, []),
        ({"givenName": {"startsWith": ".*"}}, []),
        ({"givenName": {"startsWith": "a", "equals": "anja"}}, ["anja"]),
        ({"givenName": {"startsWith": "b", "equals": "anja"}}, []),
        ({"givenName": {"in": ["Ada", "anjä", "nobody"]}}, ["ada", "anja"]),
        ({"givenName": {"in": []}}, []),
        ({"givenName": {"exists": True}}, ["ada", "angela", "anja", "bjork"]),
        ({"givenName": {"exists": False}}, ["caller", "tom"]),
        ({"familyName": {"contains": "OVEL"}}, ["ada", "tom"]),
        ({"familyName": {"contains": "raß"}}, ["anja"]),
        ({"familyName": {"contains": "demo"}}, []),
        ({"familyName": {"contains": "z r"}}, ["angela"]),
        ({"familyName": {"contains": ".*e"}}, []),
        ({"not": {"familyName": {"contains": "ove"}}}, ["angela", "anja", "bjork", "caller"]),
        ({"not": {"givenName": {"equals": "ADA"}}}, ["angela", "anja", "bjork", "caller", "tom"]),
        ({"not": {"givenName": {"in": ["ada", "anja"]}}}, ["angela", "bjork", "caller", "tom"]),
        (
            {"or": [{"givenName": {"equals": "ada"}}, {"language": {"equals": "en"}}]},
            ["ada", "tom"],
        ),
        ({"or": []}, []),
        ({"and": []}, EVERYBODY),
        (
            {
                "not": {
                    "or": [{"state": {"equals": "ANONYMOUS"}}, {"familyName": {"startsWith": "l"}}]
                }
            },
            ["angela", "anja", "bjork"],
        ),
        (
            {"and": [{"givenName": {"startsWith": "a"}}, {"not": {"language": {"equals": "es"}}}]},
            ["ada", "anja"],
        ),
        ({"familyName": {"startsWith": "lovel"}}, ["ada", "tom"]),
        ({"familyName": {"equals": "strasse"}}, ["anja"]),
        ({"familyName": {"equals": "STRASSE"}}, ["anja"]),
        ({"familyName": {"startsWith": "ruiz r"}}, ["angela"]),
        ({"familyName": {"startsWith": "l"}, "givenName": {"equals": "ada"}}, ["ada"]),
        ({"familyName": {"startsWith": "l"}, "language": {"in": ["en"]}}, ["tom"]),
        ({"familyName": {"startsWith": "l"}, "state": {"equals": "ANONYMOUS"}}, []),
    ],
    ids=str,
)
async def test_a_filter_finds_exactly_who_meets_all_of_it(listed, where, found):
    assert await listed(where) == found


async def test_ids_find_those_who_have_them(listed, people):
    where = {"id": {"in": [people["ada"], people["tom"], people["ada"], "0" * 26]}}

    assert await listed(where) == ["ada", "tom"]


@pytest.mark.parametrize("field", ["createdAt", "updatedAt"])
async def test_an_instant_belongs_to_what_begins_at_it(gateway, listed, people, field):
    service = gateway.as_role("service", tenant=TENANT)
    at = (await service.data(TIMES, {"id": people["anja"]}))["profile"][field]

    since, before = await listed({field: {"gte": at}}), await listed({field: {"lt": at}})
    neither = await listed({field: {"gte": at, "lt": at}})

    assert ("anja" in since, "anja" in before) == (True, False)
    assert sorted(since + before) == EVERYBODY
    assert neither == []


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ({"createdAt": {"gte": "2000-01-01T00:00:00Z"}}, EVERYBODY),
        ({"createdAt": {"gte": "2000-01-01T00:00:00+14:00", "lt": "9999-01-01T00:00Z"}}, EVERYBODY),
        ({"createdAt": {"lt": "0001-01-01T00:00:00Z"}}, []),
        ({"updatedAt": {"gte": "9999-12-31T23:59:59Z"}}, []),
    ],
    ids=str,
)
async def test_far_away_instants_are_instants(listed, where, found):
    assert await listed(where) == found


@pytest.mark.parametrize(
    "where",
    [
        {"createdAt": {"gte": "2021-03-04"}},
        {"createdAt": {"gte": "2021-03-04T05:06:07"}},
        {"createdAt": {"gte": "0001-01-01T00:00:00+14:00"}},
        {"createdAt": {"lt": "9999-12-31T23:59:59-14:00"}},
        {"createdAt": {"lt": 5}},
        {"createdAt": {"startsWith": "2021"}},
        {"language": {"$ne": "en"}},
        {"language": {"equals": {"$ne": "en"}}},
        {"language": {"in": [["en"]]}},
        {"language": {"startsWith": "en"}},
        {"state": {"equals": "DEAD"}},
        {"state": {"in": ["MERGED", None]}},
        {"id": {"equals": "x"}},
        {"id": {"in": [None]}},
        {"givenName": {"startsWith": "a" * 201}},
        {"givenName": {"in": ["a"] * 51}},
        {"givenName": {"contains": "an"}},
        {"givenName": {"contains": "a" * 65}},
        {"givenName": {"startsWith": "a\t"}},
        {"givenName": {"lt": "a"}},
        {"birthDate": {"equals": "10.12.1985"}},
        {"gender": {"equals": "x"}},
        {"custom": {"tier": "gold"}},
        {"and": {"not": 5}},
        {"$where": "1"},
        [{"state": {"equals": "MERGED"}}, {}],
        "x",
    ],
    ids=str,
)
async def test_what_is_no_filter_is_refused(gateway, where):
    supervisor = gateway.as_role("supervisor", tenant=TENANT)

    assert await supervisor.codes(LIST, {"where": where}) == ["BAD_INPUT"]
