"""What a purged field leaves in documents is found, and nothing that is another's."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from app.store.client import open_client
from app.store.definition_changes import changed
from app.store.outbox import forget_field
from app.store.purging import claimed_alone, forgotten, purged, traces_in, without_claims
from graph.errors import Conflict
from graph.model.comparison import Measure
from graph.model.custom_field import CustomerSchema, FieldDefinition
from policies.classification import DataClass
from tests.support.sealing import a_seal

# Ids of one length, as all are; the second begins as the first does but for its end.
GONE, KEPT = "01F0A", "01F0B"
SEAL = a_seal("P1")
HELD = {
    "_id": "acme/P1",
    "id": "P1",
    "tenant": "acme",
    "version": 4,
    "name": {"given": "Ada", "family": "Lovelace"},
    "custom": {GONE: 1, f"{GONE}-2": b"sealed", KEPT: "A-4711"},
    "provenance": {"name": {}, "custom": {f"{GONE}-2": {"by": "x"}, KEPT: {"by": "x"}}},
    "layers": {"custom": {GONE: [{"member": "P2", "how": "OVER"}]}},
    "own": {"custom": {f"{GONE}-2": {"value": b"sealed"}, KEPT: {"value": "o"}}},
    "search": {
        "t0": f"acme\t{GONE}\tabcd\tP1",
        "s1": [f"acme\t{GONE}~\t", f"acme\t{GONE}~\tx"],
        "t1": f"acme\t{KEPT}\tefgh\tP1",
    },
    "grams": ["1", "2", "3", "4"],
    "blocks": ["1", "2"],
    "identities": [{"index": "phone/1", "blocks": ["acme/mine"]}],
}


def test_every_place_that_a_field_has_something_in_is_found_and_no_other():
    assert set(traces_in(HELD, GONE)) == {
        f"custom.{GONE}",
        f"custom.{GONE}-2",
        f"provenance.custom.{GONE}-2",
        f"layers.custom.{GONE}",
        f"own.custom.{GONE}-2",
        "search.t0",
        "search.s1",
    }
    assert traces_in({"tenant": "acme"}, GONE) == []
    assert traces_in({**HELD, "tenant": "other"}, "01F0C") == []


def test_what_is_left_is_found_by_the_other_fields_as_before():
    traces = traces_in(HELD, GONE)

    update = purged(HELD, traces, {KEPT: Measure.TEXT}, SEAL)
    alone = purged(HELD, traces, {}, SEAL)

    assert update["$unset"] == dict.fromkeys(traces, "")
    assert len(update["$set"]["grams"]) == 2
    assert "acme/mine" in update["$set"]["blocks"]
    assert set(alone["$set"]["blocks"]) < set(update["$set"]["blocks"])


def test_who_has_no_blocks_gets_none_and_grams_that_are_right_stay():
    merged = {name: HELD[name] for name in ("id", "tenant", "version", "custom")}

    assert purged(merged, [f"custom.{GONE}"], {}, SEAL) == {"$unset": {f"custom.{GONE}": ""}}


@pytest.mark.parametrize(
    ("entry", "update"),
    [
        ({"kind": "CHANGED", "changes": {f"custom/{KEPT}": {}, "gender": {}}}, None),
        ({"kind": "CHANGED", "changes": {f"custom/{GONE}-3": {}}}, {}),
        (
            {"kind": "CHANGED", "changes": {f"custom/{GONE}": {}, "gender": {}}},
            {"$unset": {f"changes.custom/{GONE}": ""}},
        ),
        (
            {"kind": "MERGED", "changes": {f"custom/{GONE}": {}}, "merge": {"id": "M"}},
            {"$unset": {f"changes.custom/{GONE}": ""}},
        ),
        (
            {
                "kind": "MERGED",
                "merge": {"survivals": [[f"custom.{GONE}", "P1", "X"], ["gender", "P2", "X"]]},
            },
            {"$set": {"merge.survivals": [["gender", "P2", "X"]]}},
        ),
        ({"kind": "MERGED", "merge": {"survivals": [["gender", "P2", "X"]]}}, None),
    ],
)
def test_an_entry_of_history_stays_unless_nothing_is_left_of_it(entry, update):
    assert forgotten(entry, GONE) == update


def test_what_something_else_claims_too_stays_claimed():
    standing = {
        "identities": [{"index": "phone/1"}, {"index": "phone/2", "shared": True}],
        "claims": {GONE: ["phone/1", "field/1"], KEPT: ["field/2"]},
        "reserved": {GONE: ["field/3"]},
    }
    absorbed = {
        "identities": [{"index": "phone/4"}],
        "claims": {GONE: ["field/2", "phone/4", "field/5"], KEPT: ["field/3"]},
    }

    assert claimed_alone([standing, absorbed], GONE) == {"field/1", "phone/4", "field/5"}
    assert without_claims(GONE) == {"$unset": {f"claims.{GONE}": "", f"reserved.{GONE}": ""}}


def test_a_field_that_is_in_use_again_is_not_purged_and_a_purged_one_not_changed():
    used = FieldDefinition(
        id=GONE, key="tier", label="Tier", kind="STRING", data_class=DataClass.PUBLIC
    )
    ordered = replace(used, is_retired=True, is_purged=True)
    schema = CustomerSchema(1, (used,))

    with pytest.raises(Conflict, match="in use again"):
        changed(used, ordered, schema)
    for wanted in (used, ordered, replace(ordered, label="Level")):
        with pytest.raises(Conflict, match="was purged"):
            changed(ordered, wanted, CustomerSchema(2, (), (ordered,)))


async def test_what_a_crm_was_to_be_told_of_a_field_is_told_no_more(document_server, tenant):
    now = datetime.now(UTC).replace(microsecond=0)
    one = {"tenant": tenant, "seq": "drawn", "due": now}
    debt = {"_id": f"{tenant}/P1/{GONE}", "fields": [GONE], **one}
    other = {"_id": f"{tenant}/P1/{KEPT}", "fields": [KEPT], **one}
    values = {GONE: b"sealed", KEPT: b"sealed too"}
    wish = {"_id": f"{tenant}/P2/W", "fields": [GONE, KEPT], "values": values, **one}
    refused = {"_id": f"{tenant}/P3/W", "fields": [GONE], "seq": "drawn", "refused": "no"}
    foreign = {**debt, "_id": f"{tenant}x/P1/{GONE}"}
    async with open_client(document_server.uri, 20) as client:
        outbox = client[tenant]["outbox"]
        await outbox.insert_many([debt, other, wish, refused, foreign])
        await forget_field(client[tenant], tenant, GONE)
        left = {document["_id"]: document async for document in outbox.find({})}

    kept = left.pop(wish["_id"])
    assert left == {other["_id"]: other, foreign["_id"]: foreign}
    assert kept["fields"] == [KEPT]
    assert kept["values"] == {KEPT: b"sealed too"}
    assert kept["seq"] != "drawn"
    assert kept["due"] == now
