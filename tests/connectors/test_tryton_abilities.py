"""What Tryton can do beyond answering for its records, against scripted answers."""

import json
from base64 import urlsafe_b64decode
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.abilities import ChangeKind, FactKind, ValueType
from connectors.base import Call, Record
from connectors.errors import BadPayload, Conflict, CursorExpired, UnknownField
from connectors.runtime.budget import Budget
from connectors.tryton.attributes import attributes_of, sent_values
from connectors.tryton.cursor import OVERLAP, Cursor, Position, cursor_of
from tests.connectors.test_tryton import a_row, a_tryton
from tests.support.scripted_http import json_of, status

FIELDS = {
    "name": {"type": "char", "string": "Name"},
    "email": {"type": "char", "string": "Email"},
    "code": {"type": "char", "string": "Code", "readonly": True},
    "active": {"type": "boolean", "string": "Active"},
    "born": {"type": "date", "string": "Born"},
    "credit": {"type": "numeric", "string": "Credit"},
    "seen": {"type": "datetime", "string": "Seen"},
    "kind": {"type": "selection", "string": "Kind", "selection": [["a", "A"], ["", ""]]},
    "other": {"type": "selection", "string": "Other", "selection": "get_others"},
    "lang": {"type": "many2one", "string": "Language"},
    "categories": {"type": "many2many", "string": "Categories"},
    "image": {"type": "binary", "string": "Image"},
    "replaced_by": {"type": "many2one", "string": "Replaced By", "readonly": True},
}
MOMENTS = st.integers(6 * 10**8, 4 * 10**9).map(lambda at: datetime.fromtimestamp(at, UTC))
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


@pytest.fixture
def erp(crm, http):
    """A Tryton, and a call to it."""
    return a_tryton(crm.url), Call(http, Budget(5.0))


def asked(received, name):
    """A parameter of a request, decoded."""
    return json.loads(urlsafe_b64decode(dict(received.query)[name]))


def test_attributes_are_described_as_tryton_tells_them():
    found = {one.name: one for one in attributes_of("erp", FIELDS)}

    assert list(found) == sorted(FIELDS)
    assert {name: one.type for name, one in found.items() if one.is_writable} == {
        "name": ValueType.TEXT,
        "email": ValueType.EMAIL,
        "active": ValueType.BOOLEAN,
        "born": ValueType.DATE,
        "credit": ValueType.NUMBER,
        "seen": ValueType.DATETIME,
        "kind": ValueType.CHOICE,
        "other": ValueType.CHOICE,
        "lang": ValueType.LINK,
    }
    assert (found["kind"].options, found["other"].options) == (("a",), ())
    assert (found["categories"].is_list, found["categories"].type) == (True, ValueType.LINK)
    assert found["image"].type is ValueType.OTHER


@pytest.mark.parametrize("answer", [[], "no", {"name": "char"}, None])
def test_what_describes_nothing_is_a_bad_payload(answer):
    with pytest.raises(BadPayload):
        attributes_of("erp", answer)


def test_values_are_sent_in_tryton_s_own_form():
    known = {one.name: one for one in attributes_of("erp", FIELDS)}
    given = {
        "name": "Ada",
        "active": False,
        "born": "1815-12-10",
        "credit": Decimal("1.50"),
        "seen": datetime(2026, 1, 2, 3, 4, 5, 6, tzinfo=UTC),
        "lang": "3",
        "email": None,
    }

    sent = sent_values("erp", known, given)

    assert sent["born"] == {"__class__": "date", "year": 1815, "month": 12, "day": 10}
    assert sent["credit"] == {"__class__": "Decimal", "decimal": "1.50"}
    assert (sent["name"], sent["active"], sent["lang"], sent["email"]) == ("Ada", False, 3, None)
    assert sent["seen"]["__class__"] == "datetime"
    assert (sent["seen"]["hour"], sent["seen"]["microsecond"]) == (3, 6)


@pytest.mark.parametrize("name", ["code", "nothing", "categories", "image"])
def test_what_cannot_be_written_is_refused_by_its_name(name):
    known = {one.name: one for one in attributes_of("erp", FIELDS)}

    with pytest.raises(UnknownField, match=name):
        sent_values("erp", known, {name: "x"})


@pytest.mark.parametrize(
    ("name", "value"),
    [("born", "soon"), ("credit", "much"), ("active", "yes"), ("lang", "German"), ("seen", "ever")],
)
def test_a_value_of_another_type_is_refused_without_being_told(name, value):
    known = {one.name: one for one in attributes_of("erp", FIELDS)}

    with pytest.raises(BadPayload) as refused:
        sent_values("erp", known, {name: value})

    assert name in str(refused.value)
    assert value not in str(refused.value)


async def test_changes_come_with_their_state_and_deactivated_ones_are_gone(erp, crm):
    tryton, call = erp
    rows = [
        a_row(3, name="Ada", active=True, replaced_by=None),
        a_row(4, name="Bob", active=False, replaced_by=None),
        a_row(5, name="Eve", active=False, replaced_by=3),
        a_row(6, name={"__class__": "date", "year": "no"}, active=True, replaced_by=None),
    ]
    crm.play(json_of(FIELDS), json_of(rows))

    page = await tryton.changed(call, "party.party", None, ["name"])

    told = [(one.kind, one.id, one.into_id, one.record) for one in page.changes]
    at = datetime(2026, 11, 23, 18, 34, 49, tzinfo=UTC)
    ada = Record("3", {"name": "Ada"}, at, at.isoformat())
    assert told == [
        (ChangeKind.UPSERTED, "3", None, ada),
        (ChangeKind.DELETED, "4", None, None),
        (ChangeKind.MERGED, "5", "3", None),
        (ChangeKind.UPSERTED, "6", None, None),
    ]
    _, searched = crm.received
    assert asked(searched, "o") == [["create_date", "ASC"], ["id", "ASC"]]
    context = json.loads(urlsafe_b64decode(searched.headers["x-tryton-context"]))
    assert context == {"active_test": False}


async def test_the_second_lane_is_what_was_written_and_ends_the_run(erp, crm):
    tryton, call = erp
    crm.play(json_of(FIELDS), json_of([]), json_of([a_row(7, name="Ada", active=True)]))

    first = await tryton.changed(call, "party.party", None, ["name"])
    second = await tryton.changed(call, "party.party", first.cursor, ["name"])

    assert (first.is_last, second.is_last) == (False, True)
    assert asked(crm.received[1], "d")[0] == ["write_date", "=", None]
    assert asked(crm.received[2], "d")[0][0] == "OR"
    left = cursor_of("erp", second.cursor).positions["write_date"]
    assert (left.at, left.id) == (datetime(2026, 11, 23, 18, 34, 49, tzinfo=UTC), 7)


@pytest.mark.parametrize("row", [{"id": "1"}, {"id": 1, "write_date": None, "create_date": None}])
async def test_a_row_without_a_number_or_a_time_is_a_bad_payload(erp, crm, row):
    tryton, call = erp
    crm.play(json_of(FIELDS), json_of([a_row(1) | row]))

    with pytest.raises(BadPayload):
        await tryton.changed(call, "party.party", None, [])


async def test_categories_are_tags(erp, crm):
    tryton, call = erp
    categories = [{"id": 2, "__name__": "x", "name": "Gold"}]
    crm.play(json_of(FIELDS), json_of([a_row(1, categories=categories)]))

    found = await tryton.facts(call, "party.party", ["1", "9"], {FactKind.TAG})

    assert [(one.id, one.name) for one in found["1"]] == [("2", "Gold")]
    assert found["9"] == ()


async def test_a_record_is_written_if_it_is_as_it_was(erp, crm):
    tryton, call = erp
    row = a_row(5, name="Ada")
    crm.play(json_of(FIELDS), json_of([row]), json_of(row | {"name": "Eve"}))
    etag = datetime(2026, 11, 23, 18, 34, 49, tzinfo=UTC).isoformat()

    written = await tryton.write(call, "party.party", "5", {"name": "Eve"}, if_match=etag)

    assert written.values == {"name": "Eve"}
    put = crm.received[-1]
    assert (put.method, put.path) == ("PUT", "/erp/rest/model/party.party/5")


@pytest.mark.parametrize(
    ("rows", "if_match"), [([], None), ([a_row(5, name="Ada")], "another state")]
)
async def test_a_record_that_is_gone_or_changed_is_a_conflict_and_not_written(
    erp, crm, rows, if_match
):
    tryton, call = erp
    crm.play(json_of(FIELDS), json_of(rows))

    with pytest.raises(Conflict):
        await tryton.write(call, "party.party", "5", {"name": "Eve"}, if_match=if_match)

    assert {one.method for one in crm.received} == {"POST", "GET"}


async def test_a_record_that_is_gone_when_it_is_written_is_a_conflict(erp, crm):
    tryton, call = erp
    crm.play(json_of(FIELDS), json_of([a_row(5, name="Ada")]), status(404))

    with pytest.raises(Conflict):
        await tryton.write(call, "party.party", "5", {"name": "Eve"})


@given(MOMENTS, MOMENTS, st.integers(0, 2**63 - 1), st.booleans())
def test_a_cursor_is_what_it_was_when_it_comes_back(created, written, id, is_last):
    cursor = Cursor({"create_date": Position(created, 1), "write_date": Position(written, id)})
    there = cursor.next_lane() if is_last else cursor

    assert cursor_of("erp", there.text()) == there
    assert len(there.text()) < 4096


@given(MOMENTS, st.integers(1, 10**9))
def test_the_next_run_misses_nothing_that_shows_up_late(at, id):
    there = Cursor().next_lane().moved(at, id)

    then = there.for_next_run(NOW)

    position = then.positions["write_date"]
    assert then.lane == "create_date"
    assert position.at <= max(NOW - OVERLAP, datetime(1970, 1, 1, tzinfo=UTC))
    assert (position == Position(at, id)) is (at <= NOW - OVERLAP)


@pytest.mark.parametrize("text", ["", "{}", "no", '{"lane": "x"}', '{"lane": 1}'])
def test_a_cursor_of_somebody_else_has_expired(text):
    with pytest.raises(CursorExpired):
        cursor_of("erp", text)


def test_days_and_instants_are_told_apart():
    known = {one.name: one for one in attributes_of("erp", FIELDS)}

    sent = sent_values("erp", known, {"born": date(2000, 1, 1)})

    assert sent["born"]["__class__"] == "date"
    assert timedelta(minutes=5) == OVERLAP
