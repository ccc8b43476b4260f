"""What the store finds by a filter is what plain Python finds, in its order, page by page."""

import asyncio
import re
import secrets
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, example, given, reject, settings
from hypothesis import strategies as st

from app.store.client import open_client
from app.store.filters import branches_of
from app.store.indexes import create_indexes, create_slot_index
from app.store.profiles import MongoProfiles
from app.store.search import GRAMS, base_of, end_of, path_of
from graph.errors import BadInput, QueryTooComplex
from graph.kinds.search import findable
from graph.model.errors import BadValue
from graph.model.filter import All, AnyOf, Condition, Filter, Not, Operator, Order
from graph.model.ids import new_id
from graph.model.profile import ProfilePatch
from graph.model.search import BY_GIVEN_NAME, BY_STATE, BY_UPDATED_AT
from policies.plan import Scope
from tests.app.filter_trees import (
    CUSTOM,
    NOBODY,
    SCHEMA,
    STATE,
    SUBJECTS,
    Asked,
    Person,
    as_stored,
    compiled,
    in_order,
    meets,
    orders,
    people,
    trees,
)
from tests.app.hostile_operands import HOSTILE, NO_TEXTS
from tests.support.authors import TESTER
from tests.support.sealing import a_sealing

ENOUGH = 100
LONGEST = 200
TEXTUAL = {Operator.EQUALS, Operator.STARTS_WITH, Operator.CONTAINS}
PLACES = {
    path_of(place): place
    for place in (BY_STATE, *(SUBJECTS[name].place for name in ("Note", "Codes", "given")))
}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def store(document_server):
    """A store with all indexes; each example has a tenant of its own."""
    name = f"filters-{secrets.token_hex(4)}"
    async with open_client(document_server.uri, 60) as client:
        database = client[name]
        await create_indexes(database)
        for definition in CUSTOM:
            await create_slot_index(database, definition.slot)
        moment = datetime(2026, 11, 23, tzinfo=UTC)
        # It isn't dropped: that takes the embedded server longer than all of these tests.
        yield MongoProfiles(client, database, a_sealing(database), lambda: moment)


async def kept(store: MongoProfiles, everybody: list[Person]) -> tuple[Scope, dict[str, Person]]:
    """A new tenant with these people, by id, and a neighbour whose name goes on where its ends."""
    scope = Scope(f"t{secrets.token_hex(6)}")
    found = {}
    for age, person in enumerate(everybody):
        for tenant in (scope, Scope(f"{scope.tenant}0")):
            profile, keys = as_stored(person, age)
            await store.create(profile, keys, [], tenant, TESTER)
            found[(tenant, profile.id)] = person
    return scope, {one: person for (tenant, one), person in found.items() if tenant == scope}


async def listed(
    store: MongoProfiles, scope: Scope, where: Filter, order: Order | None, size: int
) -> list[str]:
    """The ids of a whole list, read in pages."""
    ids: list[str] = []
    while True:
        after = ids[-1] if ids else None
        page = await store.page(
            scope, where, order, first=size, after=after, attributes=frozenset()
        )
        ids += [one.id for one in page]
        if len(page) < size or len(ids) > ENOUGH:
            return ids


def both(subject: str, operator: Operator, *operands: Any) -> All:
    """Several comparisons of one value, all of which must hold."""
    return All(tuple(Asked(subject, operator, one) for one in operands))


NOTED = NOBODY | {"Note": "aab b", "Codes": ["a", "b"], "Tags": ["gold"]}
EMPTY = NOBODY | {"Note": "", "Codes": [], "given": "a"}


@given(
    everybody=st.lists(people, min_size=1, max_size=5),
    asked=st.lists(trees, min_size=1, max_size=4),
    order=orders,
    size=st.integers(1, 3),
)
@example([NOTED], [both("Codes", Operator.IN, ["a"], ["b"])], None, 1)
@example([NOTED, EMPTY], [Asked("Codes", Operator.IN, [])], None, 1)
@example([NOTED, EMPTY], [Not(Asked("Codes", Operator.IN, []))], None, 1)
@example([NOTED], [both("Note", Operator.CONTAINS, "aab", "b b")], None, 1)
@example([NOTED, EMPTY], [Asked("Note", Operator.IN, []), AnyOf(), Not(All())], None, 2)
@settings(
    max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
async def test_a_list_holds_whom_python_finds_in_the_order_that_was_asked_for(
    store, everybody, asked, order, size
):
    scope, known = await kept(store, everybody)

    for tree in asked:
        try:
            whole = await listed(store, scope, compiled(tree), order, ENOUGH)
        except QueryTooComplex:
            reject()
        paged = await listed(store, scope, compiled(tree), order, size)
        count = await store.count(scope, compiled(tree))

        met = {one: person for one, person in known.items() if meets(person, tree)}
        assert paged == whole
        assert sorted(whole) == sorted(met)
        assert count == len(met)
        if order is not None:
            assert whole == in_order(met, order)


def inside(query: dict[str, Any], tenant: str) -> bool:
    """Whether every condition is on a path of ours and on keys that begin as the tenant's do."""
    return all(
        item == {"$eq": tenant}
        if path == "tenant"
        else all(inside(one, tenant) for one in item)
        if path == "$and"
        else item.keys() == {"$eq"} and re.fullmatch(r"[\w-]{8}", item["$eq"]) is not None
        if path == GRAMS
        else bounded(item, base_of(tenant, PLACES[path]))
        for path, item in query.items()
    )


def bounded(item: dict[str, Any], base: str) -> bool:
    """Whether a condition on a path compares with nothing but texts that have this beginning."""
    texts: list[str] = []
    for operator, operand in item.items():
        if operator in {"$regex", "$not"}:
            pattern = operand if operator == "$regex" else operand["$regex"]
            if not pattern.startswith(f"^{re.escape(base)}(?") or not re.compile(pattern):
                return False
        elif operator in {"$in", "$all", "$nin"}:
            texts += operand
        elif operator in {"$eq", "$gte"}:
            texts.append(operand)
        elif operator != "$lt" or not base < operand <= end_of(base):
            return False
    return all(text.startswith(base) for text in texts)


@pytest.mark.parametrize("place", PLACES.values(), ids=lambda place: place.field)
@pytest.mark.parametrize("operator", Operator)
def test_no_text_becomes_an_operator_or_a_path_or_leaves_its_tenant(place, operator):
    assert len(set(HOSTILE)) == 200
    for text in HOSTILE:
        # No key is longer or holds half of a pair: it was cut or refused before.
        key = text[:LONGEST].encode(errors="replace").decode()
        asked = Condition(place, operator, (f"{key}abc", key))
        tenant = "t-1.a"

        for where in (asked, Not(asked), All((asked, Not(asked))), AnyOf((asked, STATE))):
            queries = [branch.query() for branch in branches_of(tenant, where)]
            assert all(query["tenant"] == {"$eq": tenant} for query in queries)
            assert all(inside(query, tenant) for query in queries)


@pytest.mark.parametrize("operator", [Operator.EQUALS, Operator.STARTS_WITH, Operator.CONTAINS])
@pytest.mark.parametrize("operand", NO_TEXTS, ids=repr)
def test_what_is_no_text_is_never_looked_for(operator, operand):
    for subject in ("Note", "Nick"):
        with pytest.raises(BadValue):
            compiled(Asked(subject, operator, operand))


async def test_a_hostile_text_finds_whom_python_finds_or_is_refused(store):
    everybody = [NOBODY | {"Note": text, "Tags": ["$in"]} for text in HOSTILE if is_kept(text)]
    scope, known = await kept(store, everybody[::4])
    answered = set()

    async def ask(tree: Any) -> None:
        try:
            where = compiled(tree)
        except BadValue:
            return
        answered.add(tree.part.operand if isinstance(tree, Not) else tree.operand)
        met = [one for one, person in known.items() if meets(person, tree)]
        found = await store.page(scope, where, None, first=300, after=None, attributes=frozenset())
        assert sorted(one.id for one in found) == sorted(met)

    for text in HOSTILE:
        asked = [Asked("Note", one, text) for one in SUBJECTS["Note"].operators if one in TEXTUAL]
        asked += [Asked("Codes", Operator.CONTAINS, text), Asked("given", Operator.EQUALS, text)]
        wanted = asked if text.isprintable() and len(text) < LONGEST else asked[:3]
        await asyncio.gather(*(ask(one) for one in [*wanted, Not(asked[0])]))

    assert len(answered) > 100


def is_kept(text: str) -> bool:
    """Whether a note can be this text."""
    try:
        as_stored(NOBODY | {"Note": text})
    except BadValue:
        return False
    return True


@pytest.mark.parametrize("after", ["", "$gt", "../x", "a/b"])
async def test_a_list_goes_on_behind_a_profile_of_its_tenant_alone(store, after):
    (scope, known), (_, others) = await kept(store, [NOTED]), await kept(store, [NOTED])
    [own], [other] = known, others

    for wrong in (after, other, new_id(), f"../{scope.tenant}/{own}"):
        with pytest.raises(BadInput):
            await store.page(scope, All(), None, first=1, after=wrong, attributes=frozenset())


async def test_without_an_order_a_list_comes_by_what_narrows_it_most_else_by_age(store):
    notes = ["b", "c", None, "a"]
    scope, known = await kept(store, [NOBODY | {"Note": note} for note in notes])
    older = sorted(known)
    by_note = in_order(
        {one: known[one] for one in known if known[one]["Note"]}, Order(SUBJECTS["Note"].place)
    )

    noted = Condition(SUBJECTS["Note"].place, Operator.STARTS_WITH, ("",))
    either = AnyOf((noted, STATE))

    assert await listed(store, scope, All(), None, 2) == older
    assert await listed(store, scope, All((STATE,)), None, 2) == older
    assert await listed(store, scope, either, None, 2) == older
    assert await listed(store, scope, noted, None, 2) == by_note


async def test_a_filter_of_too_many_alternatives_is_refused(store):
    place, scope = SUBJECTS["Note"].place, Scope("t")
    many = Condition(place, Operator.IN, tuple(f"n{number}" for number in range(65)))
    pairs = All((AnyOf((STATE,) * 9), AnyOf((STATE,) * 8)))

    for where in (many, pairs, Not(Not(pairs))):
        with pytest.raises(QueryTooComplex):
            await store.count(scope, where)
    assert await store.count(scope, All((AnyOf((STATE,) * 8), AnyOf((STATE,) * 8)))) == 0
    assert await store.count(scope, Not(many)) == 0


async def test_keys_follow_what_is_changed_and_what_is_cleared(store):
    scope, known = await kept(store, [NOTED])
    [own] = known
    note, codes = SUBJECTS["Note"].place, SUBJECTS["Codes"].place
    now = findable({"Note": "new one", "Codes": None}, SCHEMA)
    held = {"Note": "new one", "Codes": None}

    await store.update(own, ProfilePatch({"name.given": "Zoë Ann"}, held, now), scope, 1, TESTER)

    for place, operator, keys, count in (
        (note, Operator.CONTAINS, ("aab",), 0),
        (note, Operator.CONTAINS, ("w o",), 1),
        (codes, Operator.EXISTS, (), 0),
        (BY_GIVEN_NAME, Operator.CONTAINS, ("oe a",), 1),
        (BY_UPDATED_AT, Operator.GTE, ("2026-11-23T00:00:00.000Z",), 1),
    ):
        assert await store.count(scope, Condition(place, operator, keys)) == count
