"""Live fields over GraphQL: their values, and exactly how often the CRM is asked for them."""

from datetime import UTC, datetime

import pytest

EVERYTHING = {
    "loyalty": "gold",
    "city": "Lisbon",
    "nps": "9.5",
    "joined": "2021-03-04",
    "vip": "true",
    "card": "4111 1111 1111 1234",
    "diagnosis": "asthma",
}
IN_CUSTOM = "query ($id: ID!) { profile(id: $id) { custom { tier } } }"
IN_FIELDS = 'query ($id: ID!) { profile(id: $id) { fields(keys: ["tier"]) { key value } } }'
IN_BOTH = """
query ($id: ID!) { profile(id: $id) { custom { tier } fields(keys: ["tier"]) { key value } } }
"""
BY_ALIASES = """
query ($id: ID!) {
  profile(id: $id) { one: custom { a: tier b: tier } two: custom { tier } }
}
"""
BY_FRAGMENTS = """
query ($id: ID!) { profile(id: $id) { ...Card custom { ...Tier } } }
fragment Card on Profile { custom { ...Tier ... on CustomFields { also: tier } } }
fragment Tier on CustomFields { tier }
"""
STORED = """
query ($id: ID!) {
  profile(id: $id) {
    id version name { full }
    custom { _keys nickname }
    fields(keys: ["nickname"]) { key value source }
  }
  customerSchema { fields { key source { kind connector } } }
}
"""
PAGE = """
query ($ids: [ID!]!) {
  profiles(where: { id: { in: $ids } }, first: 25) {
    edges { node { id custom { tier score nickname } } }
  }
}
"""


async def test_what_is_not_selected_is_not_asked_of_the_crm(shop):
    [customer] = await shop.customers(EVERYTHING)

    data = await shop.caller("agent").data(STORED, {"id": customer})

    assert data["profile"]["custom"]["nickname"] == "Nick 0"
    assert await shop.crm.calls() == 0


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (IN_CUSTOM, {"custom": {"tier": "gold"}}),
        (IN_FIELDS, {"fields": [{"key": "tier", "value": "gold"}]}),
        (IN_BOTH, {"custom": {"tier": "gold"}, "fields": [{"key": "tier", "value": "gold"}]}),
        (BY_ALIASES, {"one": {"a": "gold", "b": "gold"}, "two": {"tier": "gold"}}),
        (BY_FRAGMENTS, {"custom": {"tier": "gold", "also": "gold"}}),
    ],
    ids=["custom", "fields", "both", "aliases", "fragments"],
)
async def test_however_it_is_selected_a_live_field_is_one_call(shop, query, expected):
    [customer] = await shop.customers(EVERYTHING)

    data = await shop.caller("agent").data(query, {"id": customer})

    assert data == {"profile": expected}
    assert await shop.crm.calls() == 1
    assert await shop.crm.asked_for() == asked(shop, "loyalty")


async def test_each_kind_comes_typed_from_the_crms_texts(shop):
    [customer] = await shop.customers(EVERYTHING)
    query = "query ($id: ID!) { profile(id: $id) { custom { tier city score since vip } } }"

    data = await shop.caller("agent").data(query, {"id": customer})

    assert data["profile"]["custom"] == {
        "tier": "gold",
        "city": "Lisbon",
        "score": 9.5,
        "since": "2021-03-04",
        "vip": True,
    }
    assert await shop.crm.calls() == 1


async def test_only_the_selected_attributes_are_asked_for(shop):
    [customer] = await shop.customers(EVERYTHING)
    query = """
    query ($id: ID!) { profile(id: $id) { custom { since } fields(keys: ["vip"]) { value } } }
    """

    await shop.caller("agent").data(query, {"id": customer})

    assert await shop.crm.asked_for() == asked(shop, "joined", "vip")


async def test_all_fields_are_asked_for_except_those_the_caller_may_not_read(by_profile):
    [customer] = await by_profile.customers(EVERYTHING)
    query = "query ($id: ID!) { profile(id: $id) { fields { key error { code } } } }"

    data = await by_profile.caller("agent").data(query, {"id": customer})

    errors = {one["key"]: one["error"] for one in data["profile"]["fields"] if one["error"]}
    assert errors == {
        "diagnosis": {"code": "FIELD_FORBIDDEN"},
        "ledger_diagnosis": {"code": "FIELD_FORBIDDEN"},
    }
    assert await by_profile.crm.calls() == 1
    wanted = ("loyalty", "city", "nps", "joined", "vip", "card")
    assert await by_profile.crm.asked_for() == asked(by_profile, *wanted)


async def test_a_live_value_tells_its_story(shop):
    began = datetime.now(UTC).replace(microsecond=0)
    [customer] = await shop.customers(EVERYTHING)
    query = """
    query ($id: ID!) {
      profile(id: $id) {
        fields(keys: ["since"]) {
          key type source value fetchedAt observedAt age stale masked error { code }
        }
      }
    }
    """

    data = await shop.caller("agent").data(query, {"id": customer})

    [told] = data["profile"]["fields"]
    fetched, observed = (datetime.fromisoformat(told.pop(name)) for name in TIMES)
    assert began <= observed <= fetched <= datetime.now(UTC)
    assert told.pop("age") in range(5)
    assert told == {
        "key": "since",
        "type": "DATE",
        "source": shop.source,
        "value": "2021-03-04",
        "stale": False,
        "masked": False,
        "error": None,
    }


async def test_a_page_of_25_customers_is_one_call(shop):
    tiers = ["gold" if number % 2 else "silver" for number in range(25)]
    records = [{"loyalty": tier, "nps": str(n)} for n, tier in enumerate(tiers)]
    customers = await shop.customers(*records)

    answer = await shop.caller("agent").ask(PAGE, {"ids": customers})

    nodes = [edge["node"] for edge in answer["data"]["profiles"]["edges"]]
    assert {node["id"]: node["custom"] for node in nodes} == {
        customer: {"tier": tiers[number], "score": number, "nickname": f"Nick {number}"}
        for number, customer in enumerate(customers)
    }
    assert await shop.crm.calls() == 1
    assert (await shop.crm.stats())["keys_read"] == 25
    [told] = answer["extensions"]["sources"]
    assert told["ms"] > 0
    assert told == {
        "source": shop.source,
        "calls": 1,
        "keys": 25,
        "ms": told["ms"],
        "cacheHits": 0,
        "stale": 0,
        "errors": [],
    }


async def test_two_customers_in_one_document_are_one_call(shop):
    ada, bob = await shop.customers({"loyalty": "gold"}, {"loyalty": "silver"})
    query = """
    query ($ada: ID!, $bob: ID!) {
      ada: profile(id: $ada) { custom { tier } }
      bob: profile(id: $bob) { custom { tier } }
      again: profile(id: $ada) { custom { tier } }
    }
    """

    data = await shop.caller("agent").data(query, {"ada": ada, "bob": bob})

    assert data == {
        "ada": {"custom": {"tier": "gold"}},
        "bob": {"custom": {"tier": "silver"}},
        "again": {"custom": {"tier": "gold"}},
    }
    assert await shop.crm.calls() == 1
    assert (await shop.crm.stats())["keys_read"] == 2


async def test_a_field_the_caller_may_not_read_is_not_asked_of_the_crm(shop):
    [customer] = await shop.customers(EVERYTHING)
    query = """
    query ($id: ID!) {
      profile(id: $id) {
        custom { diagnosis nickname }
        fields(keys: ["diagnosis"]) { value masked error { code } }
      }
    }
    """

    answer = await shop.caller("agent").ask(query, {"id": customer})

    refused = {"value": None, "masked": False, "error": {"code": "FIELD_FORBIDDEN"}}
    assert answer["data"]["profile"] == {
        "custom": {"diagnosis": None, "nickname": "Nick 0"},
        "fields": [refused],
    }
    told = [(one["path"], one["extensions"]["code"]) for one in answer["errors"]]
    assert told == [(["profile", "custom", "diagnosis"], "FIELD_FORBIDDEN")]
    assert "extensions" not in answer
    assert await shop.crm.calls() == 0


async def test_a_caller_is_recognised_and_the_crm_asked_in_one_document(shop):
    [customer] = await shop.customers(EVERYTHING)
    mail = f"{customer}@example.org".lower()
    add = "mutation ($input: AddIdentityInput!) { addIdentity(input: $input) { __typename } }"
    identity = {"profileId": customer, "channel": "EMAIL", "value": mail}
    await shop.caller("service").data(add, {"input": identity})
    query = """
    query ($value: String!) {
      identify(channel: EMAIL, value: $value) { outcome profile { custom { tier nickname } } }
    }
    """

    data = await shop.caller("agent").data(query, {"value": mail})

    profile = {"custom": {"tier": "gold", "nickname": "Nick 0"}}
    assert data == {"identify": {"outcome": "KNOWN", "profile": profile}}
    assert await shop.crm.calls() == 1


async def test_a_masked_field_is_one_call_and_only_the_mask_comes_back(shop):
    [customer] = await shop.customers(EVERYTHING)
    query = """
    query ($id: ID!) {
      profile(id: $id) { custom { card } fields(keys: ["card"]) { value masked } }
    }
    """

    answer = await shop.caller("agent").ask(query, {"id": customer})

    assert answer["data"]["profile"] == {
        "custom": {"card": "•••• 1234"},
        "fields": [{"value": "•••• 1234", "masked": True}],
    }
    assert answer["extensions"]["masked"] == ["profile.custom.card"]
    assert "4111" not in str(answer)
    assert await shop.crm.calls() == 1


async def test_who_may_read_it_sees_the_value_behind_the_mask(shop):
    [customer] = await shop.customers(EVERYTHING)
    query = "query ($id: ID!) { profile(id: $id) { custom { card } } }"

    data = await shop.caller("supervisor").data(query, {"id": customer})

    assert data == {"profile": {"custom": {"card": "4111 1111 1111 1234"}}}


@pytest.mark.parametrize(
    "selection",
    [
        "custom { nickname tier @skip(if: $skipped) }",
        "custom { nickname } custom @skip(if: $skipped) { tier }",
        'custom { nickname } fields(keys: ["tier"]) @include(if: $included) { value }',
        "custom { nickname ...Tier @skip(if: true) }",
        "custom { nickname ... on CustomFields @include(if: false) { tier } }",
    ],
)
async def test_what_a_directive_leaves_out_is_not_asked_of_the_crm(shop, selection):
    [customer] = await shop.customers(EVERYTHING)
    query = f"""
    query ($id: ID!, $skipped: Boolean! = true, $included: Boolean! = false) {{
      profile(id: $id) {{ {selection} extra: custom @skip(if: $skipped) {{ ...Tier }} }}
      viewer @include(if: $included) {{ subject }}
      other: viewer @skip(if: $skipped) {{ subject }}
    }}
    fragment Tier on CustomFields {{ tier }}
    """

    data = await shop.caller("agent").data(query, {"id": customer})

    assert data == {"profile": {"custom": {"nickname": "Nick 0"}}}
    assert await shop.crm.calls() == 0


async def test_what_a_directive_lets_in_is_asked_once(shop):
    [customer] = await shop.customers(EVERYTHING)
    query = """
    query ($id: ID!, $with: Boolean!) { profile(id: $id) { custom { tier @include(if: $with) } } }
    """

    data = await shop.caller("agent").data(query, {"id": customer, "with": True})

    assert data == {"profile": {"custom": {"tier": "gold"}}}
    assert await shop.crm.calls() == 1


async def test_what_the_crm_does_not_know_is_null_without_an_error(shop):
    [customer] = await shop.customers({"city": "Lisbon"})
    query = """
    query ($id: ID!) {
      profile(id: $id) {
        custom { tier city } fields(keys: ["tier"]) { value fetchedAt error { code } }
      }
    }
    """

    data = await shop.caller("agent").data(query, {"id": customer})

    [told] = data["profile"]["fields"]
    assert data["profile"]["custom"] == {"tier": None, "city": "Lisbon"}
    assert (told["value"], told["error"]) == (None, None)
    assert told["fetchedAt"]


@pytest.mark.parametrize(
    ("wrong", "key"),
    [
        ({"loyalty": "platinum"}, "tier"),
        ({"nps": "very high"}, "score"),
        ({"nps": "1e400"}, "score"),
        ({"joined": "yesterday"}, "since"),
        ({"joined": "9" * 30}, "since"),
        ({"vip": "perhaps"}, "vip"),
    ],
)
async def test_a_value_its_kind_cannot_hold_costs_that_field_alone(shop, wrong, key):
    [customer] = await shop.customers({**EVERYTHING, **wrong})
    query = f"""
    query ($id: ID!) {{
      profile(id: $id) {{ custom {{ {key} city }} fields(keys: ["{key}"]) {{ error {{ code }} }} }}
    }}
    """

    answer = await shop.caller("agent").ask(query, {"id": customer})

    failed = {"error": {"code": "SOURCE_UNAVAILABLE"}}
    assert answer["data"]["profile"] == {
        "custom": {key: None, "city": "Lisbon"},
        "fields": [failed],
    }
    told = [(one["path"], one["extensions"]["code"]) for one in answer["errors"]]
    assert told == [(["profile", "custom", key], "SOURCE_UNAVAILABLE")]
    assert not [value for value in wrong.values() if value in str(answer)]


TIMES = ("fetchedAt", "observedAt")


def asked(shop, *attributes):
    """What the CRM is asked for: these, and the attribute that names the record."""
    named = [] if shop.match == "link" else ["profile_id"]
    return sorted([*attributes, *named])
