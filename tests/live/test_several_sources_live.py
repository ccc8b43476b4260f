"""A field that two CRMs know: whose value counts, and what a reader is told of the other."""

from tests.live.shop import Shop
from tests.support.gateway import a_profile, define

QUERY = """
query ($id: ID!, $keys: [String!]) { profile(id: $id) { custom { grade iban }
  fields(keys: $keys) { source value masked error { code }
    candidates { source value stale error { code } } } } }
"""
SCHEMA = """
{ customerSchema { fields { key sourceRule furtherSources { kind connector attribute } } } }
"""


def of(connector, attribute):
    """A live source of contacts."""
    return {
        "kind": "LIVE",
        "connector": connector,
        "object": "contacts",
        "attribute": attribute,
    }


def field(key, data_class, rule="PRECEDENCE", attribute="loyalty"):
    """A field that the ledger knows best, and the CRM knows too."""
    return {
        "key": key,
        "label": key,
        "kind": "STRING",
        "dataClass": data_class,
        "source": of("ledger", attribute),
        "furtherSources": [of("crm", attribute)],
        "sourceRule": rule,
    }


async def customer(shop: Shop, crms, ledger: dict, crm: dict) -> str:
    """A customer of whom the two CRMs say this."""
    if "grade" not in await keys(shop):
        fields = (field("grade", "BEHAVIOURAL"), field("iban", "FINANCIAL", attribute="card"))
        await define(shop.caller("admin"), fields)
    own = await a_profile(shop.caller("service"))
    for side, said in zip(crms, (crm, ledger), strict=True):
        await side.add([{"profile_id": own, **said}])
    return own


async def keys(shop: Shop) -> list[str]:
    """The keys of the shop's fields."""
    data = await shop.caller("admin").data(SCHEMA)
    return [one["key"] for one in data["customerSchema"]["fields"]]


async def test_the_first_source_counts_and_the_other_is_told(by_profile, crms):
    own = await customer(by_profile, crms, {"loyalty": "gold"}, {"loyalty": "silver"})

    answer = await by_profile.caller("agent").ask(QUERY, {"id": own, "keys": ["grade"]})

    [told] = answer["data"]["profile"]["fields"]
    assert answer["data"]["profile"]["custom"]["grade"] == "gold"
    assert (told["source"], told["value"], told["error"]) == ("ledger", "gold", None)
    assert told["candidates"] == [
        {"source": "ledger", "value": "gold", "stale": False, "error": None},
        {"source": "crm", "value": "silver", "stale": False, "error": None},
    ]


async def test_where_the_first_is_away_the_next_counts_and_the_reason_is_told(by_profile, crms):
    own = await customer(by_profile, crms, {"loyalty": "gold"}, {"loyalty": "silver"})
    await crms[1].misbehave(down=True)

    answer = await by_profile.caller("agent").ask(QUERY, {"id": own, "keys": ["grade"]})

    [told] = answer["data"]["profile"]["fields"]
    assert answer["data"]["profile"]["custom"]["grade"] == "silver"
    assert (told["source"], told["value"], told["error"]) == ("crm", "silver", None)
    assert told["candidates"][0]["error"] == {"code": "SOURCE_UNAVAILABLE"}


async def test_a_masked_field_is_masked_in_each_candidate(by_profile, crms):
    cards = ({"card": "4111111111111111"}, {"card": "4222222222222222"})
    own = await customer(by_profile, crms, *cards)

    response = await by_profile.caller("agent").post(QUERY, {"id": own, "keys": ["iban"]})

    [told] = response.json()["data"]["profile"]["fields"]
    assert told["masked"]
    assert [one["source"] for one in told["candidates"]] == ["ledger", "crm"]
    for hidden in ("41111111", "42222222"):
        assert hidden not in response.text


async def test_a_schema_says_which_sources_a_field_has(by_profile, crms):
    await customer(by_profile, crms, {}, {})

    data = await by_profile.caller("admin").data(SCHEMA)

    [told] = [one for one in data["customerSchema"]["fields"] if one["key"] == "grade"]
    assert told["sourceRule"] == "PRECEDENCE"
    assert told["furtherSources"] == [{"kind": "LIVE", "connector": "crm", "attribute": "loyalty"}]


async def test_a_further_source_that_nobody_configured_is_refused(by_profile):
    wrong = field("wrong", "BEHAVIOURAL") | {"furtherSources": [of("gone", "loyalty")]}
    answer = await by_profile.caller("admin").ask(
        "mutation ($input: DefineFieldInput!) { defineField(input: $input) { field { key } } }",
        {"input": wrong},
    )

    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_INPUT"]
    assert "source: no such source; known: crm, ledger" in answer["errors"][0]["message"]
