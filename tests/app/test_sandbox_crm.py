from datetime import UTC, datetime

import pytest

from app.demo.sandbox_crm import sandbox_app
from app.demo.sandbox_wire import iso
from tests.support.sandbox import sandbox_client

DATED = "/crm/objects/2026-09/contacts"
V3 = "/crm/v3/objects/contacts"
PEOPLE = [
    {"object": "contacts", "property": {"name": "tier", "label": "Tier"}},
    {"object": "contacts", "property": {"name": "points", "type": "number"}},
    {"object": "contacts", "property": {"name": "since", "type": "date"}},
    {"object": "contacts", "property": {"name": "profile_id", "hasUniqueValue": True}},
    *(
        {"object": "contacts", "properties": values}
        for values in (
            {"email": "ada@example.com", "tier": "gold", "points": 120, "since": "2019-05-01"},
            {"email": "bob@example.com", "tier": "silver", "points": 9, "profile_id": "p-bob"},
            {"email": "cho@other.example", "tier": "gold", "points": 40, "since": "2024-01-31"},
        )
    ),
]
ADA, BOB, CHO = "101", "102", "103"


@pytest.fixture
async def crm():
    async with sandbox_client(PEOPLE) as client:
        yield client


async def test_the_root_page_says_that_this_is_a_sandbox(crm):
    answered = await crm.get("/")

    assert answered.status_code == 200
    assert "This is a sandbox, not a CRM" in answered.text


async def test_known_properties_without_a_value_are_null_and_unknown_ones_are_left_out(crm):
    asked = {"inputs": [{"id": BOB}], "properties": ["tier", "since", "shoe_size"]}

    answered = (await crm.post(f"{DATED}/batch/read", json=asked)).json()

    [record] = answered["results"]
    assert record["properties"] == {
        "createdate": record["createdAt"],
        "hs_object_id": BOB,
        "lastmodifieddate": record["updatedAt"],
        "since": None,
        "tier": "silver",
    }
    assert record["createdAt"].endswith("Z")
    assert record["archived"] is False


async def test_a_key_asked_for_twice_is_answered_once(crm):
    asked = {"inputs": [{"id": ADA}, {"id": ADA}, {"id": BOB}]}

    answered = (await crm.post(f"{DATED}/batch/read", json=asked)).json()

    assert [one["id"] for one in answered["results"]] == [ADA, BOB]


@pytest.mark.parametrize(("base", "status"), [(DATED, 200), (V3, 207)])
async def test_missing_keys_are_named_and_only_the_old_path_answers_207(crm, base, status):
    asked = {"inputs": [{"id": "ada@example.com"}, {"id": "no@one.example"}], "idProperty": "email"}

    answered = await crm.post(f"{base}/batch/read", json=asked)

    body = answered.json()
    assert (answered.status_code, body["status"], body["numErrors"]) == (status, "COMPLETE", 1)
    assert [one["id"] for one in body["results"]] == [ADA]
    assert body["errors"][0]["context"] == {"ids": ["no@one.example"]}


@pytest.mark.parametrize("base", [DATED, V3])
async def test_history_is_given_where_it_is_asked_for(crm, base):
    asked = {"inputs": [{"id": ADA}], "propertiesWithHistory": ["tier", "since"]}

    answered = (await crm.post(f"{base}/batch/read", json=asked)).json()

    history = answered["results"][0]["propertiesWithHistory"]
    assert history.keys() == {"tier", "since"}
    assert [entry["value"] for entry in history["tier"]] == ["gold"]


@pytest.mark.parametrize(
    ("path", "body", "told"),
    [
        ("/batch/read", {"inputs": [{"id": str(n)} for n in range(101)]}, "inputs: "),
        ("/batch/read", {"inputs": [{"id": "1"}] * 51, "propertiesWithHistory": ["tier"]}, "50"),
        ("/batch/read", {"inputs": [{"name": "1"}]}, "inputs.0.id: Field required"),
        ("/batch/read", {"inputs": [{"id": "x"}], "idProperty": "tier"}, "tier is not a unique"),
        ("/batch/read", [], "body: "),
        ("/batch/update", {"inputs": [{"id": "1"}]}, "inputs.0.properties: Field required"),
        ("/batch/update", {"inputs": [{"id": "1", "properties": {}}] * 2}, "Duplicate IDs"),
        ("/batch/upsert", {"inputs": [{"id": "1", "properties": {}}]}, "needs idProperty"),
        ("", {"properties": {"shoe_size": "44"}}, "shoe_size"),
        ("", {"properties": {"hs_object_id": "7"}}, "hs_object_id"),
        ("", {"properties": {"points": "many"}}, "points"),
        ("", {"properties": {"email": "nobody"}}, "email"),
        ("/search", {"limit": 201}, "limit: "),
        ("/search", {"after": 9_995, "limit": 10}, "10000"),
        ("/search", {"filterGroups": [{"filters": [{"operator": "EQ"}]}]}, "propertyName"),
        ("/search", {"sorts": ["shoe_size"]}, "shoe_size"),
    ],
)
async def test_malformed_input_is_refused_with_the_place_and_without_the_value(
    crm, path, body, told
):
    answered = await crm.post(DATED + path, json=body)

    refusal = answered.json()
    assert (answered.status_code, refusal["category"]) == (400, "VALIDATION_ERROR")
    assert told in refusal["message"]
    assert not {"many", "nobody", "44"} & set(refusal["message"].split())


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("POST", f"{DATED}/batch/read", 400),
        ("POST", f"{DATED}/search", 400),
        ("GET", f"{DATED}?limit=0", 400),
        ("GET", f"{DATED}?limit=ten", 400),
        ("GET", f"{DATED}?after={'9' * 5000}", 400),
        ("GET", f"{DATED}?archived=perhaps", 400),
        ("GET", f"{DATED}/x?idProperty=tier", 400),
        ("GET", f"{DATED}/999", 404),
        ("PATCH", f"{DATED}/999", 400),
        ("GET", "/crm/objects/2026-09/unicorns", 400),
        ("GET", "/crm/v9/nothing", 404),
        ("PUT", DATED, 405),
    ],
)
async def test_no_bad_call_is_answered_with_a_server_error(crm, method, path, status):
    answered = await crm.request(method, path, content=b"{not json")

    assert answered.status_code == status
    assert answered.json()["status"] == "error"


@pytest.mark.parametrize(
    "shown", ["", "Basic dTpw", "Bearer ", "Bearer wrong", "Bearer sandbox-tokenn"]
)
async def test_without_the_right_token_nothing_is_read_or_written(crm, shown):
    written = {"properties": {"email": "eve@example.com"}}

    answered = await crm.post(DATED, json=written, headers={"Authorization": shown})

    assert answered.status_code == 401
    assert answered.json()["category"] == "INVALID_AUTHENTICATION"
    assert len((await crm.get(DATED)).json()["results"]) == 3


async def test_pages_follow_each_other_until_the_last_one_which_names_no_next(crm):
    first = (await crm.get(DATED, params={"limit": 2, "properties": "email,tier"})).json()
    after = first["paging"]["next"]["after"]
    second = (await crm.get(DATED, params={"limit": 2, "after": after})).json()

    assert [one["id"] for one in first["results"]] == [ADA, BOB]
    assert [one["id"] for one in second["results"]] == [CHO]
    assert "paging" not in second


async def test_a_change_moves_the_modification_time_and_clears_with_an_empty_text(crm):
    before = (await crm.get(f"{DATED}/{ADA}")).json()
    while iso(datetime.now(UTC)) <= before["updatedAt"]:
        pass  # the change must fall into a later millisecond

    await crm.patch(f"{DATED}/{ADA}", json={"properties": {"tier": "", "points": 7}})

    after = (await crm.get(f"{DATED}/{ADA}", params={"properties": "tier,points"})).json()
    assert (after["properties"]["tier"], after["properties"]["points"]) == (None, "7")
    assert after["updatedAt"] == after["properties"]["lastmodifieddate"] > before["updatedAt"]
    assert after["createdAt"] == before["createdAt"]


async def test_an_archived_record_frees_its_email_and_is_read_only_as_archived(crm):
    assert (await crm.delete(f"{DATED}/{ADA}")).status_code == 204

    again = await crm.post(DATED, json={"properties": {"email": "ADA@example.com"}})
    archived = (await crm.get(DATED, params={"archived": "true"})).json()

    assert again.status_code == 201
    assert [one["id"] for one in archived["results"]] == [ADA]
    assert (await crm.get(f"{DATED}/{ADA}")).status_code == 404


async def test_a_refused_batch_changes_nothing(crm):
    inputs = [
        {"id": ADA, "properties": {"tier": "tin"}},
        {"id": BOB, "properties": {"points": "many"}},
    ]

    refused = await crm.post(f"{DATED}/batch/update", json={"inputs": inputs})

    assert refused.status_code == 400
    read = await crm.get(f"{DATED}/{ADA}", params={"properties": "tier"})
    assert read.json()["properties"]["tier"] == "gold"


async def test_a_batch_is_created_whole_or_not_at_all(crm):
    new = [{"properties": {"email": f"{name}@example.com"}} for name in ("dee", "eli")]
    taken = {"properties": {"email": "ada@example.com"}}

    refused = await crm.post(f"{DATED}/batch/create", json={"inputs": [*new, taken]})
    created = await crm.post(f"{DATED}/batch/create", json={"inputs": new})

    assert (refused.status_code, refused.json()["category"]) == (409, "CONFLICT")
    assert created.status_code == 201
    assert [one["id"] for one in created.json()["results"]] == ["104", "105"]


async def test_an_upsert_changes_who_is_there_and_creates_who_is_not(crm):
    inputs = [
        {"id": value, "idProperty": "profile_id", "properties": {"tier": "tin"}}
        for value in ("p-bob", "p-dee")
    ]

    kept = (await crm.post(f"{V3}/batch/upsert", json={"inputs": inputs})).json()["results"]

    assert [(one["id"], one["new"]) for one in kept] == [(BOB, False), ("104", True)]
    assert {one["properties"]["tier"] for one in kept} == {"tin"}


async def test_a_batch_update_tells_who_is_missing_and_a_batch_archive_does_not(crm):
    changes = [{"id": one, "properties": {"tier": "tin"}} for one in (ADA, "999")]
    updated = await crm.post(f"{V3}/batch/update", json={"inputs": changes})

    archived = await crm.post(f"{V3}/batch/archive", json={"inputs": [{"id": ADA}, {"id": "999"}]})

    assert (updated.status_code, updated.json()["numErrors"]) == (207, 1)
    assert archived.status_code == 204
    assert [one["id"] for one in (await crm.get(V3)).json()["results"]] == [BOB, CHO]


@pytest.mark.parametrize(
    ("definition", "written", "kept"),
    [
        ({"type": "bool"}, True, "true"),
        ({"type": "number"}, 1.5, "1.5"),
        ({"type": "datetime"}, "2026-11-23T10:00:00+02:00", "2026-11-23T08:00:00.000Z"),
        ({"type": "datetime"}, 1_704_067_200_000, "2024-01-01T00:00:00.000Z"),
        ({"type": "date"}, "2026-11-23", "2026-11-23"),
        ({"type": "enumeration"}, "a;b", "a;b"),
        ({"type": "string"}, 7, "7"),
    ],
)
async def test_values_are_kept_as_text_of_their_property_s_type(definition, written, kept):
    options = [{"label": "A", "value": "a"}, {"label": "B", "value": "b"}]
    declared = {"name": "trait", "options": options, **definition}
    async with sandbox_client([{"object": "pets", "property": declared}]) as crm:
        created = await crm.post("/crm/v3/objects/pets", json={"properties": {"trait": written}})

    assert created.json()["properties"]["trait"] == kept


@pytest.mark.parametrize("type", ["bool", "number", "date", "datetime", "enumeration"])
async def test_a_value_of_another_type_is_refused(type):
    async with sandbox_client(
        [{"object": "pets", "property": {"name": "trait", "type": type}}]
    ) as crm:
        refused = await crm.post("/crm/v3/objects/pets", json={"properties": {"trait": "furry"}})

    assert refused.status_code == 400
    assert refused.json()["errors"][0]["context"] == {"propertyName": ["trait"]}


async def test_a_property_declared_unique_over_http_names_records_from_then_on(crm):
    declared = {"name": "loyalty_number", "label": "Loyalty number", "hasUniqueValue": True}
    path = "/crm/properties/2026-09/contacts"

    created = await crm.post(path, json=declared)
    await crm.patch(f"{DATED}/{BOB}", json={"properties": {"loyalty_number": "L7"}})

    assert created.status_code == 201
    assert (await crm.get(f"{path}/loyalty_number")).json()["hasUniqueValue"] is True
    read = await crm.get(f"{DATED}/L7", params={"idProperty": "loyalty_number"})
    assert read.json()["id"] == BOB
    taken = await crm.patch(f"{DATED}/{ADA}", json={"properties": {"loyalty_number": "L7"}})
    assert taken.status_code == 409


@pytest.mark.parametrize(
    "line",
    [
        {"object": "contacts"},
        {"object": "contacts", "properties": {"email": "secret-value"}},
        {"object": "contacts", "id": "seven", "properties": {}},
        {"object": "contacts", "propertys": {}},
        ["secret-value"],
    ],
)
def test_a_seed_that_breaks_the_contract_is_refused_by_its_number(line):
    with pytest.raises(ValueError, match="record 2 of the seed: ") as caught:
        sandbox_app("a-token", [{"object": "pets", "properties": {"name": "Rex"}}, line])

    assert "secret-value" not in str(caught.value)
