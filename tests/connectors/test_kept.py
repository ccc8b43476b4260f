"""What is kept of records: field by field, each with its time, and bounded."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Key, Record
from connectors.runtime.kept import Kept, Records, Seen, unknown

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


def after(seconds):
    """So long after NOW."""
    return NOW + timedelta(seconds=seconds)


def test_each_field_has_its_own_time():
    first = unknown(NOW).with_answer(Record("1", {"tier": "gold"}), {"tier"}, NOW)
    both = first.with_answer(Record("1", {"score": 7}), {"score"}, after(5))

    assert both.values == {"tier": Seen(NOW, "gold"), "score": Seen(after(5), 7)}
    assert both.age_s({"tier", "score"}, after(6)) == 6
    assert both.age_s({"score"}, after(6)) == 1
    assert both.age_s({"tier", "owner"}, after(6)) is None
    assert both.older_than({"tier", "score", "owner"}, 3, after(6)) == {"tier", "owner"}


def test_what_was_asked_and_is_not_there_was_asked_all_the_same():
    kept = unknown(NOW).with_answer(Record("1", {}), {"tier"}, NOW)

    assert kept.values == {"tier": Seen(NOW, is_there=False)}
    assert kept.age_s({"tier"}, after(1)) == 1


def test_another_record_under_the_same_key_has_nothing_of_the_former():
    first = unknown(NOW).with_answer(Record("1", {"tier": "gold"}), {"tier"}, NOW)

    other = first.with_answer(Record("2", {"score": 7}), {"score"}, after(5))
    gone = first.with_answer(None, {"tier"}, after(5))

    assert other.values.keys() == {"score"}
    assert (gone.id, gone.values, gone.age_s({"tier"}, after(6))) == (None, {}, 1)


def test_what_was_known_before_a_change_is_not_known_after_it():
    first = unknown(NOW).with_answer(Record("1", {"tier": "gold"}, NOW), {"tier"}, NOW)

    changed = first.with_answer(Record("1", {"score": 7}, after(4)), {"score"}, after(5))
    same = first.with_answer(Record("1", {"score": 7}, NOW), {"score"}, after(5))

    assert changed.values.keys() == {"score"}
    assert changed.missing({"tier"})
    assert same.values.keys() == {"score", "tier"}
    assert first.merged(changed) == changed.merged(first) == changed
    assert not unknown(NOW).with_answer(None, {"tier"}, NOW).missing({"tier"})


def test_two_who_asked_know_together_what_each_asked_last():
    one = Kept(after(1), "1", {"tier": Seen(NOW, "gold"), "score": Seen(after(1), 7)})
    two = Kept(after(2), "1", {"tier": Seen(after(2), "silver")})

    for merged in (one.merged(two), two.merged(one)):
        assert (merged.at, merged.id) == (after(2), "1")
        assert merged.values == {"tier": Seen(after(2), "silver"), "score": Seen(after(1), 7)}


@pytest.mark.parametrize("other", [Kept(after(2), "2"), Kept(after(2))])
def test_of_two_records_the_one_asked_last_counts(other):
    one = Kept(after(1), "1", {"tier": Seen(NOW, "gold")})

    assert one.merged(other) == other.merged(one) == other


@given(st.lists(st.integers(0, 30), max_size=200), st.integers(1, 12))
def test_no_more_are_kept_than_allowed_and_the_last_used_are(used, most):
    records, order = Records(most), []
    for number in used:
        place = ("contacts", Key("id", str(number)))
        if records.get(place) is None:
            records.put(place, Kept(NOW, str(number)))
        order = [one for one in order if one != number] + [number]

    kept = [number for number in order if records.get(("contacts", Key("id", str(number))))]

    assert kept == order[-most:]
    assert len(records) == len(kept)


def test_what_changed_is_forgotten_under_every_key_of_it():
    records = Records(10)
    by_mail = ("contacts", Key("email", "ada@example.org"))
    for place, id_ in (
        (("contacts", Key("id", "1")), "1"),
        (by_mail, "1"),
        (("deals", Key("id", "1")), "1"),
        (("contacts", Key("id", "2")), "2"),
        (("contacts", Key("id", "3")), None),
    ):
        records.put(place, Kept(NOW, id_))

    gone = records.forget("contacts", {"1", "3"})

    assert gone == [("contacts", Key("id", "1")), by_mail, ("contacts", Key("id", "3"))]
    assert len(records) == 2


def test_nothing_that_is_kept_shows_a_value():
    kept = unknown(NOW).with_answer(Record("1", {"tier": "secret"}), {"tier"}, NOW)

    assert "secret" not in f"{kept!r}{kept.values['tier']!r}"
