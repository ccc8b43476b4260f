"""Who may be one person: suggested with a reason, to those who may see it."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from app.store.match_documents import suggestion_document
from graph.model.comparison import Level
from tests.flow.documents import UPDATE
from tests.flow.merges import merge, unmerge
from tests.support.gateway import a_profile, define

SUGGESTIONS = """
query ($id: ID!) { profile(id: $id) { suggestions {
  profile { id } score agreements { attribute level } } } }
"""
WEIGHTS = "query ($id: ID!) { profile(id: $id) { suggestions { weight agreements { weight } } } }"
DISMISS = """
mutation ($input: DismissSuggestionInput!) { dismissSuggestion(input: $input) {
  profile { id } other { id } } }
"""
BORN = "1960-03-15"
ADA = {"name": {"given": "Ada", "family": "Lovelace"}, "birthDate": BORN}
AGAIN = {"name": {"given": "Áda", "family": "Lovelase"}, "birthDate": BORN}
GRACE = {"name": {"given": "Grace", "family": "Hopper"}, "birthDate": "1906-12-09"}


@pytest.fixture
def service(gateway, tenant):
    return gateway.as_role("service", tenant=tenant)


@contextmanager
def counted_reads(gateway) -> Iterator[list[str]]:
    """The names of collections that candidates are read from, as they are read."""
    found: list[str] = []
    matches = gateway.gateway.wiring.matches
    kept = matches._profiles, matches._suggestions, matches._weights

    class Counted:
        def __init__(self, collection):
            self._collection = collection

        def __getattr__(self, name):
            if name in {"find", "find_one"}:
                found.append(f"{self._collection.name}.{name}")
            return getattr(self._collection, name)

    matches._profiles, matches._suggestions, matches._weights = map(Counted, kept)
    try:
        yield found
    finally:
        matches._profiles, matches._suggestions, matches._weights = kept


async def suggested(caller, profile):
    return (await caller.data(SUGGESTIONS, {"id": profile}))["profile"]["suggestions"]


async def ids(caller, profile):
    return [one["profile"]["id"] for one in await suggested(caller, profile)]


async def test_who_is_spelt_differently_is_suggested_and_the_reason_holds_no_value(service):
    ada, again = await a_profile(service, **ADA), await a_profile(service, **AGAIN)
    await a_profile(service, **GRACE)

    [found] = await suggested(service, ada)

    assert found["profile"]["id"] == again
    assert 0.9 <= found["score"] <= 1
    assert found["agreements"] == [
        {"attribute": "birthDate", "level": "EXACT"},
        {"attribute": "name.family", "level": "CLOSE"},
        {"attribute": "name.given", "level": "EXACT"},
    ]
    assert await ids(service, again) == [ada]


async def test_the_weights_of_all_agreements_and_the_prior_are_the_weight(service):
    ada = await a_profile(service, **ADA)
    await a_profile(service, **AGAIN)

    [found] = (await service.data(WEIGHTS, {"id": ada}))["profile"]["suggestions"]

    agreed = sum(one["weight"] for one in found["agreements"])
    assert found["weight"] == pytest.approx(agreed - 13.0)


async def test_a_change_of_what_is_compared_moves_who_is_suggested(service):
    ada, other = await a_profile(service, **ADA), await a_profile(service, **GRACE)
    before = await ids(service, ada)

    await service.data(UPDATE, {"input": {"id": other, "name": {"given": "Ada"}}})
    half = await ids(service, ada)
    await service.data(
        UPDATE, {"input": {"id": other, "name": {"family": "Lovelace"}, "birthDate": BORN}}
    )

    assert (before, half, await ids(service, ada)) == ([], [], [other])


async def test_a_change_of_nothing_compared_leaves_the_blocking_keys_unread(
    gateway, tenant, service
):
    ada = await a_profile(service, **ADA)
    profiles = gateway.gateway.database["profiles"]
    before = await profiles.find_one({"_id": f"{tenant}/{ada}"})

    await service.data(UPDATE, {"input": {"id": ada, "gender": "f"}})

    after = await profiles.find_one({"_id": f"{tenant}/{ada}"})
    assert after["blocks"] == before["blocks"]
    assert len(before["blocks"]) > 0
    assert all(block.startswith(f"{tenant}/") for block in before["blocks"])
    assert "lovelace" not in str(before["blocks"])


async def test_a_dismissed_suggestion_is_never_made_again_from_either_side(
    gateway, tenant, service
):
    ada, again = await a_profile(service, **ADA), await a_profile(service, **AGAIN)
    agent = gateway.as_role("agent", tenant=tenant)

    done = await agent.data(DISMISS, {"input": {"profileId": again, "otherId": ada}})

    assert done["dismissSuggestion"] == {"profile": {"id": again}, "other": {"id": ada}}
    assert await ids(service, ada) == []
    assert await ids(service, again) == []


async def test_dismissing_nobody_or_oneself_is_refused(service):
    ada = await a_profile(service, **ADA)

    absent = await service.codes(DISMISS, {"input": {"profileId": ada, "otherId": "nobody"}})
    same = await service.codes(DISMISS, {"input": {"profileId": ada, "otherId": ada}})

    assert (absent, same) == (["NOT_FOUND"], ["BAD_INPUT"])


async def test_agents_see_suggestions_and_partners_know_of_none(gateway, tenant, service):
    ada, again = await a_profile(service, **ADA), await a_profile(service, **AGAIN)
    partner = gateway.as_role("partner", tenant=tenant)

    answer = await partner.ask(SUGGESTIONS, {"id": ada})

    assert "data" not in answer
    assert {one["extensions"]["code"] for one in answer["errors"]} == {"BAD_INPUT"}
    dismissed = await partner.codes(DISMISS, {"input": {"profileId": ada, "otherId": again}})
    assert set(dismissed) == {"BAD_INPUT"}
    assert await ids(gateway.as_role("agent", tenant=tenant), ada) == [again]


async def test_what_the_asker_may_not_see_is_neither_compared_nor_explained(
    gateway, tenant, service
):
    admin = gateway.as_role("admin", tenant=tenant)
    field = {"key": "passport", "kind": "STRING", "dataClass": "IDENTITY", "roles": ["service"]}
    await define(admin, [field])
    held = {"custom": {"passport": "X1234567"}}
    ada = await a_profile(service, **ADA, **held)
    other = await a_profile(service, **ADA, **held)
    agent = gateway.as_role("agent", tenant=tenant)

    [seen], [hidden] = await suggested(service, ada), await suggested(agent, ada)

    assert seen["profile"]["id"] == hidden["profile"]["id"] == other
    assert "custom.passport" in [one["attribute"] for one in seen["agreements"]]
    assert "custom.passport" not in [one["attribute"] for one in hidden["agreements"]]
    assert hidden["score"] < seen["score"]


async def test_suggestions_cost_the_same_reads_however_many_there_are(gateway, service):
    ada = await a_profile(service, **ADA)
    with counted_reads(gateway) as alone:
        assert len(await suggested(service, ada)) == 0
    for _ in range(12):
        await a_profile(service, **AGAIN)

    with counted_reads(gateway) as many:
        assert len(await suggested(service, ada)) == 12

    assert alone == ["profiles.find_one", "profiles.find", "weights.find_one"]
    assert many == [
        "profiles.find_one",
        "profiles.find",
        "suggestions.find",
        "weights.find_one",
    ]


async def test_suggestions_of_a_whole_page_are_refused(service):
    document = "{ profiles { edges { node { suggestions { score } } } } }"
    nested = (
        "query ($id: ID!) { profile(id: $id) { suggestions { profile { suggestions { score }}}}}"
    )
    ada = await a_profile(service, **ADA)

    assert await service.codes(document) == ["QUERY_TOO_COMPLEX"]
    assert await service.codes(nested, {"id": ada}) == ["QUERY_TOO_COMPLEX"]


async def test_a_key_that_too_many_share_suggests_nobody(gateway, tenant, service):
    ada = await a_profile(service, **ADA)
    profiles = gateway.gateway.database["profiles"]
    kept = await profiles.find_one({"_id": f"{tenant}/{ada}"})
    crowd = [
        {**kept, "_id": f"{tenant}/c{number}", "id": f"c{number}", "search": {}}
        for number in range(100)
    ]
    document = SUGGESTIONS.replace("suggestions {", "suggestions(first: 100) {")

    await profiles.insert_many(crowd[:99])
    full = await service.data(document, {"id": ada})
    await profiles.insert_one(crowd[99])

    assert len(full["profile"]["suggestions"]) == 99
    with counted_reads(gateway) as found_out:
        assert await suggested(service, ada) == []
    with counted_reads(gateway) as known:
        assert await suggested(service, ada) == []
    assert found_out == ["profiles.find_one", "profiles.find", "weights.find_one"]
    assert known == ["profiles.find_one", "weights.find_one"]  # nobody of it is read again


QUEUE = """
query ($first: Int, $after: String, $minScore: Float) {
  suggestions(first: $first, after: $after, minScore: $minScore) {
    edges { node { profile { id } suggestion { profile { id } score } } }
    pageInfo { hasNextPage endCursor }
  }
}
"""


async def queued(gateway, tenant, *pairs):
    """Write pairs down as `resolve` does: each with the levels of its attributes and a weight."""
    levels = {"name.given": Level.EXACT, "name.family": Level.CLOSE}
    for weight, pair in enumerate(pairs, 10):
        put = suggestion_document(tenant, tuple(sorted(pair)), levels, float(weight))
        await gateway.gateway.database.suggestions.insert_one({**put, "run": 1})


async def pairs_of(caller, **page):
    """The pairs of a page of the queue, and its end."""
    found = (await caller.data(QUEUE, page))["suggestions"]
    nodes = [edge["node"] for edge in found["edges"]]
    told = [{one["profile"]["id"], one["suggestion"]["profile"]["id"]} for one in nodes]
    return told, found["pageInfo"]


async def test_the_queue_shows_the_likeliest_pairs_first_page_by_page(gateway, tenant, service):
    ids_ = [await a_profile(service, **ADA) for _ in range(4)]
    await queued(gateway, tenant, ids_[:2], ids_[1:3], ids_[2:])

    first, page = await pairs_of(service, first=2)
    second, end = await pairs_of(service, first=2, after=page["endCursor"])
    strict, _ = await pairs_of(service, minScore=0.9997)

    assert first == [set(ids_[2:]), set(ids_[1:3])]
    assert (page["hasNextPage"], end["hasNextPage"]) == (True, False)
    assert second == [set(ids_[:2])]
    assert strict == [set(ids_[2:])]


async def test_a_pair_that_was_merged_or_dismissed_leaves_the_queue(gateway, tenant, service):
    ids_ = [await a_profile(service, **ADA) for _ in range(4)]
    await queued(gateway, tenant, ids_[:2], ids_[2:])

    await merge(service, ids_[0], ids_[1])
    await service.data(DISMISS, {"input": {"profileId": ids_[2], "otherId": ids_[3]}})

    assert (await pairs_of(service))[0] == []
    await unmerge(service, ids_[1])
    assert (await pairs_of(service))[0] == [set(ids_[:2])]


async def test_a_merged_profile_is_suggested_to_nobody_until_it_stands_alone(service):
    ada, again = await a_profile(service, **ADA), await a_profile(service, **AGAIN)
    third = await a_profile(service, **ADA)

    await merge(service, ada, again)
    merged = sorted(await ids(service, third))
    await unmerge(service, again)

    assert merged == [ada]
    assert sorted(await ids(service, third)) == sorted([ada, again])


@pytest.mark.parametrize(
    ("role", "code"),
    [
        ("agent", "FORBIDDEN"),
        ("partner", "BAD_INPUT"),
        ("assistant", "BAD_INPUT"),
        ("reviewer", "FORBIDDEN"),
    ],
)
async def test_the_queue_is_for_those_who_decide(gateway, tenant, role, code):
    assert await gateway.as_role(role, tenant=tenant).codes(QUEUE) == [code]


async def test_a_cursor_of_the_queue_is_sealed_and_of_its_tenant_alone(gateway, tenant, service):
    ids_ = [await a_profile(service, **ADA) for _ in range(4)]
    await queued(gateway, tenant, ids_[:2], ids_[2:])
    elsewhere = gateway.as_role("service", tenant=f"{tenant}-other")

    _, page = await pairs_of(service, first=1)
    cursor = page["endCursor"]
    told = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
    changed = cursor[:-8] + ("A" if cursor[-8] != "A" else "B") + cursor[-7:]

    rank = (await gateway.gateway.database.suggestions.find_one({"profiles": ids_[2]}))["rank"]
    assert not any(part.encode() in told for part in (rank, *rank.split("\t")))
    assert await service.codes(QUEUE, {"after": cursor}) == []
    assert await service.codes(QUEUE, {"after": changed}) == ["BAD_INPUT"]
    assert await elsewhere.codes(QUEUE, {"after": cursor}) == ["BAD_INPUT"]


async def test_what_is_reserved_for_others_moves_nobody_in_the_queue(gateway, tenant, service):
    """The passport agrees in one pair of two that are the same to who may not see it."""
    reserved = {"key": "passport", "kind": "STRING", "dataClass": "IDENTITY"}
    admin = gateway.as_role("admin", tenant=tenant)
    await define(admin, [reserved | {"roles": ["privacy_officer"]}])
    officer = gateway.as_role("privacy_officer", tenant=tenant)
    pairs = [sorted([await a_profile(service, **ADA) for _ in range(2)]) for _ in range(2)]
    database = gateway.gateway.database
    field = await database.definitions.find_one({"tenant": tenant, "key": "passport"})
    names = {"name.given": Level.EXACT, "name.family": Level.EXACT, "birth_date": Level.EXACT}
    for pair, level in zip(pairs, (Level.DIFFERENT, Level.EXACT), strict=True):
        levels = names | {f"custom.{field['id']}": level}
        weight = 5.0 if level is Level.DIFFERENT else 20.0
        put = suggestion_document(tenant, tuple(pair), levels, weight)
        await database.suggestions.insert_one({**put, "run": 1})

    seen, _ = await pairs_of(service)
    first, page = await pairs_of(service, first=1)
    second, _ = await pairs_of(service, first=1, after=page["endCursor"])
    all_of_them, _ = await pairs_of(officer)
    crossed = await officer.codes(QUEUE, {"after": page["endCursor"]})
    strict, _ = await pairs_of(service, minScore=0.9999)
    officers, _ = await pairs_of(officer, minScore=0.9999)

    assert seen == [set(pair) for pair in sorted(pairs)]
    assert (first, second) == ([set(min(pairs))], [set(max(pairs))])
    assert all_of_them == [set(pairs[1]), set(pairs[0])]
    assert officers == [set(pairs[1])]
    assert crossed == ["BAD_INPUT"]
    assert strict in ([], seen)


@pytest.mark.parametrize(
    "page", [{"minScore": 2}, {"after": "?"}, {"after": ""}, {"after": "AAAA"}, {"first": 101}]
)
async def test_a_bad_page_of_the_queue_is_refused(service, page):
    assert await service.codes(QUEUE, page) == ["BAD_INPUT"]
