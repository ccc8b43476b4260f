"""Revealing: null, mask or leave, and nothing that was not planned."""

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.classification import DataClass, classified
from policies.decision import Decision, Effect
from policies.errors import Unlabelled
from policies.plan import AccessPlan, Scope
from policies.reveal import reveal, reveal_value

values = st.one_of(
    st.text(),
    st.integers(),
    st.floats(allow_nan=False),
    st.booleans(),
    st.dates(),
    st.lists(st.text()),
    st.dictionaries(st.text(), st.integers()),
    st.tuples(st.text()),
)


@dataclass(frozen=True, slots=True)
class Part:
    text: object = classified(DataClass.CONTACT, default=None)
    rank: object = classified(DataClass.PUBLIC, default=None)


@dataclass(frozen=True, slots=True)
class Whole:
    name: object = classified(DataClass.IDENTITY, default=None)
    born: object = classified(DataClass.DEMOGRAPHIC, default=None)
    part: Part | None = classified(DataClass.CONTACT, default=None)
    parts: tuple[Part, ...] | None = classified(DataClass.CONTACT, default=())
    custom: Mapping[str, object] | None = classified(DataClass.PUBLIC, default_factory=dict)


WHOLE = Whole(
    "Ada Lovelace",
    date(1985, 12, 10),
    Part("ada@x.org", 1),
    (Part("2025550143", 1), Part("Ada", 2)),
    {"F1": "gold", "F2": 42},
)
ALL = [f"Whole.{item.name}" for item in fields(Whole)]
ALL += [f"Part.{item.name}" for item in fields(Part)]
ALL += ["Whole.custom.F1", "Whole.custom.F2"]


def a_plan(*, masked=(), denied=()):
    """Everything is allowed but what is named."""
    effects = dict.fromkeys(ALL, Effect.ALLOW)
    effects |= dict.fromkeys(masked, Effect.MASK) | dict.fromkeys(denied, Effect.DENY)
    decisions = {at: Decision(effect, "told") for at, effect in effects.items()}
    return AccessPlan(Scope("shop"), decisions)


NOTHING = AccessPlan(Scope("shop"), {})


def test_what_is_allowed_stays_as_it_is():
    assert reveal(WHOLE, a_plan()) == WHOLE


def test_revealing_leaves_the_original_alone():
    reveal(WHOLE, NOTHING)

    assert WHOLE.name == "Ada Lovelace"
    assert WHOLE.custom == {"F1": "gold", "F2": 42}


def test_what_is_denied_is_null():
    shown = reveal(WHOLE, a_plan(denied=["Whole.name", "Whole.part", "Whole.custom"]))

    assert shown == Whole(None, WHOLE.born, None, WHOLE.parts, None)


def test_what_is_masked_is_masked():
    shown = reveal(WHOLE, a_plan(masked=["Whole.name", "Whole.born"]))

    assert shown == Whole("•••", date(1985, 1, 1), WHOLE.part, WHOLE.parts, WHOLE.custom)


def test_a_part_is_revealed_attribute_by_attribute():
    shown = reveal(WHOLE, a_plan(masked=["Part.text"], denied=["Part.rank"]))

    assert shown.part == Part("a•••@•••.org", None)
    assert shown.parts == (Part("•••• 0143", None), Part("•••", None))


def test_a_masked_object_shows_what_its_own_attributes_may():
    shown = reveal(WHOLE, a_plan(masked=["Whole.part", "Whole.parts"], denied=["Part.text"]))

    assert shown.part == Part(None, 1)
    assert shown.parts == (Part(None, 1), Part(None, 2))


def test_a_denied_entry_of_a_mapping_is_left_out():
    shown = reveal(WHOLE, a_plan(denied=["Whole.custom.F1"], masked=["Whole.custom.F2"]))

    assert shown.custom == {"F2": None}


def test_an_entry_of_a_mapping_that_was_not_planned_is_left_out():
    more = Whole(custom={"F1": "gold", "F3": "new"})

    assert reveal(more, a_plan()).custom == {"F1": "gold"}


def test_what_is_absent_stays_absent():
    assert reveal(Whole(), a_plan(masked=ALL)) == Whole()
    assert reveal(Whole(parts=None, custom=None), a_plan()) == Whole(parts=None, custom=None)


def test_a_plain_list_is_masked_item_by_item():
    shown = reveal(Whole(name=["ada@x.org", 42]), a_plan(masked=["Whole.name"]))

    assert shown.name == ["a•••@•••.org", None]


def test_what_carries_no_labels_is_not_revealed_at_all():
    @dataclass
    class Bare:
        name: str = "Ada"

    with pytest.raises(Unlabelled):
        reveal(Bare(), a_plan())


@given(values)
def test_a_denied_attribute_is_null_whatever_it_holds(value):
    assert reveal(Whole(name=value), a_plan(denied=["Whole.name"])).name is None


@given(values, values, values)
def test_an_attribute_that_was_not_planned_is_null_whatever_it_holds(one, other, third):
    whole = Whole(one, other, Part(one, other), (Part(other, third),), {"F1": third})

    assert reveal(whole, NOTHING) == Whole(None, None, None, None, None)


@given(values)
def test_a_denied_value_is_null_whatever_it_is(value):
    assert reveal_value(value, "Whole.custom.F1", a_plan(denied=["Whole.custom.F1"])) is None
    assert reveal_value(value, "Whole.custom.F1", NOTHING) is None


@given(values)
def test_an_allowed_value_is_the_value(value):
    assert reveal_value(value, "Whole.custom.F1", a_plan()) == value


def test_a_masked_value_is_its_mask():
    assert reveal_value("gold", "Whole.custom.F1", a_plan(masked=["Whole.custom.F1"])) == "•••"


@pytest.mark.parametrize("kind", ["masked", "denied"])
def test_no_value_is_no_value_under_any_plan(kind):
    assert reveal_value(None, "Whole.custom.F1", a_plan(**{kind: ["Whole.custom.F1"]})) is None
