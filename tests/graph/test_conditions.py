"""Filters as conditions: names folded, and nothing that was not sent."""

from datetime import UTC, datetime

import pytest

from graph.model.errors import BadValue
from graph.model.filter import Condition, Operator
from graph.model.profile import ProfileState
from graph.types.filter import (
    CodeFilter,
    IdFilter,
    InstantFilter,
    NameFilter,
    ProfileFilter,
    ProfileStateFilter,
    conditions,
)

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.mark.parametrize(
    ("where", "found"),
    [
        (None, ()),
        (ProfileFilter(), ()),
        (ProfileFilter(language=None), ()),
        (ProfileFilter(id=IdFilter()), ()),
        (ProfileFilter(state=ProfileStateFilter(equals=None)), ()),
    ],
)
def test_a_filter_that_says_nothing_narrows_nothing(where, found):
    assert conditions(where) == found


def test_names_are_compared_without_case_and_accents():
    where = ProfileFilter(
        given_name=NameFilter(starts_with=" ÉLO"), family_name=NameFilter(equals="Straße")
    )

    assert conditions(where) == (
        Condition("name.given", Operator.STARTS_WITH, "elo"),
        Condition("name.family", Operator.EQUALS, "strasse"),
    )


def test_codes_ids_states_and_instants_are_compared_as_they_are():
    where = ProfileFilter(
        id=IdFilter(in_=["1", "2"]),
        state=ProfileStateFilter(equals=ProfileState.MERGED, in_=[ProfileState.ERASED]),
        language=CodeFilter(equals="pt-BR", in_=["DE"]),
        created_at=InstantFilter(gte=NOON, lt=NOON),
        updated_at=InstantFilter(lt=NOON),
    )

    assert conditions(where) == (
        Condition("id", Operator.IN, ["1", "2"]),
        Condition("state", Operator.EQUALS, ProfileState.MERGED),
        Condition("state", Operator.IN, [ProfileState.ERASED]),
        Condition("language", Operator.EQUALS, "pt-BR"),
        Condition("language", Operator.IN, ["DE"]),
        Condition("created_at", Operator.GTE, NOON),
        Condition("created_at", Operator.LT, NOON),
        Condition("updated_at", Operator.LT, NOON),
    )


def test_an_empty_list_finds_nobody_and_is_not_forgotten():
    assert conditions(ProfileFilter(id=IdFilter(in_=[]))) == (Condition("id", Operator.IN, []),)


def test_a_name_longer_than_any_is_refused():
    with pytest.raises(BadValue) as refused:
        conditions(ProfileFilter(given_name=NameFilter(equals="x" * 201)))

    assert str(refused.value) == "where: expected at most 200 characters"
