"""Labels: each once, whatever its case, and who put it there first."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.model.errors import BadValue, LimitReached
from graph.model.label import (
    Label,
    LabelOrigin,
    checked_label,
    label_key,
    labelled,
    united_labels,
    unlabelled,
)

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)

label = st.builds(
    Label,
    name=st.sampled_from(["VIP", "vip", "Víp", "new", "old", None]),
    origin=st.sampled_from(LabelOrigin),
    at=st.sampled_from([None, NOW, LATER]),
    by=st.sampled_from([None, "ada"]),
)
several = st.lists(label, max_size=5).map(lambda items: united_labels(items, ()))


@given(several, several, several)
def test_uniting_labels_has_one_result_in_any_order_and_grouping(one, two, three):
    assert united_labels(one, two) == united_labels(two, one)
    assert united_labels(united_labels(one, two), three) == united_labels(
        one, united_labels(two, three)
    )
    assert united_labels(one, one) == one
    keys = {label_key(item.name) for item in (*one, *two)}
    assert {label_key(item.name) for item in united_labels(one, two)} == keys


def test_a_label_that_is_there_stays_as_it_was_put_there():
    held = labelled((), Label(name="VIP", at=NOW, by="ada"))

    assert labelled(held, Label(name="víp", at=LATER, by="grace")) is held
    assert unlabelled(held, "vip") == ()
    assert unlabelled(held, "new") == held


def test_labels_come_in_the_order_they_were_put_there():
    later, earlier = Label(name="a", at=LATER), Label(name="b", at=NOW)

    assert labelled((later,), earlier) == (earlier, later)


def test_a_profile_has_at_most_fifty_labels():
    full = tuple(Label(name=f"label {number}", at=NOW) for number in range(50))

    with pytest.raises(LimitReached, match="at most 50 labels"):
        labelled(full, Label(name="more", at=NOW))

    assert labelled(full, full[0]) is full


@pytest.mark.parametrize("name", ["", "  ", "a" * 51, "a\tb", "a\nb", "\u0301", "\0"])
def test_what_cannot_be_a_label_is_refused(name):
    with pytest.raises(BadValue) as refusal:
        checked_label(name, "labels")

    assert refusal.value.field == "labels"


@given(st.text(max_size=60))
def test_a_label_that_is_kept_is_kept_as_it_is(name):
    try:
        kept = checked_label(name)
    except BadValue:
        return

    assert checked_label(kept) == kept
    assert label_key(kept) != ""
