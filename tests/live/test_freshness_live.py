"""How old a live value may be, whom it is kept for, and what a reader is told of it."""

import asyncio

FIELDS = """
query ($id: ID!, $keys: [String!], $maxAge: Int, $allowStale: Boolean! = true) {
  profile(id: $id) {
    fields(keys: $keys, maxAge: $maxAge, allowStale: $allowStale) {
      key value fetchedAt age stale masked error { code }
    }
  }
}
"""
TYPED = "query ($id: ID!) { profile(id: $id) { custom { tier } } }"


async def told(shop, customer, role="agent", key="tier", **variables):
    """One field as a reader is told it, and the report of the source."""
    given = {"id": customer, "keys": [key], **variables}
    answer = await shop.caller(role).ask(FIELDS, given)
    [report] = answer.get("extensions", {}).get("sources", [None])
    [field] = answer["data"]["profile"]["fields"]
    return field, report


async def test_what_was_asked_lately_is_given_again_with_its_age(lasting):
    [customer] = await lasting.customers({"loyalty": "gold"})

    first, asked = await told(lasting, customer)
    second, known = await told(lasting, customer)

    assert (first["value"], first["stale"], first["error"]) == ("gold", False, None)
    assert second == first | {"age": second["age"]}
    assert (asked["calls"], asked["keys"], asked["cacheHits"]) == (1, 1, 0)
    assert (known["calls"], known["keys"], known["cacheHits"]) == (0, 0, 1)
    assert await lasting.crm.calls() == 1


async def test_a_reader_who_wants_the_newest_makes_the_crm_say_it(lasting):
    [customer] = await lasting.customers({"loyalty": "gold"})
    before, _ = await told(lasting, customer)

    after, report = await told(lasting, customer, maxAge=0)
    later, _ = await told(lasting, customer, maxAge=3000)

    assert before["fetchedAt"] < after["fetchedAt"] == later["fetchedAt"]
    assert report["calls"] == 1
    assert await lasting.crm.calls() == 2


async def test_where_the_crm_fails_the_value_is_told_as_old_with_the_reason(lasting):
    [customer] = await lasting.customers({"loyalty": "gold"})
    fresh, _ = await told(lasting, customer)
    await lasting.crm.misbehave(down=True)

    stale, report = await told(lasting, customer, maxAge=0)
    refused, _ = await told(lasting, customer, maxAge=0, allowStale=False)
    usual, _ = await told(lasting, customer)

    assert stale == fresh | {
        "age": stale["age"],
        "stale": True,
        "error": {"code": "SOURCE_UNAVAILABLE"},
    }
    assert (report["stale"], report["errors"]) == (1, ["SOURCE_UNAVAILABLE"])
    assert (refused["value"], refused["error"]) == (None, {"code": "SOURCE_UNAVAILABLE"})
    assert (usual["value"], usual["stale"], usual["error"]) == ("gold", False, None)


async def test_a_typed_field_is_what_is_known_of_it_without_an_error(lasting):
    [customer] = await lasting.customers({"loyalty": "gold"})
    await told(lasting, customer)
    await lasting.crm.misbehave(down=True)

    answer = await lasting.caller("agent").ask(TYPED, {"id": customer})

    assert answer["data"] == {"profile": {"custom": {"tier": "gold"}}}
    assert "errors" not in answer


async def test_an_age_below_nothing_is_refused(lasting):
    [customer] = await lasting.customers({"loyalty": "gold"})

    answer = await lasting.caller("agent").ask(FIELDS, {"id": customer, "maxAge": -1})

    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_INPUT"]
    assert answer["errors"][0]["message"] == "maxAge: seconds, 0 or more."


async def test_what_is_kept_is_masked_and_denied_as_if_it_were_asked(lasting):
    [customer] = await lasting.customers({"card": "4111111111111111", "diagnosis": "flu"})
    seen, _ = await told(lasting, customer, "privacy_officer", "diagnosis")
    card, _ = await told(lasting, customer, "supervisor", "card")

    masked, _ = await told(lasting, customer, "agent", "card")
    denied, report = await told(lasting, customer, "agent", "diagnosis")

    assert seen["value"] == "flu"
    assert card["value"] == "4111111111111111"
    assert masked["masked"]
    assert "411111111111" not in str(masked["value"])
    assert (denied["value"], denied["error"]["code"]) == (None, "FIELD_FORBIDDEN")
    assert report is None
    assert await lasting.crm.calls() == 2


async def test_many_queries_at_once_are_few_calls(lasting):
    customers = await lasting.customers(*({"nps": str(number)} for number in range(20)))

    await lasting.crm.misbehave(latency_ms=100)

    reads = (told(lasting, customers[number % 20], key="score") for number in range(40))
    found = await asyncio.gather(*reads)

    assert [field["value"] for field, _ in found] == [number % 20 for number in range(40)]
    assert await lasting.crm.calls() <= 10
    assert (await lasting.crm.stats())["keys_read"] == 20
