"""Search keys of core attributes: text that sorts as the values do."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.model.filter import Place
from graph.model.identity import IdentityName
from graph.model.label import Label
from graph.model.search import (
    BY_GIVEN_NAME,
    BY_LABEL,
    BY_LANGUAGE,
    PATCHED,
    Findable,
    core_keys,
    instant_key,
    sealed_keys,
    sealed_place,
)

moments = st.datetimes(
    datetime.fromisoformat("1000-01-02"),
    timezones=st.integers(-14, 14).map(lambda hours: timezone(timedelta(hours=hours))),
).map(lambda moment: moment.replace(microsecond=moment.microsecond // 1000 * 1000))


@pytest.mark.parametrize(
    ("attribute", "value", "keys"),
    [
        ("name.given", " Zoë  Ann", ("zoe ann",)),
        ("name.family", "Straße", ("strasse",)),
        ("language", "pt-BR", ("pt-BR",)),
        ("birth_date", date(1985, 12, 10), ("1985-12-10",)),
    ],
)
def test_a_core_attribute_is_found_by_one_key(attribute, value, keys):
    assert core_keys(attribute, value) == keys


def test_labels_are_found_by_a_key_each():
    labels = (Label(name="VIP"), Label(name="Früh  dran"))

    assert core_keys("labels", labels) == ("vip", "fruh dran")
    assert core_keys("labels", ()) == ()


def test_of_what_is_sealed_names_alone_are_found_by_their_words_too():
    names, labels = sealed_place(BY_GIVEN_NAME), sealed_place(BY_LABEL)

    assert (names.is_list, labels.is_list, sealed_place(BY_LANGUAGE).is_list) == (True, True, False)
    assert sealed_keys(names, ["ada maria"]) == ("ada maria", "~ada", "~maria")
    assert sealed_keys(names, []) == ()
    assert sealed_keys(labels, ["ada maria"]) == ("ada maria",)


@pytest.mark.parametrize("attribute", sorted(PATCHED))
def test_what_is_not_there_has_no_key(attribute):
    assert core_keys(attribute, None) == ()


def test_an_instant_is_found_by_its_milliseconds_in_utc():
    noon = datetime(2026, 11, 20, 13, 0, 0, 123456, tzinfo=timezone(timedelta(hours=1)))

    assert instant_key(noon) == "2026-11-20T12:00:00.123Z"
    assert instant_key(datetime(2026, 11, 20, tzinfo=UTC)) == "2026-11-20T00:00:00.000Z"


@given(moments.filter(lambda one: one.year < 9999), moments.filter(lambda one: one.year < 9999))
def test_keys_of_instants_sort_as_the_instants_do(one, other):
    assert (instant_key(one) < instant_key(other)) is (one < other)
    assert (instant_key(one) == instant_key(other)) is (one == other)


def test_what_a_profile_is_found_by_is_never_shown():
    found = Findable({Place("t0", "F1"): ("ada",)}, {"F1": (IdentityName("field:F1", "ada"),)})

    assert repr(found) == "Findable(sealed=frozenset())"
    assert Findable() == Findable({}, {})
