import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.declarative.encodings import Unwritable
from connectors.declarative.templates import WrongTemplate, template_of, tree_of

SCOPE = {"n": 7, "t": "a'b", "l": ["1", "2"], "yes": True, "o": {"x": None}}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("plain", "plain"),
        ("", ""),
        ("${n}", 7),
        ("${l}", ["1", "2"]),
        ("${o.x}", None),
        ("n=${n}, ${yes}", "n=7, true"),
        ("n=${o.x}", None),
        ("${l => csv}", "1,2"),
        ("${l => integer => json}", "[1,2]"),
        ("${t => soql}", r"'a\'b'"),
        ("IN ${l => soql}", "IN ('1','2')"),
        ("${t => odata}", "'a''b'"),
        ("${l => odata}", "['1','2']"),
        ("${join('}', l)}", "1}2"),
        ("${ {a: n} }", {"a": 7}),
        ("${'=>'}", "=>"),
        ("${t => base64}", "YSdi"),
        ("$ {n} $n", "$ {n} $n"),
    ],
)
def test_a_template_that_is_one_hole_keeps_its_type_and_null_leaves_nothing(text, value):
    assert template_of(text).fill(SCOPE) == value


def test_a_tree_leaves_out_what_is_null_and_keeps_what_the_file_says():
    tree = tree_of({"a": "${n}", "b": "${o.x}", "c": None, "d": ["${t}", {"e": "${o.x}"}, 1]})

    assert tree.fill(SCOPE) == {"a": 7, "c": None, "d": ["a'b", {}, 1]}
    assert tree.names == {"n", "o", "t"}


@pytest.mark.parametrize("text", ["${n", "${n => nosuch}", "${n =>}", "${}", "${a b}", "${'a}"])
def test_a_template_that_can_not_be_compiled_is_refused(text):
    with pytest.raises(WrongTemplate):
        template_of(text)


@pytest.mark.parametrize(
    "text", ["x${l}", "x${o}", "${t => integer}", "${bad => csv}", "${sum(t)}"]
)
def test_a_value_that_can_not_be_written_there_is_refused_unquoted(text):
    with pytest.raises(Unwritable) as raised:
        template_of(text).fill(SCOPE | {"bad": ["private,1"]})

    assert "private" not in str(raised.value)


@given(st.text())
def test_no_text_gets_out_of_its_quotes_in_odata(text):
    written = template_of("${t => odata}").fill({"t": text})

    assert written[1:-1].replace("''", "").count("'") == 0
    assert written[1:-1].replace("''", "'") == text


@given(st.text(st.characters(codec="ascii", categories=["L", "N", "P", "S"])))
def test_no_text_gets_out_of_its_quotes_in_soql(text):
    written = template_of("${t => soql}").fill({"t": text})

    rest = iter(written[1:-1])
    assert "".join(next(rest) if letter == "\\" else letter for letter in rest) == text
    unescaped = written[1:-1].replace("\\\\", "").replace("\\'", "").replace('\\"', "")
    assert "'" not in unescaped
