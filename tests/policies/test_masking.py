"""Masks: fixed shapes that tell the kind of a value and next to nothing of the value."""

import re
from datetime import UTC, date, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from policies.masking import mask

TEXT = "•••"
SHAPES = re.compile(
    r"•••|•••• [0-9]{4}|[^\W_]•••@•••\.(com|net|org|•••)|••••@•••\.(com|net|org|•••)"
)
LENGTHS = {3, 9, 12}

_digits = st.text("0123456789", min_size=10, max_size=40).filter(lambda text: text[0] != "0")
_local = st.text(st.characters(exclude_categories=("Z", "C"), exclude_characters="@"), min_size=1)
_domain = st.from_regex(r"[a-z0-9-]{1,20}(\.[a-z0-9-]{1,20}){1,3}", fullmatch=True)
_emails = st.builds("{}@{}".format, _local, _domain)
_spaced = st.lists(st.text("+ ().-0123456789", max_size=12), min_size=1).map(" ".join)
_texts = st.one_of(st.text(), _emails, _digits, _spaced, st.text("a1@. ", max_size=40))


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("+12025550143", "•••• 0143"),
        ("+1 (202) 555-0143", "•••• 0143"),
        ("4111 1111 1111 1234", "•••• 1234"),
        ("2025550143", "•••• 0143"),
        ("ada@lovelace.org", "a•••@•••.org"),
        ("ada@mail.lovelace.COM", "a•••@•••.com"),
        ("a@x.net", "a•••@•••.net"),
        ("Ada", TEXT),
        ("", TEXT),
        ("gold", TEXT),
        ("@ada", TEXT),
        ("ada@localhost", TEXT),
    ],
)
def test_a_mask_shows_the_kind_of_a_text(value, shown):
    assert mask(value) == shown


@pytest.mark.parametrize("value", ["+29022222", "12345678", "078-05-1120", "123 456 789"])
def test_a_number_too_short_to_hide_most_of_itself_shows_nothing(value):
    assert mask(value) == TEXT


@pytest.mark.parametrize("value", ["1985-12-10", "10.12.1985", "19851210"])
def test_a_date_written_as_text_shows_nothing(value):
    assert mask(value) == TEXT


def test_leading_zeros_do_not_make_a_short_number_a_long_one():
    assert mask("0000001234") == TEXT


@pytest.mark.parametrize(
    "value",
    [
        "12345678 ask for Ada",
        "AB12 3456 7890 1234",
        "DE89370400440532013000",
        "call 202 555 0143",
        "2025550143\n",
        "202\t555\t0143",
        "٠١٢٣٤٥٦٧٨٩٠",
        "\uff11\uff12\uff13\uff14\uff15\uff16\uff17\uff18\uff19\uff10",
        "1²³4567890",
        "2025550143+",
    ],
)
def test_a_text_that_is_not_just_a_number_shows_nothing(value):
    assert mask(value) == TEXT


@pytest.mark.parametrize(
    "value",
    [
        "Write to me @ home. My secret is 12345",
        "ada@x.org, born in 1985",
        " ada@x.org",
        "ada@x.org\n",
        "ada@@x.org",
        "@x.org",
        "ada@.",
        "ada@x.",
    ],
)
def test_a_text_that_is_not_just_an_address_shows_nothing(value):
    assert mask(value) == TEXT


@pytest.mark.parametrize(
    "ending", ["museum", "barclays", "de", "ir", "internal", "xn--p1ai", "рф", "ORG1"]
)
def test_an_ending_that_may_name_an_employer_or_a_country_is_hidden(ending):
    assert mask(f"ada@lovelace.{ending}") == "a•••@•••.•••"


@pytest.mark.parametrize("first", ["_", "-", "\u202e", "❤", "+"])
def test_a_first_character_that_is_no_letter_is_hidden(first):
    assert mask(f"{first}ada@lovelace.org") == "••••@•••.org"


@given(_texts)
def test_every_mask_of_a_text_has_one_of_three_shapes(value):
    shown = mask(value)

    assert SHAPES.fullmatch(shown)
    assert len(shown) in LENGTHS


@given(_texts)
def test_a_mask_holds_at_most_four_last_digits_or_one_first_letter(value):
    shown = mask(value)

    secret = re.sub(r"@•••\..*", "", shown).replace("•", "").strip()
    assert len(secret) <= 4
    if secret.isdecimal() and len(secret) == 4:
        assert re.sub("[^0-9]", "", value).endswith(secret)
        assert len(re.sub("[^0-9]", "", value)) - len(secret) >= 6
    else:
        assert secret == value[: len(secret)]
        assert len(secret) <= 1


@given(_digits, _digits)
def test_masks_of_any_two_long_numbers_differ_in_four_digits_at_most(one, other):
    assert mask(one)[:5] == mask(other)[:5] == "•••• "
    assert len(mask(one)) == len(mask(other)) == 9


@given(_emails, _emails)
def test_masks_of_any_two_addresses_are_of_one_length(one, other):
    assert len(mask(one)) == len(mask(other)) == 12


@given(_digits, _digits)
def test_masks_of_numbers_that_end_alike_are_the_same(one, other):
    assert mask(one + "0143") == mask(other + "0143")


@given(st.dates())
def test_a_masked_day_is_the_first_of_its_year(day):
    shown = mask(day)

    assert shown == date(day.year, 1, 1)
    assert type(shown) is date


@given(st.datetimes())
def test_a_masked_instant_is_the_first_of_its_year(moment):
    assert mask(moment) == datetime(moment.year, 1, 1)  # noqa: DTZ001 - naive in, naive out


@given(st.datetimes(timezones=st.timezones()))
def test_a_masked_instant_does_not_tell_its_time_zone(moment):
    shown = mask(moment)

    assert shown == datetime(moment.year, 1, 1, tzinfo=UTC)
    assert shown.tzinfo is UTC


def test_a_masked_instant_keeps_no_offset_fold_or_fraction():
    moment = datetime(1985, 12, 10, 1, 2, 3, 4, timezone(timedelta(hours=-3)), fold=1)

    shown = mask(moment)

    assert shown.isoformat() == "1985-01-01T00:00:00+00:00"
    assert shown.fold == 0


@pytest.mark.parametrize("value", [0, 42, -1.5, True, False, None, b"x", {"a": 1}, object()])
def test_what_no_typed_shape_hides_is_null(value):
    assert mask(value) is None


def test_a_list_is_masked_item_by_item():
    assert mask(["ada@x.org", 42, "Ada"]) == ["a•••@•••.org", None, TEXT]


def test_a_tuple_stays_a_tuple():
    assert mask(("ada@x.org", ("2025550143",))) == ("a•••@•••.org", ("•••• 0143",))
