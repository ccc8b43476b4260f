"""A customer's timeline as each role sees it, and what it costs."""

from collections import Counter

import pytest
import pytest_asyncio
from pymongo import monitoring

from tests.flow.documents import RECORD
from tests.support.gateway import TestGateway, a_profile, running_gateway

WHOLE = """
query ($id: ID!) {
  profile(id: $id) {
    timeline {
      totalCount
      edges { node { id kind startedAt agent outcome topics summary transcript recording source } }
      pageInfo { hasNextPage hasPreviousPage startCursor endCursor }
    }
  }
}
"""
NARROWED = """
query (
  $id: ID!, $first: Int, $after: String, $channels: [Channel!], $kinds: [InteractionKind!],
  $since: DateTime, $until: DateTime, $agent: ID
) {
  profile(id: $id) {
    timeline(
      first: $first, after: $after, channels: $channels, kinds: $kinds, since: $since,
      until: $until, agent: $agent
    ) { totalCount edges { node { id } } pageInfo { hasNextPage endCursor } }
  }
}
"""
PAGE = """
query ($first: Int) {
  profiles(first: $first) { edges { node { id timeline(first: 3) { edges { node { kind } } } } } }
}
"""
CALL = {
    "kind": "CALL",
    "channel": "VOICE",
    "startedAt": "2026-03-04T05:06:07Z",
    "endedAt": "2026-03-04T06:06:07Z",
    "agent": "agent-7",
    "outcome": "resolved",
    "topics": ["refund"],
    "summary": "what was said",
    "transcript": "vault:transcript",
    "recording": "vault:recording",
    "source": "pbx",
}
BEHAVIOURAL = {"kind", "startedAt", "agent", "outcome"}
# What who judges a recording must know of its conversation.
WHICH = {"kind", "startedAt"}
CONVERSATION = {"topics", "summary", "transcript"}
RECORDING = {"recording"}
INTERNAL = {"source"}


async def recorded(gateway: TestGateway, tenant: str, **more) -> tuple[str, str]:
    """The ids of a new profile and of an interaction of it."""
    service = gateway.as_role("service", tenant=tenant)
    ada = await a_profile(service)
    given = {"input": {"profileId": ada, **CALL, **more}}
    data = await service.data(RECORD, given)
    return ada, data["recordInteraction"]["interaction"]["id"]


@pytest.mark.parametrize(
    ("role", "read"),
    [
        ("agent", BEHAVIOURAL),
        ("supervisor", BEHAVIOURAL | CONVERSATION | INTERNAL),
        ("reviewer", WHICH | CONVERSATION | RECORDING),
        ("evaluator", WHICH | CONVERSATION | RECORDING),
        ("privacy_officer", BEHAVIOURAL | INTERNAL),
        ("service", BEHAVIOURAL | INTERNAL),
    ],
)
async def test_each_role_reads_of_a_conversation_what_its_classes_allow(
    gateway, tenant, role, read
):
    ada, call = await recorded(gateway, tenant)

    answer = await gateway.as_role(role, tenant=tenant).ask(WHOLE, {"id": ada})

    timeline = answer["data"]["profile"]["timeline"]
    node = timeline["edges"][0]["node"]
    shown = {key for key, value in node.items() if value is not None} - {"id"}
    denied = {
        error["extensions"]["field"].partition(".")[2]
        for error in answer.get("errors", ())
        if error["extensions"]["code"] == "FIELD_FORBIDDEN"
    }
    everything = BEHAVIOURAL | CONVERSATION | RECORDING | INTERNAL
    assert (timeline["totalCount"], node["id"]) == (1, call)
    assert shown == read
    assert denied == everything - read


async def test_an_admin_sees_of_a_conversation_that_there_was_one_that_year(gateway, tenant):
    ada, call = await recorded(gateway, tenant)

    answer = await gateway.as_role("admin", tenant=tenant).ask(WHOLE, {"id": ada})

    node = answer["data"]["profile"]["timeline"]["edges"][0]["node"]
    assert node == {
        **dict.fromkeys(CONVERSATION | RECORDING),
        "id": call,
        "kind": None,
        "startedAt": "2026-01-01T00:00:00Z",
        "agent": "•••",
        "outcome": "•••",
        "source": "pbx",
    }
    place = "profile.timeline.edges.node"
    assert answer["extensions"]["masked"] == [
        f"{place}.{name}" for name in ("agent", "kind", "outcome", "startedAt")
    ]


async def test_without_a_second_factor_a_supervisor_reads_nothing_of_it(gateway, tenant):
    ada, _ = await recorded(gateway, tenant)
    caller = gateway.as_role("supervisor", tenant=tenant, second_factor=False)

    assert await caller.codes(WHOLE, {"id": ada}) == ["STEP_UP_REQUIRED"]


@pytest.mark.parametrize(
    ("role", "narrowed"),
    [
        ("reviewer", {"agent": "agent-7"}),
        ("evaluator", {"agent": "agent-7"}),
        ("admin", {"channels": ["VOICE"]}),
        ("admin", {"kinds": ["CALL"]}),
        ("admin", {"agent": "agent-7"}),
        ("admin", {"since": "2026-01-01T00:00:00Z"}),
        ("admin", {"until": "2026-01-01T00:00:00Z"}),
    ],
)
async def test_nobody_narrows_a_timeline_by_what_they_may_not_read(gateway, tenant, role, narrowed):
    ada, _ = await recorded(gateway, tenant)

    answer = await gateway.as_role(role, tenant=tenant).ask(NARROWED, {"id": ada, **narrowed})

    (error,) = answer["errors"]
    assert answer.get("data") is None
    assert error["extensions"] == {
        "code": "FIELD_FORBIDDEN",
        "field": f"Profile.timeline.{next(iter(narrowed))}",
    }


@pytest.mark.parametrize(
    ("narrowed", "found"),
    [
        ({}, 3),
        ({"channels": ["VOICE"]}, 1),
        ({"channels": ["VOICE", "CHAT"]}, 2),
        ({"channels": []}, 0),
        ({"kinds": ["ORDER", "CHAT"]}, 2),
        ({"agent": "agent-7"}, 2),
        ({"agent": "agent-8"}, 0),
        ({"since": "2026-03-05T00:00:00Z"}, 2),
        ({"until": "2026-03-05T00:00:00Z"}, 1),
        ({"kinds": ["CALL"], "channels": ["CHAT"]}, 0),
        ({"kinds": ["CHAT"], "channels": ["CHAT"], "agent": "agent-7"}, 1),
    ],
)
async def test_a_timeline_is_narrowed_by_channel_kind_time_and_agent(
    gateway, tenant, narrowed, found
):
    ada, _ = await recorded(gateway, tenant)
    service = gateway.as_role("service", tenant=tenant)
    chat = {"kind": "CHAT", "channel": "CHAT", "startedAt": "2026-03-06T00:00:00Z"}
    order = {"kind": "ORDER", "startedAt": "2026-03-07T00:00:00Z"}
    for more in ({**chat, "agent": "agent-7"}, order):
        await service.data(RECORD, {"input": {"profileId": ada, **more}})

    agent = gateway.as_role("agent", tenant=tenant)
    data = await agent.data(NARROWED, {"id": ada, **narrowed})

    timeline = data["profile"]["timeline"]
    assert (timeline["totalCount"], len(timeline["edges"])) == (found, found)


async def test_pages_of_a_timeline_follow_each_other_by_their_cursors(gateway, tenant):
    service = gateway.as_role("service", tenant=tenant)
    ada, oldest = await recorded(gateway, tenant)
    ids = [oldest]
    for day in range(5, 11):
        given = {"kind": "NOTE", "startedAt": f"2026-03-{day:02d}T00:00:00Z", "profileId": ada}
        data = await service.data(RECORD, {"input": given})
        ids.insert(0, data["recordInteraction"]["interaction"]["id"])
    seen, after, has_next = [], None, True

    while has_next:
        data = await service.data(NARROWED, {"id": ada, "first": 3, "after": after})
        timeline = data["profile"]["timeline"]
        seen.append([edge["node"]["id"] for edge in timeline["edges"]])
        after = timeline["pageInfo"]["endCursor"]
        has_next = timeline["pageInfo"]["hasNextPage"]

    assert seen == [ids[:3], ids[3:6], ids[6:]]


@pytest.mark.parametrize("wrong", [{"first": -1}, {"first": 101}, {"after": "x"}, {"after": ""}])
async def test_a_page_that_can_not_be_is_refused(gateway, tenant, wrong):
    ada, _ = await recorded(gateway, tenant)
    agent = gateway.as_role("agent", tenant=tenant)

    assert await agent.codes(NARROWED, {"id": ada, **wrong}) == ["BAD_INPUT"]


async def test_the_conversations_of_an_erased_person_read_as_erased(gateway, tenant):
    ada, _ = await recorded(gateway, tenant)
    wiring = gateway.gateway.wiring
    keyring = wiring.interactions._sealing.keyring
    await keyring.destroy(tenant, ada)

    answer = await gateway.as_role("supervisor", tenant=tenant).ask(WHOLE, {"id": ada})
    refused = await gateway.as_role("service", tenant=tenant).codes(
        RECORD, {"input": {"profileId": ada, "kind": "NOTE"}}
    )

    codes = {
        error["path"][-1]: error["extensions"]["code"]
        for error in answer["errors"]
        if "path" in error
    }
    assert codes == dict.fromkeys(CONVERSATION, "ERASED")
    assert answer["data"]["profile"]["timeline"]["edges"][0]["node"]["kind"] == "CALL"
    assert refused == ["ERASED"]


class Reads(monitoring.CommandListener):
    """What one database is asked of timelines."""

    def __init__(self, database: str) -> None:
        self.database = database
        self.seen: Counter[str] = Counter()

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        if event.database_name == self.database:
            self.seen[f"{event.command_name} {event.command[event.command_name]}"] += 1

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass


READS = Reads("timeline_reads")


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def watched(document_server, tmp_path_factory):
    """A gateway whose store commands are counted, with a database of its own."""
    monitoring.register(READS)
    path = tmp_path_factory.mktemp("reads")
    async with running_gateway(document_server.uri, path, database=READS.database) as running:
        yield running


async def test_the_timelines_of_a_page_of_profiles_are_two_reads(watched, tenant):
    for number in range(12):
        await recorded(watched, tenant, externalId=f"c{number}")
    agent = watched.as_role("agent", tenant=tenant)
    READS.seen.clear()

    data = await agent.data(PAGE, {"first": 12})

    kinds = [
        [item["node"]["kind"] for item in edge["node"]["timeline"]["edges"]]
        for edge in data["profiles"]["edges"]
    ]
    assert kinds == [["CALL"]] * 12
    timelines = {"find timelines": 1, "find interactions": 1}
    assert {key: READS.seen[key] for key in timelines} == timelines


async def test_a_timeline_that_is_not_selected_is_not_read(watched, tenant):
    ada, _ = await recorded(watched, tenant)
    agent = watched.as_role("agent", tenant=tenant)
    READS.seen.clear()

    await agent.data("query ($id: ID!) { profile(id: $id) { id } }", {"id": ada})

    assert not {key for key in READS.seen if key.split()[1] in {"timelines", "interactions"}}
