"""Imports into a real store, in this process."""

import asyncio
import json
import stat
from datetime import UTC, datetime

import pytest

from app.imports.errors import ImportTrouble
from app.imports.order import Format
from app.store.profiles import MongoProfiles
from graph.model.channel import Channel
from graph.model.identity import Identity, identity_name
from graph.model.ids import new_id
from graph.model.profile import Profile
from graph.model.search import Findable
from graph.ports import Found, NamedIdentity
from policies.plan import Scope
from tests.app.imports.importing import customers, dead_letters, without_ids_and_times


async def test_a_row_of_csv_becomes_a_profile(importing):
    await importing.define("tier", is_searchable=True)
    file = importing.file(
        "a.csv",
        "name.given,birthDate,identities.EMAIL,identities.VOICE,custom.tier,link.crm.contacts\n"
        '"Ada, Countess",1985-12-10,ADA@example.com|b@example.com,(202) 555-0143,gold,17\n',
    )

    outcome = await importing.do(file)

    [profile] = await importing.profiles()
    assert (outcome.created, outcome.updated, outcome.bad) == (1, 0, 0)
    assert (profile["state"], profile["version"]) == ("IDENTIFIED", 1)
    assert profile["name"] == {"given": "Ada, Countess"}
    assert profile["birthDate"] == "1985-12-10"
    assert [(item["channel"], item["value"]) for item in profile["identities"]] == [
        ("EMAIL", "ada@example.com"),
        ("EMAIL", "b@example.com"),
        ("VOICE", "+12025550143"),
    ]
    assert list(profile["custom"].values()) == ["gold"]
    assert profile["search"]["t0"].split("\t")[2] == "gold"
    assert profile["links"] == [{"source": "crm", "object": "contacts", "recordId": "17"}]
    assert set(await importing.claims()) == {item["index"] for item in profile["identities"]}


async def test_flat_and_nested_json_lines_make_the_same_profile(importing):
    await importing.define("tier")
    flat = {"name.given": "Ada", "identities.EMAIL": "a@example.com", "custom.tier": "gold"}
    nested = {
        "name": {"given": "Ada", "family": None},
        "identities": [{"channel": "EMAIL", "value": "b@example.com"}],
        "custom": {"tier": "gold"},
    }
    lines = "\n".join(map(json.dumps, [flat, nested]))

    outcome = await importing.do(importing.file("a.jsonl", lines))

    one, other = await importing.profiles()
    assert outcome.created == 2
    assert (one["name"], one["custom"]) == (other["name"], other["custom"])


async def test_a_second_row_of_one_person_updates_the_first_even_in_one_batch(importing):
    file = importing.file(
        "a.csv",
        "name.given,gender,identities.EMAIL,identities.SMS\n"
        "Ada,,ada@example.com,\n"
        ",f,ADA@example.com,+12025550143\n",
    )

    outcome = await importing.do(file)

    [profile] = await importing.profiles()
    assert (outcome.created, outcome.updated, outcome.bad) == (1, 1, 0)
    assert (profile["name"], profile["gender"]) == ({"given": "Ada"}, "f")
    assert [item["channel"] for item in profile["identities"]] == ["EMAIL", "SMS"]
    assert profile["version"] == 2


async def test_a_row_updates_who_has_its_identity_and_leaves_what_it_does_not_name(importing):
    await importing.do(
        importing.file("a.csv", "name.given,gender,identities.EMAIL\nAda,f,a@example.com\n")
    )
    file = importing.file(
        "b.csv",
        "name.given,gender,identities.EMAIL,identities.VOICE\nEve,,a@example.com,12025550143\n",
    )

    outcome = await importing.do(file)

    [profile] = await importing.profiles()
    assert (outcome.created, outcome.updated) == (0, 1)
    assert (profile["name"], profile["gender"], profile["version"]) == ({"given": "Eve"}, "f", 2)
    assert len(await importing.claims()) == 2
    assert profile["search"]["given"].split("\t")[2] == "eve"


async def test_rows_that_change_nothing_write_nothing(importing):
    file = importing.file("a.csv", customers(20).replace(",custom.tier", ",gender"))
    await importing.do(file)
    before = await importing.profiles()

    outcome = await importing.do(file, is_restart=True)

    assert (outcome.created, outcome.updated) == (0, 20)
    assert await importing.profiles() == before


async def test_a_row_that_belongs_to_several_profiles_is_refused_whole(importing):
    await importing.do(
        importing.file("a.csv", "identities.EMAIL,identities.VOICE\na@example.com,\n,12025550143\n")
    )
    before = await importing.profiles()
    file = importing.file(
        "b.csv", "name.given,identities.EMAIL,identities.VOICE\nAda,a@example.com,12025550143\n"
    )

    outcome = await importing.do(file)

    assert (outcome.created, outcome.updated, outcome.bad) == (0, 0, 1)
    [letter] = dead_letters(file)
    assert letter["errors"] == [
        {
            "field": "identities",
            "reason": "the identities and unique values of this row belong to several profiles",
        }
    ]
    assert await importing.profiles() == before


async def test_only_the_channels_that_match_find_a_profile(importing):
    await importing.do(
        importing.file("a.csv", "identities.EMAIL,identities.VOICE\na@example.com,12025550143\n")
    )
    file = importing.file(
        "b.csv",
        "name.given,identities.EMAIL,identities.VOICE\n"
        "Ada,a@example.com,12025550143\nEve,e@example.com,12025550143\n",
    )

    outcome = await importing.do(file, matched=frozenset({Channel.EMAIL}))

    [profile] = await importing.profiles()
    assert (outcome.created, outcome.updated, outcome.bad) == (0, 1, 1)
    assert profile["name"] == {"given": "Ada"}
    assert dead_letters(file)[0]["errors"][0]["field"] == "identities.VOICE"


async def test_a_unique_value_finds_its_profile_and_is_given_up_when_it_changes(importing):
    await importing.define("number", is_unique=True)
    file = importing.file(
        "a.csv",
        "name.given,custom.number,identities.EMAIL\n"
        "Ada,1,a@example.com\n,2,a@example.com\nEve,1,e@example.com\n",
    )

    outcome = await importing.do(file)

    ada, eve = await importing.profiles()
    assert (outcome.created, outcome.updated, outcome.bad) == (2, 1, 0)
    assert [list(one["custom"].values()) for one in (ada, eve)] == [["2"], ["1"]]
    assert len(await importing.claims()) == 4


async def test_required_fields_take_their_defaults_or_refuse_the_row(importing):
    await importing.define("tier", is_required=True, default="bronze")
    await importing.define("city", is_required=True)
    file = importing.file(
        "a.csv", "custom.city,identities.EMAIL\nGraz,a@example.com\n,b@example.com\n"
    )

    outcome = await importing.do(file)

    [profile] = await importing.profiles()
    assert (outcome.created, outcome.bad) == (1, 1)
    assert sorted(profile["custom"].values()) == ["Graz", "bronze"]
    assert dead_letters(file)[0]["errors"] == [
        {"field": "custom.city", "reason": "required, and there is no default"}
    ]


async def test_every_bad_field_is_told_without_its_value_and_the_row_can_be_mended(importing):
    await importing.define("score", "NUMBER")
    file = importing.file(
        "a.csv",
        "name.given,birthDate,custom.score,identities.EMAIL\nAda,tomorrow,many,a@example\n",
    )

    outcome = await importing.do(file)
    dead = file.with_name("a.csv.dead.jsonl")
    [letter] = dead_letters(file)
    mended = importing.file(
        "mended.jsonl",
        dead.read_text()
        .replace("tomorrow", "1985-12-10")
        .replace("many", "4")
        .replace("a@example", "a@example.com"),
    )
    again = await importing.do(mended)

    assert outcome.bad == 1
    assert outcome.told[0].startswith("row 1: ")
    assert not any(value in outcome.told[0] for value in ("tomorrow", "many", "a@example"))
    assert {error["field"] for error in letter["errors"]} == {
        *("identities.EMAIL", "birthDate", "custom.score")
    }
    assert letter["data"]["birthDate"] == "tomorrow"
    assert stat.S_IMODE(dead.stat().st_mode) == 0o600
    assert (again.created, again.bad) == (1, 0)
    assert [one["birthDate"] for one in await importing.profiles()] == ["1985-12-10"]


async def test_one_bad_row_in_a_hundred_leaves_the_others_in(importing):
    await importing.define("tier")
    file = importing.file("a.csv", customers(600))

    outcome = await importing.do(file, batch=250)

    assert (outcome.created, outcome.updated, outcome.bad) == (594, 0, 6)
    assert [letter["row"] for letter in dead_letters(file)] == [100, 200, 300, 400, 500, 600]
    assert await importing.count() == 594


async def test_a_dry_run_finds_the_same_and_writes_nothing(importing):
    await importing.define("tier")
    file = importing.file("a.csv", customers(60, bad_every=10) + customers(30).partition("\n")[2])

    dry = await importing.do(file, is_dry=True, batch=25)
    left = [
        await importing.count(),
        await importing.claims(),
        list(importing.folder.glob("*dead*")),
    ]
    wet = await importing.do(file, batch=25)

    assert left == [0, {}, []]
    assert (dry.created, dry.updated, dry.bad) == (wet.created, wet.updated, wet.bad)
    assert (dry.created, dry.updated, dry.bad) == (57, 27, 6)


async def test_a_profile_has_no_more_identities_of_a_channel_than_it_may(importing):
    many = "|".join(f"a{number}@example.com" for number in range(11))
    file = importing.file("a.csv", f"identities.EMAIL\n{many}\n")

    outcome = await importing.do(file)

    assert (outcome.created, outcome.bad) == (0, 1)
    assert await importing.claims() == {}


async def test_a_finished_import_does_nothing_again_unless_it_is_restarted(importing):
    file = importing.file("a.csv", "identities.EMAIL\na@example.com\n")
    await importing.do(file)

    again = await importing.do(file)
    restarted = await importing.do(file, is_restart=True)

    assert (again.was_done, again.created) == (True, 1)
    assert (restarted.was_done, restarted.created, restarted.updated) == (False, 0, 1)


async def test_a_dead_letter_file_of_somebody_else_is_not_written_over(importing):
    file = importing.file("a.csv", "identities.EMAIL\nnobody\n")
    other = importing.file("a.csv.dead.jsonl", "being mended\n")

    with pytest.raises(ImportTrouble, match="is there already"):
        await importing.do(file)

    assert other.read_text() == "being mended\n"


async def test_of_an_import_and_a_recognition_at_once_one_profile_comes(importing):
    count = 120
    file = importing.file(
        "a.csv", customers(count, bad_every=1_000).replace(",custom.tier", ",gender")
    )

    async def recognise(profiles: MongoProfiles, number: int) -> tuple[Found, bool]:
        name = identity_name(Channel.EMAIL, f"a{number}@example.com", "US")
        now = datetime.now(UTC)
        identity = NamedIdentity(name, Identity(channel=Channel.EMAIL, value=name.value))
        anonymous = Profile(id=new_id(), version=1, created_at=now, updated_at=now)
        return await profiles.recognise(anonymous, Findable(), identity, Scope(importing.tenant))

    async def recognise_all() -> None:
        store = importing.store
        async with importing.sealing() as sealing:
            profiles = MongoProfiles(
                store.client, store.database, sealing, lambda: datetime.now(UTC)
            )
            for number in reversed(range(0, count, 2)):
                await recognise(profiles, number)

    outcome, _ = await asyncio.gather(importing.do(file, batch=30), recognise_all())

    kept, claims = await importing.profiles(), await importing.claims()
    assert (outcome.created + outcome.updated, outcome.bad) == (count, 0)
    assert len(kept) == count
    assert {one["state"] for one in kept} == {"IDENTIFIED"}
    assert {item["index"]: one["id"] for one in kept for item in one["identities"]} == claims


async def test_another_import_of_the_same_file_stops_one_of_the_two(importing):
    await importing.define("tier")
    file = importing.file("a.csv", customers(300))

    found = await asyncio.gather(
        *(importing.do(file, batch=20) for _ in range(2)), return_exceptions=True
    )

    assert any(isinstance(item, ImportTrouble) for item in found)
    assert await importing.count() <= 297


async def test_a_changed_schema_stops_the_import_which_then_goes_on_with_it(importing, monkeypatch):
    await importing.define("tier")
    whole = importing.file("whole.csv", customers(100))
    file = importing.file("a.csv", customers(100) + "\n")
    from app.imports import run  # noqa: PLC0415 - to interrupt it

    settle = run._Import._settle

    async def and_define(self, batch):
        await settle(self, batch)
        await importing.define("later")

    with monkeypatch.context() as patched:
        patched.setattr(run._Import, "_settle", and_define)
        with pytest.raises(ImportTrouble, match="schema was changed"):
            await importing.do(file, batch=40)
    begun = await importing.count()
    outcome = await importing.do(file, batch=40)
    state = without_ids_and_times(await importing.profiles())
    await importing.do(whole, batch=40)

    assert begun == 40
    assert (outcome.created, outcome.bad) == (99, 1)
    assert without_ids_and_times(await importing.profiles()) == state


async def test_customers_of_expertflow_are_imported_with_their_id_as_a_link(importing):
    await importing.define("tier")
    customer = {
        "_id": "651f1d3b",
        "firstName": "Ada",
        "phoneNumber": ["+12025550143", "+12025550144"],
        "isAnonymous": False,
        "__v": 0,
        "labels": [],
        "createdAt": "2023-10-05T20:33:00.000Z",
        "tier": "gold",
        "email": [],
    }
    for name, text in (
        ("a.json", json.dumps([customer, customer])),
        ("a.jsonl", json.dumps(customer)),
    ):
        await importing.do(importing.file(name, text), format=Format.EXPERTFLOW)

    [profile] = await importing.profiles()
    assert profile["name"] == {"given": "Ada"}
    assert [item["channel"] for item in profile["identities"]] == ["VOICE", "VOICE"]
    assert profile["links"] == [
        {"source": "expertflow", "object": "customer", "recordId": "651f1d3b"}
    ]
    assert list(profile["custom"].values()) == ["gold"]
