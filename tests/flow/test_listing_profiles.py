"""Lists of profiles: pages, filters, and how many times they ask the store."""

import base64
import random
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

import pytest
import pytest_asyncio
from pymongo import monitoring

from tests.flow.documents import UPDATE, phone
from tests.support.gateway import Caller, TestGateway, a_profile, running_gateway

PAGE = """
query ($where: ProfileFilter, $first: Int, $after: String) {
  profiles(where: $where, first: $first, after: $after) {
    edges { cursor node { id } }
    pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
  }
}
"""
COUNT = "query ($where: ProfileFilter) { profiles(where: $where) { totalCount } }"
PEOPLE = 23
# Twice so many are the root fields that a document may have.
MANY = 10
PERSONS = ("profiles", "identities", "aliases")


class Commands(monitoring.CommandListener):
    """What one database is asked, by command and collection, while it is recorded."""

    def __init__(self) -> None:
        self.database = ""
        self.seen: Counter[str] | None = None

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if self.seen is not None and event.database_name == self.database:
            self.seen[f"{event.command_name} {event.command[event.command_name]}"] += 1

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass

    @contextmanager
    def recorded(self) -> Iterator[Counter[str]]:
        """Count what is asked about people; the look at the customer schema is left out,
        because it comes once in half a second, whatever is asked."""
        self.seen = seen = Counter()
        try:
            yield seen
        finally:
            self.seen = None
            for name in [name for name in seen if name.split()[1] not in PERSONS]:
                del seen[name]


COMMANDS = Commands()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def watched(document_server, tmp_path_factory) -> AsyncIterator[TestGateway]:
    """A gateway whose store commands are counted, with a database of its own."""
    COMMANDS.database = "listing"
    monitoring.register(COMMANDS)
    path = tmp_path_factory.mktemp("listing")
    async with running_gateway(document_server.uri, path, database=COMMANDS.database) as running:
        yield running


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def people(watched) -> tuple[Caller, list[str]]:
    """Somebody who may list, and the ids of those listed, in order."""
    caller = watched.as_role("service", tenant="crowd")
    return caller, sorted([await a_profile(caller) for _ in range(PEOPLE)])


def ids(answer) -> list[str]:
    return [edge["node"]["id"] for edge in answer["profiles"]["edges"]]


@pytest.mark.parametrize("first", [1, 2, 3, 7, 11, 22, 23, 24, 100])
async def test_pages_of_any_size_show_everybody_once_and_in_order(people, first):
    caller, everybody = people
    seen, sizes, after = [], [], None

    while True:
        answer = await caller.data(PAGE, {"first": first, "after": after})
        found, info = ids(answer), answer["profiles"]["pageInfo"]
        seen, sizes = [*seen, *found], [*sizes, len(found)]
        edges = answer["profiles"]["edges"]
        assert (info["startCursor"], info["endCursor"]) == (
            edges[0]["cursor"],
            edges[-1]["cursor"],
        )
        assert info["hasPreviousPage"] is (after is not None)
        after = info["endCursor"]
        if not info["hasNextPage"]:
            break

    assert seen == everybody
    assert sizes == [first] * ((PEOPLE - 1) // first) + [(PEOPLE - 1) % first + 1]


async def test_a_page_begins_behind_any_cursor(people):
    caller, everybody = people
    chance = random.Random(20261125)  # noqa: S311 - places in a list, no secrets

    for _ in range(20):
        place, first = chance.randrange(PEOPLE), chance.randrange(PEOPLE + 2)
        page = await caller.data(PAGE, {"first": place + 1})
        after = page["profiles"]["edges"][place]["cursor"]
        answer = await caller.data(PAGE, {"first": first, "after": after})
        assert ids(answer) == everybody[place + 1 :][:first]


async def test_a_page_has_twenty_five_unless_told(watched):
    caller = watched.as_role("service", tenant="larger-crowd")
    everybody = sorted([await a_profile(caller) for _ in range(26)])

    answer = await caller.data(PAGE)

    assert ids(answer) == everybody[:25]
    assert answer["profiles"]["pageInfo"]["hasNextPage"] is True


async def test_a_page_of_none_tells_whether_there_is_anybody(people, watched):
    caller, _ = people

    some = await caller.data(PAGE, {"first": 0})
    none = await watched.as_role("service", tenant="nobody").data(PAGE, {"first": 0})

    nothing = {"hasPreviousPage": False, "startCursor": None, "endCursor": None}
    assert some == {"profiles": {"edges": [], "pageInfo": {"hasNextPage": True, **nothing}}}
    assert none == {"profiles": {"edges": [], "pageInfo": {"hasNextPage": False, **nothing}}}


@pytest.mark.parametrize(
    "after",
    [
        "",
        "x",
        "====",
        "not a cursor",
        "ä",
        "\0",
        "0" * 26,
        base64.urlsafe_b64encode(b"x" * 26).decode(),
        base64.urlsafe_b64encode(b"0" * 25).decode(),
        base64.urlsafe_b64encode(b'{"$gt": ""}').decode(),
    ],
)
async def test_what_is_not_a_cursor_is_refused_before_any_read(people, after):
    caller, _ = people

    with COMMANDS.recorded() as asked:
        codes = await caller.codes(PAGE, {"after": after})

    assert codes == ["BAD_INPUT"]
    assert asked == {}


@pytest.mark.parametrize("first", [-(2**31), -1, 101, 2**31 - 1, 2**31, 1.5, "25", True])
async def test_a_page_size_outside_of_0_to_100_is_refused_before_any_read(people, first):
    caller, _ = people

    with COMMANDS.recorded() as asked:
        codes = await caller.codes(PAGE, {"first": first})

    assert codes == ["BAD_INPUT"]
    assert asked == {}


async def test_a_page_is_one_find_and_a_total_one_count_more(people):
    caller, _ = people
    full = "{ profiles { edges { node { id name { full } identities { value } } } } }"

    with COMMANDS.recorded() as page:
        await caller.data(full)
    with COMMANDS.recorded() as counted:
        answer = await caller.data(full.replace("edges", "totalCount edges"))

    assert page == {"find profiles": 1}
    assert counted == {"find profiles": 1, "aggregate profiles": 1}
    assert answer["profiles"]["totalCount"] == PEOPLE


@pytest.mark.parametrize(
    "selected", ["totalCount @skip(if: true)", "totalCount @include(if: false)"]
)
async def test_a_total_that_is_skipped_is_not_counted(people, selected):
    caller, _ = people

    with COMMANDS.recorded() as asked:
        await caller.data(f"{{ profiles {{ {selected} pageInfo {{ hasNextPage }} }} }}")

    assert asked == {"find profiles": 1}


async def test_an_identification_is_two_finds_whoever_asks(watched):
    service = watched.as_role("service", tenant="identified")
    await a_profile(service, identities=[phone("+12025550143")])
    agent = watched.as_role("agent", tenant="identified")
    who = """
    query ($value: String!) {
      identify(channel: VOICE, value: $value) {
        outcome
        profile { id name { full } birthDate identities { value } links { source } }
      }
    }
    """

    with COMMANDS.recorded() as known:
        found = await agent.ask(who, {"value": "+12025550143"})
    with COMMANDS.recorded() as unknown:
        await agent.data(who.replace("links { source }", ""), {"value": "+12025550144"})

    assert found["data"]["identify"]["outcome"] == "KNOWN"
    assert known == {"find identities": 1, "find profiles": 1}
    assert unknown == {"find identities": 1}


async def test_profiles_that_are_asked_for_by_many_names_are_one_find(people):
    caller, everybody = people
    document = " ".join(
        f'a{place}: profile(id: "{one}") {{ id }}' for place, one in enumerate(everybody[:MANY])
    )

    with COMMANDS.recorded() as asked:
        answer = await caller.data(f"{{ {document} again: {document[4:]} }}")

    assert [one["id"] for one in answer.values()][:MANY] == everybody[:MANY]
    assert asked == {"find profiles": 1}


@pytest.mark.parametrize(
    ("role", "where"),
    [
        ("admin", {"familyName": {"equals": "Lovelace"}}),
        ("admin", {"givenName": {"startsWith": "A"}}),
        ("agent", {"language": {"equals": "en"}}),
        ("service", {"state": {"equals": "IDENTIFIED"}, "language": {"in": ["en"]}}),
        ("privacy_officer", {"language": None}),
    ],
)
async def test_filtering_by_a_field_one_may_not_read_is_refused_before_any_read(
    watched, role, where
):
    caller = watched.as_role(role, tenant="crowd")

    with COMMANDS.recorded() as asked:
        listed = await caller.ask(PAGE, {"where": where})
        counted = await caller.codes(COUNT, {"where": where})

    assert [error["extensions"]["code"] for error in listed["errors"]] == ["FIELD_FORBIDDEN"]
    assert counted == ["FIELD_FORBIDDEN"]
    assert asked == {}


@pytest.mark.parametrize(
    ("role", "code"),
    [
        ("reviewer", "FORBIDDEN"),
        ("evaluator", "FORBIDDEN"),
        ("assistant", "BAD_INPUT"),
        ("partner", "BAD_INPUT"),
    ],
)
async def test_who_may_not_list_reads_nothing(watched, role, code):
    caller = watched.as_role(role, tenant="crowd")

    with COMMANDS.recorded() as asked:
        codes = await caller.codes(PAGE)

    assert set(codes) == {code}
    assert asked == {}


async def test_another_tenants_ids_are_not_listed(people, watched):
    _, everybody = people
    stranger = watched.as_role("service", tenant="crow")

    listed = await stranger.data(PAGE, {"where": {"id": {"in": everybody}}})
    counted = await stranger.data(COUNT, {"where": {"id": {"in": everybody}}})

    assert ids(listed) == []
    assert counted == {"profiles": {"totalCount": 0}}


async def test_a_page_goes_on_where_it_was_when_profiles_come_and_change(watched):
    caller = watched.as_role("service", tenant="moving")
    first = sorted([await a_profile(caller) for _ in range(4)])
    page = await caller.data(PAGE, {"first": 2})

    await caller.data(UPDATE, {"input": {"id": first[0], "name": {"family": "Zuse"}}})
    later = await a_profile(caller)
    rest = await caller.data(PAGE, {"after": page["profiles"]["pageInfo"]["endCursor"]})

    assert sorted(ids(rest)) == sorted([*first[2:], later])
