import jmespath
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.declarative.expressions import Expression, Inapplicable, WrongExpression

NAMES = st.sampled_from("abc")
TREES = st.recursive(
    st.none() | st.integers() | st.text(max_size=3),
    lambda inner: st.dictionaries(NAMES, inner) | st.lists(inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(NAMES, min_size=1, max_size=4), TREES)
def test_the_short_way_for_plain_names_gives_what_jmespath_gives(steps, tree):
    path = ".".join(steps)

    assert Expression(path)(tree) == jmespath.search(path, tree)


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a.b", {"a"}),
        ("options.region", {"options.region"}),
        ("options.region || 'x'", {"options.region"}),
        ("a[?b == c].d | [0]", {"a"}),
        ("{x: a, y: [b, c]}", {"a", "b", "c"}),
        ("not_null(a, b.c) && !d", {"a", "b", "d"}),
        ("join(',', keys)", {"keys"}),
        ("`1`", set()),
    ],
)
def test_an_expression_knows_the_names_that_it_takes(text, names):
    assert Expression(text).names == names


@pytest.mark.parametrize(
    "text", ["", "a[", "a b", "nosuch(a)", "a[?nosuch(b)]", "!a.b", "c[?!a.b]"]
)
def test_what_is_no_expression_is_refused(text):
    with pytest.raises(WrongExpression):
        Expression(text)


@pytest.mark.parametrize(
    ("text", "value", "result"),
    [
        ("add(n, `1`)", {"n": 2}, 3),
        ("lower(t)", {"t": "ÄB"}, "äb"),
        ("lower(t)", {}, None),
        ("entries(o)[].key", {"o": {"a": 1, "b": 2}}, ["a", "b"]),
        ("split(t, ';')", {"t": "a;b;"}, ["a", "b"]),
        ("earlier(t, `60`)", {"t": "2026-11-27 10:00:30"}, "2026-11-27 09:59:30"),
        ("earlier(t, `60`)", {"t": "2026-11-27T10:00:30Z"}, "2026-11-27T09:59:30Z"),
        ("earlier(t, `1`)", {"t": "2026-11-27T10:00:30.250+00:00"}, "2026-11-27T10:00:29+00:00"),
        ("earlier(t, `0`)", {"t": "2026-11-27T10:00:30+02:00"}, "2026-11-27T08:00:30+00:00"),
    ],
)
def test_there_are_functions_for_paging_and_cursors(text, value, result):
    assert Expression(text)(value) == result


@pytest.mark.parametrize(
    ("text", "value"),
    [("length(a)", {"a": None}), ("earlier(a, `1`)", {"a": "private"}), ("sum(a)", {"a": ["x"]})],
)
def test_a_function_that_can_not_take_what_it_met_quotes_nothing_of_it(text, value):
    with pytest.raises(Inapplicable) as raised:
        Expression(text)(value)

    assert str(raised.value) == f"`{text}` makes no sense for the answer"
    assert raised.value.__context__ is None
