"""The cost guard: what a document may ask for, known before anything is validated or read."""

import time

import pytest
from graphql import get_introspection_query, parse
from hypothesis import given
from hypothesis import strategies as st

from graph.errors import LimitExceeded
from graph.execution.blocks import read_blocks
from graph.execution.cost import _weighed, check_values, cost_of
from graph.execution.documents import Documents
from graph.execution.limits import Limits
from graph.schema import TenantSchema
from tests.graph.planning import shop_schema

SCHEMA = TenantSchema().graphql
LIMITS = Limits()


def exceeded(text, limits=LIMITS):
    """Which limit a document exceeds, what it is, and what was measured."""
    (error,) = Documents(SCHEMA, limits).get(text).errors
    told = dict(error.extensions)
    assert told.pop("code") == "QUERY_TOO_COMPLEX"
    return tuple(told[name] for name in ("limit", "value", "measured"))


def is_accepted(text, limits=LIMITS):
    return Documents(SCHEMA, limits).get(text).errors == ()


def laughs(type_, first, last, levels=30):
    """Fragments that each spread the next one twice, 2^30 times the last in the end."""
    chain = "".join(
        f"fragment F{level} on {type_} {{ ...F{level + 1} ...F{level + 1} }} "
        for level in range(levels)
    )
    return f"{first} {chain} fragment F{levels} on {type_} {last}"


def aliases(count, each="subject"):
    return " ".join(f"a{number}: {each}" for number in range(count))


SIX = f"fragment F on Query {{ {'viewer ' * 6} }}"
EDGES = [
    ("depth", "{ a { a { a } } }", "{ a { a } }", Limits(depth=2)),
    ("selections", "{ viewer { subject roles } }", "{ viewer { subject } }", Limits(selections=2)),
    ("width", "{ viewer { subject roles } }", "{ viewer { subject } }", Limits(width=1)),
    ("aliases", f"{{ viewer {{ {aliases(61)} }} }}", f"{{ viewer {{ {aliases(60)} }} }}", LIMITS),
    (
        "directives",
        f"{{ viewer {{ {'subject @skip(if: true) ' * 31} }} }}",
        f"{{ viewer {{ {'subject @skip(if: true) ' * 30} }} }}",
        LIMITS,
    ),
    (
        "repeated directives",
        "{ viewer @skip(if: true) @skip(if: true) { subject } }",
        "{ viewer @skip(if: true) @include(if: true) { subject } }",
        LIMITS,
    ),
    ("root fields", f"{{ {'viewer ' * 21} }}", f"{{ {'viewer ' * 20} }}", LIMITS),
    (
        "root fields",
        f"{{ ...F ... on Query {{ ...F }} {'v: viewer ' * 9} }} {SIX}",
        f"{{ ...F ... on Query {{ ...F }} {'v: viewer ' * 8} }} {SIX}",
        LIMITS,
    ),
    ("tokens", "{ viewer { subject roles } }", "{ viewer { subject } }", Limits(tokens=6)),
    ("characters", "{ viewer { subject } } ", "{ viewer { subject } }", Limits(characters=22)),
    (
        "comparisons",
        f"{{ viewer {{ {'subject ' * 79} }} }}",
        f"{{ viewer {{ {'subject ' * 77} }} }}",
        LIMITS,
    ),
    (
        "introspection",
        f"{get_introspection_query().replace('__schema', 'a: __schema').rstrip()}".replace(
            "query IntrospectionQuery {", "query { ...S b: __schema { types { ...FullType } }"
        )
        + "fragment S on Query { c: __schema { types { ...FullType } } }",
        get_introspection_query(),
        LIMITS,
    ),
]


@pytest.mark.parametrize(("limit", "above", "within", "limits"), EDGES)
def test_a_document_may_have_as_much_as_a_limit_says_and_not_one_more(limit, above, within, limits):
    name, most, measured = exceeded(above, limits)

    assert name == limit
    assert measured > most
    cost_of(parse(within), SCHEMA, limits)


def test_a_refusal_tells_the_limit_its_value_and_what_was_measured():
    (error,) = Documents(SCHEMA).get(f"{{ {'viewer { subject } ' * 21} }}").errors

    assert error.message == "The request exceeds a limit: root fields, 20 at most."
    assert error.extensions == {
        "code": "QUERY_TOO_COMPLEX",
        "limit": "root fields",
        "value": 20,
        "measured": 21,
    }


LAUGHS = {
    "in a profile": laughs("Profile", '{ profile(id: "1") { ...F0 } }', "{ id }"),
    "in a custom field": laughs(
        "CustomFields", '{ profile(id: "1") { custom { ...F0 } } }', "{ score }"
    ),
    "in a mutation": laughs(
        "Mutation", "mutation { ...F0 }", "{ updateProfile(input: {id: 1}) { __typename } }"
    ),
    "nowhere": laughs("Profile", "{ viewer { subject } }", "{ id }"),
    "on an unknown type": laughs("Nothing", "{ a { ...F0 } }", "{ id }"),
}


@pytest.mark.parametrize("text", LAUGHS.values(), ids=LAUGHS)
def test_fragments_that_multiply_are_refused_at_once(text):
    began = time.process_time()

    limit, _, measured = exceeded(text)

    assert limit in {"nodes", "root fields"}
    assert 2**29 < measured <= 1_000_000_000
    assert time.process_time() - began < 0.5


@pytest.mark.parametrize(
    "text",
    [
        "{ ...F } fragment F on Query { ...F }",
        "{ ...F } fragment F on Query { viewer { subject } ...G } fragment G on Query { ...F }",
        "fragment F on Viewer { ...G } fragment G on Viewer { ...F } { viewer { subject } }",
    ],
)
def test_fragments_in_a_circle_end_and_are_told_as_what_they_are(text):
    messages = [error.message for error in Documents(SCHEMA).get(text).errors]

    assert any("within itself" in message for message in messages)


def test_a_circle_through_a_field_ends_too():
    text = "{ profile(id: 1) { ...F } } fragment F on Profile { suggestions { profile { ...F } } }"

    assert exceeded(text)[0] == "comparisons"


def test_each_list_counts_as_often_as_it_is_asked_for():
    text = "{ profiles(first: %s) { edges { node { id version } } } }"
    most = Limits(nodes=1 + 40 * 4)

    assert is_accepted(text % 40, most)
    assert exceeded(text % 41, most) == ("nodes", 161, 165)
    # More than a page may hold is refused elsewhere, as what it is.
    assert exceeded(text % ("9" * 30), most) == ("nodes", 161, 401)


def test_a_page_without_a_size_counts_as_one_of_the_default_size():
    text = "{ profiles { edges { node { id } } } }"

    assert is_accepted(text, Limits(nodes=1 + 25 * 3))
    assert exceeded(text, Limits(nodes=75)) == ("nodes", 75, 76)


@pytest.mark.parametrize(
    ("declared", "value", "nodes"),
    [("$n: Int", 40, 121), ("$n: Int", None, 76), ("$n: Int = 7", 7, 22), ("$n: Int", -5, 4)],
)
def test_a_size_in_a_variable_counts_as_what_the_variable_says(declared, value, nodes):
    text = f"query ({declared}) {{ profiles(first: $n) {{ edges {{ node {{ id }} }} }} }}"
    document = Documents(SCHEMA).get(text)
    given = {} if value is None else {"n": value}

    document.cost.check(document.operations[0], given, Limits(nodes=nodes))
    with pytest.raises(LimitExceeded) as refused:
        document.cost.check(document.operations[0], given, Limits(nodes=nodes - 1))

    assert refused.value.details() == {"limit": "nodes", "value": nodes - 1, "measured": nodes}


def test_only_the_operation_that_is_executed_counts_with_its_variables():
    document = Documents(SCHEMA).get(
        "query A($n: Int) { profiles(first: $n) { totalCount } } query B { viewer { subject } }"
    )

    document.cost.check(document.operation("B"), {"n": 100}, Limits(nodes=5))
    with pytest.raises(LimitExceeded):
        document.cost.check(document.operation("A"), {"n": 100}, Limits(nodes=5))


def test_fields_count_as_many_as_keys_are_named_or_as_custom_fields_has():
    named = '{ profile(id: 1) { fields(keys: ["tier", "score"]) { key value } } }'
    all_ = "{ profile(id: 1) { fields { key value } } }"
    schema = shop_schema().graphql

    cost_of(parse(named), schema, Limits(nodes=2 + 2 * 2))
    cost_of(parse(all_), schema, Limits(nodes=2 + 7 * 2))
    with pytest.raises(LimitExceeded):
        cost_of(parse(named), schema, Limits(nodes=5))
    with pytest.raises(LimitExceeded):
        cost_of(parse(all_), schema, Limits(nodes=15))


@pytest.mark.parametrize(
    ("values", "limit", "measured"),
    [
        ({"v": list(range(1_000))}, "values", 1_001),
        ({f"v{number}": 1 for number in range(1_001)}, "values", 1_001),
        ({"v": [{"a": [[]]}] * 350}, "values", 1_051),
    ],
)
def test_variables_hold_a_thousand_values_at_most(values, limit, measured):
    with pytest.raises(LimitExceeded) as refused:
        check_values(values, LIMITS)

    assert refused.value.details() == {"limit": limit, "value": 1_000, "measured": measured}


def test_variables_are_32_deep_at_most():
    value = [1]
    for _ in range(30):
        value = [value]
    check_values({"v": value}, LIMITS)

    with pytest.raises(LimitExceeded) as refused:
        check_values({"v": [value]}, LIMITS)

    assert refused.value.details() == {"limit": "value depth", "value": 32, "measured": 33}


def test_what_everybody_asks_is_within_the_limits():
    leaves = " ".join(f"f{number}" for number in range(212))

    cost_of(parse(get_introspection_query()), SCHEMA, LIMITS)
    cost_of(parse(f"{{ profile(id: 1) {{ custom {{ {leaves} }} }} }}"), SCHEMA, LIMITS)
    assert is_accepted(
        "{ profiles { edges { node { id name { full } timeline { edges { node { kind } } } } } } }"
    )


_names = st.sampled_from(["F0", "F1", "F2", "F3", "F4"])
_sets = st.lists(
    st.sampled_from(["id", "version", "suggestions { profile { %s } }", "...%s", "... { %s }"]),
    min_size=1,
    max_size=4,
)


@st.composite
def _documents(draw):
    """Documents of fragments that spread each other as they like."""

    def filled():
        return " ".join(part.replace("%s", f"...{draw(_names)}") for part in draw(_sets)).replace(
            "......", "..."
        )

    fragments = " ".join(f"fragment F{n} on Profile {{ {filled()} }}" for n in range(5))
    return f"{{ profile(id: 1) {{ {filled()} }} }} {fragments}"


def _reached(text):
    """How many selections a document has when its fragments are written out; None for circles."""
    document = parse(text)
    fragments = {item.name.value: item for item in document.definitions[1:]}

    def size(selections, seen, weight=1):
        total = 0
        for node in selections.selections:
            total += weight
            if node.kind == "fragment_spread":
                name = node.name.value
                if name in seen:
                    raise RecursionError
                total += size(fragments[name].selection_set, seen | {name}, weight)
            elif node.selection_set:
                is_list = node.kind == "field" and node.name.value == "suggestions"
                total += size(node.selection_set, seen, weight * (25 if is_list else 1))
        return total

    return size(document.definitions[0].selection_set, frozenset())


@given(_documents())
def test_nodes_are_what_they_are_when_fragments_are_written_out(text):
    try:
        expected = _reached(text)
    except RecursionError:
        expected = None
    (_, root), *_ = (blocks := read_blocks(parse(text), SCHEMA)).operations

    measured = _weighed(blocks, None)[root]

    assert expected is None or measured == expected


def test_time_grows_as_the_document_does():
    def took(levels):
        text = laughs("Profile", "{ profile(id: 1) { ...F0 } }", "{ id }", levels)
        node = parse(text)
        times = []
        for _ in range(5):
            began = time.process_time()
            with pytest.raises(LimitExceeded):
                cost_of(node, SCHEMA, Limits(selections=10_000))
            times.append(time.process_time() - began)
        return min(times)

    small, large = took(40), took(400)

    assert large < 30 * max(small, 1e-5)
