"""What a connector made of a file does that no vendor's own test shows."""

import itertools

import pytest

from connectors.abilities import (
    ChangeKind,
    Describes,
    KnowsFacts,
    SignsWebhooks,
    TakesWrites,
    TellsChanges,
)
from connectors.base import Call, Key, Record
from connectors.errors import (
    BadPayload,
    Conflict,
    CursorExpired,
    QuotaExhausted,
    RateLimited,
    Timeout,
    Unavailable,
    WrongSettings,
)
from connectors.registry import limits_of
from connectors.runtime.budget import Budget
from connectors.runtime.gate import Gate, OwnLimit
from connectors.runtime.pace import Limits, Pace, Rate
from tests.connectors.declarative.files import SMALL, connector_of_text
from tests.support.scripted_http import body, json_of, replied, status

ONE, TWO = Key("id", "1"), Key("id", "2")
PARTS = {
    Describes: "    describe: {always: [{name: tier}]}\n",
    TellsChanges: "    changes: {request: {to: GET /x}, next: last.id, last: body.done}\n",
    KnowsFacts: "    facts: {TAG: {request: {to: GET /x}, of: id, id: id}}\n",
    TakesWrites: "    write: {request: {to: 'PUT /x/${id}', json: '${values}'}}\n",
    SignsWebhooks: "webhook: {object: a, id: b, expects: {name: x-key, value: '${secret}'}}\n",
}


@pytest.fixture
def call(http):
    return Call(http, Budget(5.0))


def people(*rows, **more):
    return json_of({"people": [*rows], **more})


@pytest.mark.parametrize(
    "abilities",
    [set(chosen) for size in range(6) for chosen in itertools.combinations(PARTS, size)],
)
def test_a_connector_has_the_abilities_that_its_file_declares_and_no_other(abilities):
    text = SMALL + "".join(part for ability, part in PARTS.items() if ability in abilities)

    connector = connector_of_text(text, "https://acme.example")

    assert {ability for ability in PARTS if isinstance(connector, ability)} == abilities


async def test_an_object_is_not_asked_for_what_only_another_one_has(call, crm):
    other = SMALL[SMALL.index("  people:") :].replace("people:", "pets:")
    acme = connector_of_text(SMALL + PARTS[Describes] + PARTS[TellsChanges] + other, crm.url)
    crm.play(status(500))

    for asked in (acme.describe(call, "pets"), acme.changed(call, "pets", None, set())):
        with pytest.raises(WrongSettings, match="doesn't say how"):
            await asked
    assert crm.received == []


def test_limits_of_a_file_are_there_for_whoever_calls():
    lanes = "lanes: {reads: [{calls: 5, per_s: 1}]}"
    text = SMALL + f"limits: {{concurrency: 2, rates: [{{calls: 190, per_s: 10}}], {lanes}}}\n"

    acme = connector_of_text(text, "https://acme.example")

    assert limits_of(acme) == Limits(2, (Rate(190, 10.0),), {"reads": (Rate(5, 1.0),)})


async def test_a_request_of_a_lane_waits_for_its_rates_and_others_do_not(http, crm):
    limits = "limits: {lanes: {reads: [{calls: 1, per_s: 3600}]}}\n"
    acme = connector_of_text(
        SMALL.replace("{to: GET /people,", "{to: GET /people, lane: reads,") + limits, crm.url
    )
    gate = Gate("acme", http, Pace(lanes=limits_of(acme).lanes, timeout_s=5))
    crm.play(people({"id": 1}))

    async def read(call):
        return await acme.fetch(call, "people", [ONE], set())

    await gate.through(5, read)
    with pytest.raises(OwnLimit):
        await gate.through(5, read)
    await gate.through(5, acme.ping)

    assert [one.path for one in crm.received] == ["/people", "/me"]


async def test_a_stranger_in_the_answer_makes_a_missing_record_doubtful(call, crm):
    crm.play(people({"id": 1}, {"id": 9}))

    outcomes = await connector_of_text(SMALL, crm.url).fetch(call, "people", [ONE, TWO], set())

    assert outcomes[ONE] == Record("1", {})
    assert type(outcomes[TWO]) is BadPayload


async def test_two_records_of_one_key_are_nobody_s(call, crm):
    crm.play(people({"id": 7, "code": "a"}, {"id": 8, "code": "a"}))
    acme = connector_of_text(SMALL + "        code: {match: code}\n", crm.url)

    outcomes = await acme.fetch(call, "people", [Key("code", "a")], set())

    assert type(outcomes[Key("code", "a")]) is BadPayload


async def test_a_row_that_makes_no_sense_costs_its_own_key_alone(call, crm):
    crm.play(people({"id": 1, "changed": "yesterday"}, {"id": 2, "changed": 1_756_729_800}))

    outcomes = await connector_of_text(SMALL, crm.url).fetch(call, "people", [ONE, TWO], set())

    assert type(outcomes[ONE]) is BadPayload
    assert outcomes[TWO].modified_at.isoformat() == "2025-09-01T12:30:00+00:00"


@pytest.mark.parametrize(("is_whole", "missing"), [(True, None), (False, Unavailable)])
async def test_an_answer_that_is_not_complete_says_nothing_of_what_is_missing(
    is_whole, missing, call, crm
):
    crm.play(people({"id": 1}, whole=is_whole))
    acme = connector_of_text(SMALL.replace("keys:", "complete: body.whole\n      keys:"), crm.url)

    outcomes = await acme.fetch(call, "people", [ONE, TWO], set())

    assert outcomes[ONE] == Record("1", {})
    assert outcomes[TWO] is None if missing is None else type(outcomes[TWO]) is missing


async def test_rows_go_by_position_only_where_the_file_says_so(call, crm):
    acme = connector_of_text(SMALL.replace("match: id", "by_position: true"), crm.url)
    crm.play(people(None, {"id": "b"}), people({"id": "b"}))

    outcomes = await acme.fetch(call, "people", [ONE, TWO], set())

    assert outcomes == {ONE: None, TWO: Record("b", {})}
    with pytest.raises(BadPayload, match="as many rows as keys"):
        await acme.fetch(call, "people", [ONE, TWO], set())


async def test_attributes_have_names_of_the_file_or_of_the_source(call, crm):
    text = SMALL.replace(
        "    fetch:", "    attributes: {city: \"address[?kind == 'home'].city | [0]\"}\n    fetch:"
    ).replace("ids: ", 'only: "${fields => csv}", ids: ')
    row = {"id": 1, "a": {"b": [1]}, "odd-name": 3, "address": [{"kind": "home", "city": "Graz"}]}
    crm.play(people(row))

    outcomes = await connector_of_text(text, crm.url).fetch(
        call, "people", [ONE], {"city", "a.b", "odd-name", "a.none", "nothing"}
    )

    assert outcomes[ONE].values == {"city": "Graz", "a.b": [1], "odd-name": 3}
    assert dict(crm.received[0].query)["only"] == "a,address,id,nothing,odd-name"


RULES = """
errors:
  - {status: 400, when: "body.code == 'QUOTA'", raise: QuotaExhausted}
  - {status: 200, when: "body.busy", raise: RateLimited, retry_after: body.busy}
  - {when: "headers.\\"x-old\\"", raise: CursorExpired, say: start anew}
"""


@pytest.mark.parametrize(
    ("answer", "kind", "told", "pause_s"),
    [
        (body(b'{"code": "QUOTA"}', status=400), QuotaExhausted, "the source says so (400)", 3600),
        (json_of({"busy": 30, "people": []}), RateLimited, "the source says so (200)", 30),
        (body(b"{}", headers={"X-Old": "1"}), CursorExpired, "start anew (200)", None),
        (body(b'{"code": "OTHER"}', status=400), BadPayload, "the request is refused (400)", None),
    ],
)
async def test_errors_are_what_the_first_rule_that_fits_says(
    answer, kind, told, pause_s, call, crm
):
    crm.play(answer)

    with pytest.raises(kind) as raised:
        await connector_of_text(SMALL + RULES, crm.url).fetch(call, "people", [ONE], set())

    assert str(raised.value) == f"acme: {told}"
    assert raised.value.retry_after_s == pause_s
    assert len(crm.received) == 1


ONE_BY_ONE = (
    SMALL.replace('GET /people, query: {ids: "${keys => csv}"}', "'GET /people/${key}'")
    .replace("select: people", "select: '[@]'\n      batch: 1\n      missing: {status: 404}")
    .replace("auth:", "limits: {concurrency: 3}\nauth:")
)


async def test_keys_are_asked_for_one_by_one_and_a_refusal_means_there_is_none(call, crm):
    answers = {"/people/1": json_of({"id": 1}), "/people/2": status(404)}

    async def answer(exchange):
        await answers.get(exchange.received.path, status(500))(exchange)

    crm.play(answer)
    keys = [ONE, TWO, Key("id", "3")]

    outcomes = await connector_of_text(ONE_BY_ONE, crm.url).fetch(call, "people", keys, set())

    assert (outcomes[ONE], outcomes[TWO]) == (Record("1", {}), None)
    assert type(outcomes[keys[2]]) is Unavailable


@pytest.mark.parametrize("key", ["..", ".", "a/../b", "a/b", "x?y=1", "x#y", "//h", "a b", "ü"])
async def test_no_key_changes_the_address(key, call, crm):
    crm.play(replied(lambda _: {"id": key}))
    one = Key("id", key)

    try:
        outcomes = await connector_of_text(ONE_BY_ONE, crm.url).fetch(call, "people", [one], set())
    except BadPayload:
        assert crm.received == []
    else:
        assert outcomes == {one: Record(key, {})}
        assert crm.received[0].target.count("/") == 2
        assert crm.received[0].path.startswith("/people/")


async def test_a_header_can_not_be_split(call, crm):
    text = SMALL.replace("GET /me", "GET /me, headers: {X-R: '${options.region}'}")
    text += "options: {region: Where}\n"
    crm.play(json_of({}))
    acme = connector_of_text(text, crm.url, {"region": "a\r\nX-Evil: 1"})

    with pytest.raises(WrongSettings, match="check the options"):
        await acme.ping(call)

    assert crm.received == []


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, "the option `region` is missing"),
        ({"region": "eu", "regoin": "x"}, "did you mean `region`"),
        ({"region": "eu", "shard": ".."}, "an option can't stand in an address"),
    ],
)
def test_options_that_can_not_work_are_refused_at_once(options, told, crm):
    text = SMALL + "options: {region: Where, shard: {about: Which, needed: false}}\n"
    text += "path: /${not_null(options.shard, 'one')}/v1\n"

    with pytest.raises(WrongSettings, match=told):
        connector_of_text(text, crm.url, options)


async def test_what_may_be_left_out_stands_as_null(call, crm):
    text = SMALL + "options: {shard: {about: Which, needed: false}}\n"
    text += "path: /${not_null(options.shard, 'one')}/v1\nheaders: {X-Shard: '${options.shard}'}\n"
    crm.play(json_of({}))

    await connector_of_text(text, crm.url).ping(call)
    await connector_of_text(text, crm.url, {"shard": "2"}).ping(call)

    assert [received.path for received in crm.received] == ["/one/v1/me", "/2/v1/me"]
    assert [received.headers.get("x-shard") for received in crm.received] == [None, "2"]


CHANGES = """
    changes:
      request: {to: GET /changes, query: {since: "${cursor.at}", after: "${cursor.id}"}}
      select: people
      next: "last && {at: last.changed, id: last.id}"
      last: "length(rows) < `2`"
      into: merged_into
      deleted: gone
"""


async def test_a_cursor_is_made_of_the_last_row_and_kept_where_there_is_none(call, crm):
    acme = connector_of_text(SMALL.rstrip() + CHANGES, crm.url)
    rows = [{"id": 1, "changed": "2026-01-01"}, {"id": 2, "changed": "2026-01-02", "gone": True}]
    crm.play(people(*rows), people({"id": 3, "merged_into": 1, "changed": None}), people())

    one = await acme.changed(call, "people", None, set())
    two = await acme.changed(call, "people", one.cursor, set())
    three = await acme.changed(call, "people", one.cursor, set())

    assert [received.query for received in crm.received] == [
        [],
        [("since", "2026-01-02"), ("after", "2")],
        [("since", "2026-01-02"), ("after", "2")],
    ]
    kinds = [ChangeKind.UPSERTED, ChangeKind.DELETED, ChangeKind.MERGED]
    assert [change.kind for change in (*one.changes, *two.changes)] == kinds
    assert (two.changes[0].into_id, two.changes[0].record) == ("1", None)
    assert three.cursor == one.cursor
    assert [page.is_last for page in (one, two, three)] == [False, True, True]


async def test_a_cursor_of_another_connector_has_expired(call, crm):
    acme = connector_of_text(SMALL.rstrip() + CHANGES, crm.url)
    crm.play(status(500))

    with pytest.raises(CursorExpired):
        await acme.changed(call, "people", "MTU=", set())

    assert crm.received == []


WRITE = """
    write:
      request:
        to: "PUT /people/${id}"
        json: "${whole}"
        headers: {If-Match: "${if_match}"}
      whole: [id, version]
      conflict: {status: 412}
"""


async def test_a_record_that_is_taken_only_whole_is_read_before_and_after(call, crm):
    acme = connector_of_text(SMALL.rstrip() + WRITE, crm.url)
    row = {"id": 1, "version": 3, "name": "Ada", "more": {"tier": "gold", "vip": True}}
    new = {"id": 1, "version": 4, "name": "Ada", "more": {"tier": "silver", "vip": True}}
    crm.play(people(row), body(b"", status=204), people(new))

    record = await acme.write(call, "people", "1", {"more.tier": "silver"}, if_match='"3"')

    asked, told, _ = crm.received
    assert (asked.method, told.method, told.path) == ("GET", "PUT", "/people/1")
    assert told.json() == {"name": "Ada", "more": {"tier": "silver", "vip": True}}
    assert told.headers["if-match"] == '"3"'
    assert record == Record("1", {"more.tier": "silver"})


async def test_a_write_that_was_overtaken_is_a_conflict_and_not_repeated(call, crm):
    acme = connector_of_text(SMALL.rstrip() + WRITE, crm.url)
    crm.play(people({"id": 1}), status(412))

    with pytest.raises(Conflict):
        await acme.write(call, "people", "1", {"name": "Ada"}, if_match='"3"')

    assert [received.method for received in crm.received] == ["GET", "PUT"]


async def test_what_a_source_can_not_promise_is_not_written(call, crm):
    acme = connector_of_text(SMALL + PARTS[TakesWrites], crm.url)
    crm.play(status(500))

    with pytest.raises(Conflict, match="only what wasn't changed"):
        await acme.write(call, "people", "1", {"name": "Ada"}, if_match='"3"')

    assert crm.received == []


async def test_pages_without_an_end_are_cut_off(call, crm):
    text = SMALL + "    describe: {request: {to: GET /f}, select: fs, name: n, next: body.more}\n"
    crm.play(json_of({"fs": [{"n": "a"}], "more": 1}))

    with pytest.raises(BadPayload, match="more than 50 pages"):
        await connector_of_text(text, crm.url).describe(call, "people")


async def test_what_takes_too_long_is_cut_off_however_many_calls_it_takes(http, crm):
    text = SMALL + "    describe: {request: {to: GET /f}, select: fs, name: n, next: body.more}\n"
    crm.play(json_of({"fs": [], "more": 1}))

    with pytest.raises(Timeout):
        await connector_of_text(text, crm.url).describe(Call(http, Budget(0.0)), "people")
