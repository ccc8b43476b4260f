"""From what clients send to the typed tree: keys of values, and nothing that was not sent."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from strawberry import UNSET

from graph.conditions import filter_of, order_of
from graph.errors import BadInput, QueryTooComplex
from graph.model.custom_field import CustomerSchema, FieldDefinition
from graph.model.errors import BadValue
from graph.model.filter import All, AnyOf, Condition, Not, Operator, Order, Place
from graph.model.profile import ProfileState
from graph.model.search import (
    BY_BIRTH_DATE,
    BY_CREATED_AT,
    BY_FAMILY_NAME,
    BY_GIVEN_NAME,
    BY_ID,
    BY_LANGUAGE,
    BY_STATE,
    BY_UPDATED_AT,
)
from graph.types.enums import OrderDirection
from graph.types.filter import (
    CodeFilter,
    DateFilter,
    IdFilter,
    InstantFilter,
    NameFilter,
    ProfileFilter,
    ProfileOrder,
    ProfileStateFilter,
)
from policies.classification import DataClass

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
NOON_KEY = "2026-11-20T12:00:00.000Z"
ADA, GRACE = "01ARZ3NDEKTSV4RRFFQ69G5FAV", "01ARZ3NDEKTSV4RRFFQ69G5FAW"
EMPTY = CustomerSchema()


def a_field(id, kind, slot="s0", **more):
    """A searchable field whose key is its id in lower case."""
    searchable = {"is_searchable": True, "slot": slot} | more
    return FieldDefinition(
        id=id, key=id.lower(), label=id, kind=kind, data_class=DataClass.BEHAVIOURAL, **searchable
    )


NOTE = a_field("Note", "STRING", "t0")
CODES = a_field("Codes", "ALPHANUMERIC", is_list=True)
DEBT = a_field("Debt", "MONEY", "s1")
SCHEMA = CustomerSchema(
    1,
    (
        NOTE,
        CODES,
        DEBT,
        a_field("Plain", "STRING", is_searchable=False, slot=None),
        a_field("Unready", "STRING", "t1", is_ready=False),
        a_field("Unindexed", "STRING", "t2", is_ready=False, is_indexed=False),
    ),
)
BY_NOTE, BY_CODES, BY_DEBT = (
    Place("t0", "Note"),
    Place("s0", "Codes", is_list=True),
    Place("s1", "Debt"),
)


def found(where, schema=SCHEMA):
    """What must hold by a filter."""
    return filter_of(where, schema).parts


def custom(**values):
    """A filter by custom fields."""
    return ProfileFilter(custom=values)


def refusal(make, given, schema=SCHEMA):
    """What is said of a filter or an order that can't be used."""
    with pytest.raises(BadValue) as refused:
        make(given, schema)
    return str(refused.value)


@pytest.mark.parametrize(
    "where",
    [
        None,
        ProfileFilter(),
        ProfileFilter(language=None),
        ProfileFilter(id=IdFilter()),
        ProfileFilter(id=IdFilter(in_=None)),
        ProfileFilter(state=ProfileStateFilter(equals=None)),
        ProfileFilter(custom={}),
        ProfileFilter(custom={"note": None}),
        ProfileFilter(custom={"note": {"equals": None}}),
        ProfileFilter(and_=None, or_=None, not_=None),
    ],
)
def test_a_filter_that_says_nothing_narrows_nothing(where):
    assert filter_of(where, SCHEMA) == All()


def test_names_are_compared_without_case_and_accents():
    where = ProfileFilter(
        given_name=NameFilter(starts_with=" ÉLO", contains="IsË"),
        family_name=NameFilter(equals="Straße", in_=["Ða", "É"]),
    )

    assert found(where) == (
        Condition(BY_GIVEN_NAME, Operator.STARTS_WITH, ("elo",)),
        Condition(BY_GIVEN_NAME, Operator.CONTAINS, ("ise",)),
        Condition(BY_FAMILY_NAME, Operator.EQUALS, ("strasse",)),
        Condition(BY_FAMILY_NAME, Operator.IN, ("ða", "e")),
    )


def test_codes_ids_states_days_and_instants_are_compared_as_they_are():
    where = ProfileFilter(
        id=IdFilter(in_=[ADA, GRACE]),
        state=ProfileStateFilter(equals=ProfileState.MERGED, in_=[ProfileState.ERASED]),
        language=CodeFilter(equals="pt-BR", in_=["DE"]),
        birth_date=DateFilter(equals=date(1985, 12, 10)),
        created_at=InstantFilter(gte=NOON, lt=NOON),
        updated_at=InstantFilter(gt=NOON, lte=NOON),
    )

    assert set(found(where)) == {
        Condition(BY_ID, Operator.IN, (ADA, GRACE)),
        Condition(BY_STATE, Operator.EQUALS, ("MERGED",)),
        Condition(BY_STATE, Operator.IN, ("ERASED",)),
        Condition(BY_LANGUAGE, Operator.EQUALS, ("pt-BR",)),
        Condition(BY_LANGUAGE, Operator.IN, ("DE",)),
        Condition(BY_BIRTH_DATE, Operator.EQUALS, ("1985-12-10",)),
        Condition(BY_CREATED_AT, Operator.GTE, (NOON_KEY,)),
        Condition(BY_CREATED_AT, Operator.LT, (NOON_KEY,)),
        Condition(BY_UPDATED_AT, Operator.GT, (NOON_KEY,)),
        Condition(BY_UPDATED_AT, Operator.LTE, (NOON_KEY,)),
    }


def test_an_empty_list_finds_nobody_and_is_not_forgotten():
    assert found(ProfileFilter(id=IdFilter(in_=[]))) == (Condition(BY_ID, Operator.IN, ()),)
    assert found(custom(codes={"in": []})) == (Condition(BY_CODES, Operator.IN, ()),)


def test_what_is_no_id_is_nobodys_id():
    where = ProfileFilter(id=IdFilter(in_=["x", f"{ADA}\t", "../" + ADA, ADA.lower()]))

    assert found(where) == (Condition(BY_ID, Operator.IN, ("-",) * 4),)


def test_a_value_is_there_or_is_not():
    there = Condition(BY_BIRTH_DATE, Operator.EXISTS)

    assert found(ProfileFilter(birth_date=DateFilter(exists=True))) == (there,)
    assert found(ProfileFilter(birth_date=DateFilter(exists=False))) == (Not(there),)
    assert found(custom(note={"exists": False})) == (Not(Condition(BY_NOTE, Operator.EXISTS)),)


def test_filters_join_as_they_are_nested():
    german = ProfileFilter(language=CodeFilter(equals="de"))
    born = ProfileFilter(birth_date=DateFilter(exists=True), language=CodeFilter(equals="fr"))
    is_german = All((Condition(BY_LANGUAGE, Operator.EQUALS, ("de",)),))
    is_born = All(
        (
            Condition(BY_LANGUAGE, Operator.EQUALS, ("fr",)),
            Condition(BY_BIRTH_DATE, Operator.EXISTS),
        )
    )

    assert found(ProfileFilter(and_=[german, born])) == (All((is_german, is_born)),)
    assert found(ProfileFilter(or_=[german, born])) == (AnyOf((is_german, is_born)),)
    assert found(ProfileFilter(not_=born)) == (Not(is_born),)
    assert found(ProfileFilter(or_=[], and_=[], not_=ProfileFilter())) == (
        All(),
        AnyOf(),
        Not(All()),
    )


def test_filters_nest_eight_deep_and_no_deeper():
    where = ProfileFilter()
    for _ in range(8):
        where = ProfileFilter(not_=where)
    filter_of(where, EMPTY)

    with pytest.raises(QueryTooComplex) as refused:
        filter_of(ProfileFilter(or_=[where]), EMPTY)

    assert str(refused.value) == "Filters are nested more than 8 deep."


def test_custom_fields_are_found_where_their_keys_are_kept():
    where = custom(note={"equals": "Zoë", "startsWith": "z"}, codes={"contains": "A1"})

    assert found(where) == (
        Condition(BY_NOTE, Operator.EQUALS, ("zoe",)),
        Condition(BY_NOTE, Operator.STARTS_WITH, ("z",)),
        Condition(BY_CODES, Operator.CONTAINS, ("a1",)),
    )


def test_an_amount_is_compared_with_amounts_of_its_own_currency():
    least = {"amount": "12.5", "currency": "EUR"}

    more, own = found(custom(debt={"gte": least}))
    [equal] = found(custom(debt={"equals": least}))

    assert (more.place, more.operator) == (BY_DEBT, Operator.GTE)
    assert more.keys == equal.keys
    assert own == Condition(BY_DEBT, Operator.STARTS_WITH, ("EUR ",))


@pytest.mark.parametrize(
    ("where", "said"),
    [
        (
            ProfileFilter(given_name=NameFilter(equals="x" * 201)),
            "where: expected at most 200 characters",
        ),
        (
            ProfileFilter(given_name=NameFilter(contains="ab")),
            "where.givenName: contains takes 3 characters or more; use startsWith",
        ),
        (
            ProfileFilter(language=CodeFilter(in_=["de"] * 51)),
            "where.language: expected at most 50 values",
        ),
        (
            ProfileFilter(language=CodeFilter(equals="de\tx")),
            "where: expected printable characters",
        ),
        (custom(secret={}), "where.custom: no field is defined under one of these keys"),
        (
            custom(note={"startsWith": "a\0"}),
            "where.custom.note: expected at most 64 characters, no control characters",
        ),
        (
            custom(plain={}),
            (
                "where.custom.plain: it isn't searchable; an admin can make it so:"
                " defineField with isSearchable: true"
            ),
        ),
        (
            custom(unindexed={}),
            "where.custom.unindexed: its index is being made; customerSchema tells its progress",
        ),
        (
            custom(unready={}),
            "where.custom.unready: its index is being made; customerSchema tells its progress",
        ),
    ],
)
def test_what_nobody_can_be_found_by_is_refused(where, said):
    assert refusal(filter_of, where) == said


@pytest.mark.parametrize(
    ("order_by", "order"),
    [
        (None, None),
        ([], None),
        ([ProfileOrder()], None),
        ([ProfileOrder(given_name=None, custom=None)], None),
        ([ProfileOrder(given_name=OrderDirection.ASC)], Order(BY_GIVEN_NAME)),
        (
            [ProfileOrder(updated_at=OrderDirection.DESC)],
            Order(BY_UPDATED_AT, is_descending=True),
        ),
        (
            [ProfileOrder(custom={"note": OrderDirection.DESC})],
            Order(BY_NOTE, is_descending=True),
        ),
        ([ProfileOrder(custom={"debt": OrderDirection.ASC})], Order(BY_DEBT)),
    ],
)
def test_a_list_is_sorted_by_what_was_named(order_by, order):
    assert order_of(order_by, SCHEMA) == order


@pytest.mark.parametrize(
    "order_by",
    [
        [ProfileOrder(given_name=OrderDirection.ASC), ProfileOrder(birth_date=OrderDirection.ASC)],
        [ProfileOrder(given_name=OrderDirection.ASC, birth_date=OrderDirection.ASC)],
        [ProfileOrder(custom={"note": OrderDirection.ASC, "debt": OrderDirection.ASC})],
    ],
)
def test_a_list_is_sorted_by_one_field(order_by):
    with pytest.raises(BadInput) as refused:
        order_of(order_by, SCHEMA)

    told = "orderBy: expected one field; those who have the same value come by age."
    assert str(refused.value) == told


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("codes", "orderBy.custom.codes: a list can't be sorted by"),
        ("secret", "orderBy.custom: no field is defined under one of these keys"),
    ],
)
def test_what_has_no_order_is_refused(key, said):
    assert refusal(order_of, [ProfileOrder(custom={key: OrderDirection.ASC})]) == said


def test_a_field_that_was_retired_is_not_looked_for():
    schema = CustomerSchema(2, (), (replace(NOTE, is_retired=True),))

    assert refusal(filter_of, custom(note={"equals": "a"}), schema) == (
        "where.custom: no field is defined under one of these keys"
    )


def test_what_was_not_sent_is_left_out():
    assert vars(ProfileFilter())["custom"] is UNSET
