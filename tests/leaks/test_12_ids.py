"""Leak 12: ids are random, and those beside a known one are nobody's."""

import re
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from graph.model.ids import is_id, new_id
from tests.flow.documents import RECORD
from tests.flow.statements import CONSENT
from tests.leaks.worlds import a_tenant, leak_test, person, plans, put_in_force
from tests.support.gateway import a_profile

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
SAMPLE = 4_000
RANDOM_BITS = 80
SEEN = """
query ($id: ID!) {
  profile(id: $id) {
    consents { id } timeline { edges { node { id } } }
  }
}
"""


def number(id_):
    found = 0
    for character in id_:
        found = found * 32 + ALPHABET.index(character)
    return found


def text(value):
    return "".join(ALPHABET[(value >> shift) & 31] for shift in range(125, -1, -5))


def test_eighty_bits_of_an_id_are_fair_coins():
    parts = [number(new_id(1_700_000_000_000)) % 2**RANDOM_BITS for _ in range(SAMPLE)]

    assert len(set(parts)) == SAMPLE
    ones = [sum(part >> bit & 1 for part in parts) for bit in range(RANDOM_BITS)]
    # Six standard deviations: once in ten million runs.
    assert all(abs(count - SAMPLE / 2) < 3 * SAMPLE**0.5 for count in ones)
    repeated = [
        sum((one ^ other) >> bit & 1 for one, other in pairwise(parts))
        for bit in range(RANDOM_BITS)
    ]
    assert all(abs(count - SAMPLE / 2) < 3 * SAMPLE**0.5 for count in repeated)


@given(st.integers(0, 2**128 - 1))
def test_the_text_of_an_id_is_all_of_it(value):
    assert is_id(text(value))
    assert number(text(value)) == value


@leak_test(3)
@given(plans())
async def test_every_id_that_is_shown_is_random(watched, plan):
    tenant = await a_tenant(watched, plan)
    service = watched.as_role("service", "supervisor", tenant=tenant)
    people = [await a_profile(service, **person(plan.schema)) for _ in range(3)]
    told = {"profileId": people[0], "kind": "CALL"}
    for _ in range(2):
        await service.data(RECORD, {"input": told})
        await service.data(
            CONSENT, {"input": {"profileId": people[0], "purpose": "x", "status": "GRANTED"}}
        )

    answer = str(await service.data(SEEN, {"id": people[0]}))

    shown = [*people, *re.findall(r"'id': '([^']*)'", answer)]
    assert len(shown) == len(set(shown)) >= 6
    parts = [number(one) % 2**RANDOM_BITS for one in shown if is_id(one)]
    assert len(parts) == len(shown)
    gaps = [abs(one - other) for one in parts for other in parts if one is not other]
    assert min(gaps) > 2**40


@leak_test(3)
@given(plans(), st.sets(st.integers(-1000, 1000), min_size=20, max_size=20))
async def test_whoever_goes_through_the_ids_beside_a_known_one_finds_nobody(watched, plan, steps):
    tenant = await a_tenant(watched, plan)
    service = watched.as_role("service", tenant=tenant)
    ada, *_ = [await a_profile(service, **person(plan.schema)) for _ in range(3)]
    await put_in_force(watched, tenant, plan.matrix)

    beside = [text(number(ada) + step) for step in steps if step]
    asked = " ".join(f'a{at}: profile(id: "{one}") {{ id }}' for at, one in enumerate(beside))
    data = await service.data(f"{{ {asked} }}")

    assert set(data.values()) == {None}
