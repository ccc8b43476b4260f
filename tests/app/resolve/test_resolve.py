"""`profile-gateway resolve` over a thousand profiles, as users run it."""

import json
import random
from datetime import date, timedelta

import pytest

from app.imports.order import Format
from app.resolve.matching import Matching
from app.resolve.people import People
from app.store.names import SUGGESTIONS, WEIGHTS
from graph.model.comparison import Level, Measure
from graph.model.match_weights import USUAL_WEIGHTS
from graph.model.traits import BIRTH, FAMILY, GIVEN, Trait, Traits, blocking_keys
from policies.classification import DataClass
from tests.app.imports.conftest import importing  # noqa: F401 - a fixture
from tests.support.process import Ended, running

PEOPLE, DOUBLES = 1_000, 60
_MEASURES = {
    GIVEN: Measure.NAME,
    FAMILY: Measure.NAME,
    BIRTH: Measure.DATE,
    "email": Measure.EMAIL,
    "phone": Measure.PHONE,
    "custom.street": Measure.PLACE,
}


def invented(seed: int) -> tuple[list[dict[str, str]], set[frozenset[str]]]:
    """Invented people, some of them twice with an edit; and the numbers of who is who."""
    chance = random.Random(seed)  # noqa: S311 - not for secrets

    def word(length: int) -> str:
        return "".join(chance.choice(syllables) for _ in range(length)).capitalize()

    syllables = ["ba", "ri", "mo", "ne", "ta", "lu", "ko", "shi", "er", "an", "ol", "du"]
    given, family = [word(2) for _ in range(60)], [word(3) for _ in range(300)]
    rows = [
        {
            "name.given": chance.choice(given),
            "name.family": chance.choice(family),
            "birthDate": str(date(1940, 1, 1) + timedelta(chance.randrange(20_000))),
            "identities.ACCOUNT": f"n{number}",
        }
        for number in range(PEOPLE)
    ]
    same = set()
    for number in range(DOUBLES):
        row = dict(rows[number], **{"identities.ACCOUNT": f"n{PEOPLE + number}"})
        row["name.family"] = row["name.family"][:-1]
        rows.append(row)
        same.add(frozenset({f"n{number}", f"n{PEOPLE + number}"}))
    return rows, same


async def resolved(importing, *words: str, **settings: str) -> Ended:  # noqa: F811 - the fixture
    told = ("resolve", "--tenant", importing.tenant, *words)
    environment = {**importing.environment, **settings}
    async with running(*told, folder=importing.folder, **environment) as it:
        out, err = await it.process.communicate()
    return Ended(it.process.returncode, out.decode(), err.decode())


@pytest.mark.timeout(600)
async def test_doubles_among_a_thousand_are_found_once_and_a_second_run_adds_nothing(importing):  # noqa: F811
    rows, same = invented(1)
    text = "\n".join(json.dumps(row) for row in rows)
    await importing.do(importing.file("a.jsonl", text), format=Format.JSONL)
    suggestions = importing.store.database[SUGGESTIONS]

    dry = await resolved(importing, "--dry-run", "--json")
    left = await suggestions.count_documents({})
    first = await resolved(importing, "--json")
    second = await resolved(importing, "--json")

    assert (dry.code, first.code, second.code) == (0, 0, 0), dry.err + first.err
    found = json.loads(first.out)
    assert left == 0
    assert found["profiles"] == PEOPLE + DOUBLES
    assert json.loads(dry.out)["suggestions"] == found["suggestions"]
    assert json.loads(second.out)["suggestions"] == found["suggestions"]
    assert found["people"] == PEOPLE + DOUBLES - found["suggestions"]
    kept = await suggestions.find({"tenant": importing.tenant}).to_list()
    assert len(kept) == found["suggestions"]
    numbers = await _numbers(importing)
    pairs = {frozenset(numbers[one] for one in item["profiles"]) for item in kept}
    assert len(pairs & same) >= DOUBLES * 0.9
    assert len(pairs - same) <= 3
    learned = await importing.store.database[WEIGHTS].find_one({"_id": importing.tenant})
    assert learned["version"] == 2
    assert not [one for one in kept if "ovelace" in str(one)]


@pytest.mark.timeout(600)
async def test_who_agrees_in_a_verified_identifier_is_linked_and_nobody_else(importing):  # noqa: F811
    await importing.define("taxNumber", data_class=DataClass.IDENTITY)
    rows, same = invented(2)
    for number, row in enumerate(rows):
        row["custom.taxNumber"] = f"AT{number % PEOPLE:08d}" if number < PEOPLE + 30 else "AT0"
    text = "\n".join(json.dumps(row) for row in rows)
    await importing.do(importing.file("a.jsonl", text), format=Format.JSONL)
    by = {"MERGING__LINK_BY": '["custom.taxNumber"]'}

    unnamed = await resolved(importing, "--link")
    first = await resolved(importing, "--link", "--json", **by)
    again = await resolved(importing, "--link", "--json", **by)

    assert (unnamed.code, first.code, again.code) == (1, 0, 0), first.err
    assert "link_by" in unnamed.err
    linked, left = json.loads(first.out), json.loads(again.out)
    merged = {
        frozenset(one["value"] for one in profile["identities"])
        for profile in await importing.profiles()
        if profile.get("members")
    }
    assert linked["mended"] == 0  # an import keeps what tells doubles
    assert len(merged) == linked["linked"] >= 25
    assert merged <= same
    assert left["linked"] == 0
    assert left["profiles"] == PEOPLE + DOUBLES - linked["linked"]


async def _numbers(importing) -> dict[str, str]:  # noqa: F811 - the fixture
    """The account number of each profile."""
    found = {}
    for profile in await importing.profiles():
        [identity] = profile["identities"]
        found[profile["id"]] = identity["value"]
    return found


def a_table() -> People:
    """People with gaps and edits in each of their attributes."""
    chance, people = random.Random(7), People(dict(_MEASURES))  # noqa: S311 - not for secrets
    pool = {
        GIVEN: ["ada", "adda", "ana maria", "ana", "grace"],
        FAMILY: ["lovelace", "lovelase", "hopper", "ada", "grace"],
        BIRTH: ["19600315", "19601503", "19600316", "19061209"],
        "email": ["ada@x.org", "ada@y.org", "adda@x.org", "ada@x.org\ngrace@x.org"],
        "phone": ["+12025550143", "+442025550143", "+12025550144"],
        "custom.street": ["main street 5", "main st 5", "elm street"],
    }
    for number in range(120):
        chosen = {name: chance.choice([*texts, ""]) for name, texts in pool.items()}
        traits = Traits(
            {name: Trait(_MEASURES[name], text) for name, text in chosen.items() if text}
        )
        people.add(f"p{number:03}", traits, sorted(blocking_keys(traits)))
    return people


def test_splink_weighs_every_pair_as_we_do():
    people = a_table()
    traits = dict(zip(people.ids, people.traits, strict=True))
    matching = Matching(people)

    found = matching.found(USUAL_WEIGHTS, 0.0)
    learned = matching.learned(1)
    by_learned = matching.found(learned, 0.0)
    matching.close()

    assert len(found) > 500
    for weights, pairs in ((USUAL_WEIGHTS, found), (learned, by_learned)):
        ours = [weights.judge(traits[one.pair[0]], traits[one.pair[1]]).weight for one in pairs]
        assert ours == pytest.approx([one.weight for one in pairs])


def test_an_exact_agreement_never_weighs_less_than_a_lesser_one():
    rows, same = invented(1)  # every double has another family name than the first of the two
    people = People({name: _MEASURES[name] for name in (GIVEN, FAMILY, BIRTH)})
    for row in rows:
        texts = (row["name.given"].lower(), row["name.family"].lower(), row["birthDate"])
        named = zip(people.measures.items(), texts, strict=True)
        traits = Traits({name: Trait(measure, text) for (name, measure), text in named})
        people.add(row["identities.ACCOUNT"], traits, sorted(blocking_keys(traits)))
    matching = Matching(people)

    weights = matching.learned(1)
    found = {frozenset(one.pair) for one in matching.found(weights, 0.95)}
    matching.close()

    assert set(weights.by_attribute) == {GIVEN, FAMILY, BIRTH}
    for levels in weights.by_attribute.values():
        assert levels[Level.EXACT] == max(levels.values())
    assert len(found & same) >= DOUBLES * 0.9
    assert len(found - same) <= 3
