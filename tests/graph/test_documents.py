"""Documents and variables that can't be used: told without telling a value."""

import time

import pytest
from graphql import GraphQLError, OperationDefinitionNode, get_variable_values, parse
from graphql.language.block_string import print_block_string
from graphql.language.print_string import print_string
from hypothesis import given
from hypothesis import strategies as st

from graph.execution.documents import Documents, without_values
from graph.schema import TenantSchema

SCHEMA = TenantSchema().graphql
CANARY = "Zq7canary"
DIGITS = "49176420077"

LITERALS = [
    "{ identify(channel: %s, value: 1) { outcome } }",
    "{ identify(channel: VOICE, value: [%s, 1]) { outcome } }",
    "{ identify(channel: VOICE, value: {a: %s}) { outcome } }",
    "{ profile(id: [%s]) { id(a: %s) } }",
    "{ profiles(first: %s, after: 1) { totalCount } }",
    "{ profiles(where: %s) { totalCount } }",
    "{ profiles(where: {givenName: %s, x: %s}) { totalCount } }",
    "{ profiles(where: {createdAt: {lt: %s}, state: {in: [%s]}}) { totalCount } }",
    "{ viewer @skip(if: %s) { subject } }",
    "query ($if: Boolean = %s) { viewer @skip(if: $if) { subject } }",
    "query ($w: ProfileFilter = {id: %s}) { profiles(where: $w) { totalCount } }",
    "mutation { createProfile(input: %s) { profile { id } } }",
    "mutation { createProfile(input: {birthDate: %s, name: %s, custom: %s}) { profile { id } } }",
    "mutation { createProfile(input: {identities: [{channel: %s, primary: %s}]}) { __typename } }",
    "mutation { updateProfile(input: {id: 1, ifVersion: %s}) { profile { id } } }",
    "mutation { defineField(input: {dataClass: %s, source: {kind: %s}}) { field { key } } }",
]
VARIABLES = [
    ('identify(channel: $v, value: "1") { outcome }', "Channel!"),
    ("identify(channel: VOICE, value: $v) { outcome }", "String!"),
    ("profile(id: $v) { id }", "ID!"),
    ("profiles(first: $v) { totalCount }", "Int"),
    ("profiles(where: $v) { totalCount }", "ProfileFilter"),
    ("profiles(where: {state: {in: $v}}) { totalCount }", "[ProfileState!]"),
    ("profiles(where: {createdAt: {lt: $v}}) { totalCount }", "DateTime"),
    ("viewer @skip(if: $v) { subject }", "Boolean!"),
    ("createProfile(input: $v) { profile { id } }", "CreateProfileInput!"),
    ("createProfile(input: {birthDate: $v}) { profile { id } }", "Date"),
    ("createProfile(input: {custom: $v}) { profile { id } }", "CustomValues"),
    ("createProfile(input: {identities: $v}) { profile { id } }", "[IdentityInput!]"),
    ("defineField(input: $v) { field { key } }", "DefineFieldInput!"),
]
# Texts that look like the messages in which they are quoted.
_lookalikes = st.sampled_from(
    [
        *("' does not exist in 'Channel' enum.", "Value '", " found: ", ", found ", "'", '"'),
        *("cannot represent value: ", ", but encountered error '", "Unexpected Name "),
        *("\n", ": ", ". ", "\\"),
    ]
)
_noise = st.lists(_lookalikes | st.text(max_size=5), max_size=4).map("".join)
_texts = st.builds("{}{}{}".format, _noise, st.just(CANARY), _noise)
_numbers = st.sampled_from((DIGITS, f"-{DIGITS}", f"{DIGITS}.5", f"1.{DIGITS}", f"{DIGITS}e9"))
_block_safe = st.characters(exclude_characters='"\\', exclude_categories=("Cc", "Cs"))
_blocks = st.text(_block_safe, max_size=8).map(lambda text: print_block_string(CANARY + text))
_literals = st.recursive(
    _texts.map(print_string) | _numbers | _blocks | st.just(CANARY),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=2).map(lambda items: f"[{', '.join(items)}]")
        | inner.map(lambda item: f"{{value: {item}}}")
        | inner.map(lambda item: f"{{channel: {item}, name: {item}}}")
    ),
    max_leaves=3,
)
_keys = st.sampled_from(("channel", "value", "name", "given", "state", "in", "dataClass", "x"))
_values = st.recursive(
    _texts | st.just(int(DIGITS)) | st.just(float(DIGITS)) | st.just(-int(DIGITS) / 7),
    lambda inner: (
        st.lists(inner, min_size=1, max_size=2) | st.dictionaries(_keys, inner, max_size=3)
    ),
    max_leaves=4,
)


@pytest.fixture
def documents() -> Documents:
    return Documents(SCHEMA)


def told(errors) -> list[str]:
    """The messages, none of which may hold a canary."""
    messages = [error.message for error in errors]
    spoken = " ".join(messages)
    assert CANARY not in spoken
    assert DIGITS not in spoken.replace(".", "")
    return messages


def refusals(type_: str, selection: str, value) -> list[GraphQLError]:
    """What is said about a variable's value."""
    kind = "mutation" if selection.startswith(("create", "define")) else "query"
    document = Documents(SCHEMA).get(f"{kind} ($v: {type_}) {{ {selection} }}")
    assert document.errors == ()
    found = get_variable_values(
        SCHEMA, document.operations[0].variable_definitions, {"v": value}, hide_suggestions=True
    )
    return [without_values(error) for error in found] if isinstance(found, list) else []


@given(st.sampled_from(LITERALS), _literals)
def test_no_literal_is_told_wherever_it_stands(template, literal):
    document = Documents(SCHEMA).get(template.replace("%s", literal))

    told(document.errors)


@given(st.sampled_from(VARIABLES), _values)
def test_no_value_of_a_variable_is_told(place, value):
    selection, type_ = place

    told(refusals(type_, selection, value))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (f'"{CANARY}"', "Syntax Error: Unexpected <EOF>."),
        (f'{CANARY} "x"', "Syntax Error: Unexpected Name."),
        (f'{{ viewer {{ subject }} }} "{CANARY}"', "Syntax Error: Unexpected <EOF>."),
        (f'{{ viewer {{ subject }} }} "{CANARY}" }}', "Syntax Error: Unexpected '}'."),
        (f'{{ viewer(a: ) "{CANARY}" }}', "Syntax Error: Unexpected ')'."),
        (f'{{ identify("{CANARY}") }}', "Syntax Error: Expected Name."),
        (f"{{ identify(value: {DIGITS} {DIGITS}) }}", "Syntax Error: Expected Name."),
        (f"{{ identify(value: a{CANARY} {CANARY}) }}", "Syntax Error: Expected ':'."),
        (
            f"{{ identify(value: .{DIGITS}) }}",
            "Syntax Error: Invalid number, expected digit before '.'.",
        ),
        (f'{{ a(b: "\\u{{{DIGITS}") }}', "Syntax Error: Invalid Unicode escape sequence."),
        ('{ a(b: "\\q") }', "Syntax Error: Invalid character escape sequence."),
        (f'{{ a(b: "{CANARY}', "Syntax Error: Unterminated string."),
        (
            f"{{ identify(channel: {CANARY}, value: 1) {{ outcome }} }}",
            "The value does not exist in 'Channel' enum.",
        ),
        (
            f'{{ identify(channel: "{CANARY}", value: "1") {{ outcome }} }}',
            "Enum 'Channel' cannot represent non-enum value.",
        ),
        (
            f"{{ identify(channel: VOICE, value: {DIGITS}) {{ outcome }} }}",
            "String cannot represent a non string value.",
        ),
        (
            f'{{ profiles(where: "{CANARY}") {{ totalCount }} }}',
            "Expected value of type 'ProfileFilter' to be an object.",
        ),
        (
            f'{{ profiles(where: {{idd: "{CANARY}"}}) {{ totalCount }} }}',
            "Expected value of type 'ProfileFilter' not to include unknown field 'idd'.",
        ),
        (
            f'mutation {{ createProfile(input: {{birthDate: "{CANARY}"}}) {{ __typename }} }}',
            "Expected a date such as 2021-03-04.",
        ),
    ],
)
def test_a_refused_document_hears_what_is_wrong_and_nothing_of_its_values(documents, text, message):
    messages = told(documents.get(text).errors)

    assert messages[0] == message


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (0, CANARY, "The value does not exist in 'Channel' enum."),
        (
            0,
            f"{CANARY}' does not exist in 'X' enum, found: ",
            "The value does not exist in 'Channel' enum.",
        ),
        (0, 7, "Enum 'Channel' cannot represent non-string value."),
        (3, CANARY, "Int cannot represent non-integer value."),
        (3, int(DIGITS), "Int cannot represent non 32-bit signed integer value."),
        (4, [CANARY], "Expected value of type 'ProfileFilter' to be an object."),
        (7, CANARY, "Boolean cannot represent a non boolean value."),
        (9, CANARY, "Expected a date such as 2021-03-04."),
    ],
)
def test_a_refused_variable_is_named_and_its_value_is_not(place, value, message):
    selection, type_ = VARIABLES[place]

    messages = told(refusals(type_, selection, value))

    assert len(messages) == 1
    assert messages[0].startswith("Variable '$v' has invalid value")
    assert messages[0].endswith(f": {message}")


async def test_over_http_a_refusal_tells_no_value_either(gateway, tenant):
    agent = gateway.as_role("agent", tenant=tenant)
    query = 'query ($v: Channel!) { identify(channel: $v, value: "1") { outcome } }'

    by_variable = await agent.post(query, {"v": CANARY})
    by_literal = await agent.post(query.replace("$v)", f'"{CANARY}")'))

    assert CANARY not in by_variable.text + by_literal.text
    assert by_variable.json()["errors"][0]["extensions"] == {"code": "BAD_INPUT"}


def test_a_document_is_parsed_and_validated_once(documents):
    good = documents.get("{ viewer { subject } }")
    bad = documents.get("{ viewer { nothing } }")

    assert documents.get("{ viewer { subject } }") is good
    assert documents.get("{ viewer { nothing } }") is bad
    assert bad.errors[0].message == "Cannot query field 'nothing' on type 'Viewer'."


def test_the_thousand_documents_that_were_used_last_are_kept(documents):
    first = documents.get("0")
    second = documents.get("1")
    for number in range(2, 1_000):
        documents.get(str(number))
    kept = documents.get("0")

    documents.get("1000")

    assert kept is first
    assert documents.get("0") is first
    assert documents.get("1") is not second
    assert len(documents._known) == 1_000


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{" + " viewer" * 2_000 + "}", "Document contains more than 2000 tokens"),
        ("{viewer" * 900 + "}" * 900, "nested too deeply"),
        (f"{{ profile(id: {'[' * 900}{']' * 900}) {{ id }} }}", "nested too deeply"),
    ],
)
def test_a_document_that_is_too_long_or_too_deep_is_refused(documents, text, message):
    errors = documents.get(text).errors

    assert len(errors) == 1
    assert message in errors[0].message


REPEATED = "viewer { subject } "
SPREAD = " ".join(f"fragment f{number} on Query {{ {REPEATED} }}" for number in range(101))


@pytest.mark.parametrize(
    "text",
    [
        f"{{ {REPEATED * 101} }}",
        f"{{ {'... { viewer { subject } } ' * 101} }}",
        f"{{ viewer {{ {'subject ' * 101} }} }}",
        f"{{ {' '.join(f'...f{number}' for number in range(101))} }} {SPREAD}",
        f"{{ ...a {REPEATED * 60} }} fragment a on Query {{ {REPEATED * 60} }}",
    ],
    ids=["side by side", "in braces", "deeper", "by fragments", "beside a fragment"],
)
def test_a_document_that_selects_one_place_a_hundred_times_is_refused_at_once(documents, text):
    began = time.process_time()
    errors = documents.get(text).errors
    took_s = time.process_time() - began

    assert [error.extensions for error in errors] == [{"code": "QUERY_TOO_COMPLEX"}]
    assert took_s < 0.5


def test_the_same_field_at_many_places_is_fine(documents):
    text = " ".join(f"a{number}: viewer {{ subject }}" for number in range(150))

    assert documents.get(f"{{ {text} }}").errors == ()


def test_a_fragment_in_a_circle_ends(documents):
    document = documents.get(
        "{ viewer { ...f } } fragment f on Viewer { roles ...g } fragment g on Viewer { ...f }"
    )

    assert document.errors[0].message.startswith("Cannot spread fragment 'f' within itself")


def test_an_operation_is_found_by_its_name_or_by_being_the_only_one(documents):
    one = documents.get("query A { viewer { subject } }")
    two = documents.get("query A { viewer { subject } } query B { viewer { roles } }")

    assert one.operation(None).name.value == "A"
    assert two.operation("B").name.value == "B"
    with pytest.raises(GraphQLError, match=r"holds 2 operations\. Say which"):
        two.operation(None)
    with pytest.raises(GraphQLError, match="No operation has this name"):
        one.operation(CANARY)


def test_every_literal_place_is_one_that_the_parser_reaches():
    documents = [parse(template.replace("%s", "1")) for template in LITERALS]

    assert all(isinstance(item.definitions[0], OperationDefinitionNode) for item in documents)


def test_what_a_scalar_says_of_a_value_is_not_told():
    error = GraphQLError(
        f"Expected value of type 'T', but encountered error 'no {CANARY} found'; found: {CANARY}."
    )

    assert without_values(error).message == "Expected value of type 'T'."
