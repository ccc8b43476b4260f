"""Documents that are made to be expensive are refused before anything is read."""

import dataclasses
import time
from datetime import UTC, datetime

import pytest

from graph.errors import QueryTooComplex
from graph.execution.operation import answer
from graph.execution.request import Request
from graph.wiring import Wiring
from tests.graph.planning import MATRIX, a_principal, planned, shop_schema

DEPTH = 30
REFUSAL = {
    "errors": [
        {
            "message": "The document selects more than 5000 fields.",
            "extensions": {"code": "QUERY_TOO_COMPLEX"},
        }
    ]
}


def laughs(type_, first, last):
    """Fragments that each spread the next one twice, 2^30 times the last in the end."""
    chain = "".join(
        f"fragment F{level} on {type_} {{ ...F{level + 1} ...F{level + 1} }} "
        for level in range(DEPTH)
    )
    return f"{first} {chain} fragment F{DEPTH} on {type_} {last}"


LAUGHS = {
    "in a profile": laughs("Profile", "{ profile(id: 1) { ...F0 } }", "{ id }"),
    "in a custom field": laughs(
        "CustomFields", "{ profile(id: 1) { custom { ...F0 } } }", "{ score }"
    ),
    "at the root": laughs("Query", "{ ...F0 }", "{ viewer { subject } }"),
    "in a mutation": laughs(
        "Mutation", "mutation { ...F0 }", "{ updateProfile(input: {id: 1}) { __typename } }"
    ),
}


class Shipped:
    """The shipped matrix, for every tenant."""

    async def of(self, _tenant):
        return MATRIX


@pytest.mark.parametrize("document", LAUGHS.values(), ids=LAUGHS)
async def test_fragments_that_multiply_are_refused_at_once(document):
    nothing = dict.fromkeys(field.name for field in dataclasses.fields(Wiring))
    nothing_to_read = Wiring(
        **nothing
        | {"budget_s": 1.0, "sources": {}, "matrices": Shipped(), "now": lambda: datetime.now(UTC)}
    )
    began = time.monotonic()

    found = await answer(Request(document), shop_schema(), a_principal("agent"), nothing_to_read)

    assert found.body == REFUSAL
    assert found.is_request_error
    assert time.monotonic() - began < 2


def a_document_of(nodes):
    """A document whose selections hold exactly this many nodes, fragments expanded."""
    spreads, rest = divmod(nodes - 1, 50)
    again = " ".join(f"b{number}: subject" for number in range(rest))
    fields = " ".join(f"a{number}: subject" for number in range(49))
    return f"{{ viewer {{ {'...F ' * spreads} {again} }} }} fragment F on Viewer {{ {fields} }}"


def test_a_document_may_select_5000_fields_fragments_expanded():
    assert planned(a_document_of(5_000)).attributes == set()


def test_a_document_may_not_select_one_field_more():
    with pytest.raises(QueryTooComplex) as refused:
        planned(a_document_of(5_001))

    assert str(refused.value) == "The document selects more than 5000 fields."


def test_what_is_skipped_counts_too():
    skipped = a_document_of(5_000).replace("...F ", "...F @skip(if: true) ", 1)

    assert planned(skipped).attributes == set()
