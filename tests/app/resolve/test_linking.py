"""Who is linked without a person, pair by pair."""

import json
from datetime import UTC, datetime

import pytest

from app.imports.order import Format
from app.resolve.linking import Linking
from app.resolve.matching import Found
from graph.model.comparison import Measure
from graph.model.survivorship import LinkPolicy, Survivorship
from graph.model.traits import BIRTH, FAMILY, GIVEN, Trait, Traits
from policies.classification import DataClass
from tests.app.imports.conftest import importing  # noqa: F401 - a fixture

ERIC = {GIVEN: "eric", BIRTH: "19600315"}
GLORIA = {GIVEN: "gloria", BIRTH: "19610803"}
NAMELESS = dict[str, str]()
CERTAIN, DOUBTFUL = 20.0, 8.0


def traits(own: dict[str, str]) -> Traits:
    """Somebody of one household: the number, the street and the family name are theirs all."""
    measures = dict.fromkeys((GIVEN, FAMILY), Measure.NAME) | {BIRTH: Measure.DATE}
    told = {FAMILY: "roldan", **own}
    found = {name: Trait(measures.get(name, Measure.TEXT), text) for name, text in told.items()}
    return Traits(found | {"custom.number": Trait(Measure.TEXT, "862-23-3949")})


async def linked(importing, people, pairs, weight=CERTAIN):  # noqa: F811 - the fixture
    """The groups that pairs of these people become, each the numbers of its members."""
    for key, data_class in (("number", "IDENTITY"), ("passport", "IDENTITY"), ("town", "CONTACT")):
        await importing.define(key, data_class=DataClass[data_class])
    rows = [json.dumps({"identities.ACCOUNT": f"n{number}"}) for number in range(len(people))]
    await importing.do(importing.file("a.jsonl", "\n".join(rows)), format=Format.JSONL)
    kept = {one["identities"][0]["value"]: one["id"] for one in await importing.profiles()}
    ids = [kept[f"n{number}"] for number in range(len(people))]
    policy = LinkPolicy(("custom.number",), 0.9999, Survivorship())
    found = [Found((ids[one], ids[other]), weight) for one, other in pairs]
    schema = await importing.schema()
    kept_as = {f"custom.{one.key}": f"custom.{one.kept_as}" for one in schema.fields}
    named = [{kept_as.get(name, name): text for name, text in own.items()} for own in people]
    told = {id_: traits(own) for id_, own in zip(ids, named, strict=True)}
    async with importing.sealing() as sealing:
        linking = Linking(importing.store, sealing, importing.tenant, policy, lambda: NOW)
        count = await linking.link(found, told, schema)
    groups = [
        {one["value"] for one in profile["identities"]}
        for profile in await importing.profiles()
        if profile["state"] != "MERGED"
    ]
    assert count == len(people) - len(groups)
    return sorted(sorted(int(one[1:]) for one in group) for group in groups)


NOW = datetime(2026, 11, 28, tzinfo=UTC)


async def test_two_who_agree_in_all_that_tells_people_apart_are_linked(importing):  # noqa: F811
    assert await linked(importing, [ERIC, ERIC], [(0, 1)]) == [[0, 1]]


async def test_nobody_is_linked_below_the_threshold(importing):  # noqa: F811
    assert await linked(importing, [ERIC, ERIC], [(0, 1)], DOUBTFUL) == [[0], [1]]


@pytest.mark.parametrize(
    "other",
    [
        GLORIA,
        {GIVEN: "gloria", BIRTH: "19600315"},
        {GIVEN: "eric", BIRTH: "19880803"},
        {GIVEN: "gloria"},
        {BIRTH: "19880803"},
    ],
)
async def test_another_first_name_or_date_of_birth_is_another_person(importing, other):  # noqa: F811
    assert await linked(importing, [ERIC, other], [(0, 1)]) == [[0], [1]]


@pytest.mark.parametrize(("field", "groups"), [("passport", [[0], [1]]), ("town", [[0, 1]])])
async def test_another_identifier_is_another_person_and_another_town_is_not(
    importing,  # noqa: F811
    field,
    groups,
):
    people = [{**ERIC, f"custom.{field}": text} for text in ("Salzburg", "Klagenfurt")]
    assert await linked(importing, people, [(0, 1)]) == groups


async def test_names_that_changed_places_are_not_another_first_name(importing):  # noqa: F811
    swapped = {GIVEN: "roldan", FAMILY: "eric", BIRTH: "19600315"}
    assert await linked(importing, [ERIC, swapped], [(0, 1)]) == [[0, 1]]


async def test_who_lacks_a_name_does_not_make_one_person_of_two(importing):  # noqa: F811
    people = [ERIC, NAMELESS, GLORIA]
    assert await linked(importing, people, [(0, 1), (1, 2), (0, 2)]) == [[0, 1], [2]]
