"""Core attributes as they are kept."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.model.errors import BadValue, LimitReached, ModelError
from graph.model.identity import IdentityName
from graph.model.patch import MAX_LINKS, checked, checked_links
from graph.model.profile import Link, PersonName, Profile, ProfilePatch
from graph.model.search import BY_GIVEN_NAME, Findable

TODAY = date(2026, 11, 20)
LONGEST = {"name.given": 200, "name.family": 200, "gender": 50, "language": 64}
PERSIAN = "\u0639\u0644\u06cc\u200c\u0631\u0636\u0627"


def refusal(name, value):
    """What is said of a value that the attribute can't hold."""
    with pytest.raises(BadValue) as refused:
        checked({name: value}, TODAY)
    return str(refused.value)


def test_texts_are_kept_without_outer_blanks():
    given_texts = {"name.given": " Ada ", "name.family": "\tLovelace\n", "gender": " f"}

    assert checked(given_texts, TODAY) == {
        "name.given": "Ada",
        "name.family": "Lovelace",
        "gender": "f",
    }


@pytest.mark.parametrize("name", LONGEST)
@pytest.mark.parametrize("empty", ["", "  ", None])
def test_an_empty_text_clears(name, empty):
    assert checked({name: empty}, TODAY) == {name: None}


@pytest.mark.parametrize(("name", "longest"), [*LONGEST.items()][:3])
def test_a_text_has_its_longest_length(name, longest):
    assert checked({name: "x" * longest}, TODAY) == {name: "x" * longest}
    assert refusal(name, "x" * (longest + 1)) == (
        f"{name}: expected at most {longest} printable characters"
    )


@pytest.mark.parametrize(
    "text", ["A\x00", "A\nB", "A\u202eB", "\ud800", "A\x7f", "\u200b", "\u200d"]
)
def test_a_name_with_what_can_not_be_printed_is_refused(text):
    assert refusal("name.given", text) == ("name.given: expected at most 200 printable characters")


@pytest.mark.parametrize("text", ["José", "O'Brien", "李小龍", PERSIAN, "Zoë 🦊"])
def test_a_name_is_kept_in_every_script(text):
    assert checked({"name.given": text}, TODAY) == {"name.given": text}


@pytest.mark.parametrize("tag", ["pt", "pt-BR", "zh-Hant-TW", "sl-rozaj-biske-1994", "de-CH-1996"])
def test_a_language_is_a_tag(tag):
    assert checked({"language": tag}, TODAY) == {"language": tag}


@pytest.mark.parametrize("tag", ["p", "portuguese", "pt_BR", "pt-", "12", "pt-brasilien", "рт"])
def test_another_language_is_refused(tag):
    assert refusal("language", tag) == "language: expected a language tag such as pt-BR"


@pytest.mark.parametrize("day", [date(1850, 1, 1), date(1985, 12, 10), TODAY, None])
def test_a_birth_date_is_a_day_from_1850_to_today(day):
    assert checked({"birth_date": day}, TODAY) == {"birth_date": day}


@pytest.mark.parametrize("day", [date(1849, 12, 31), TODAY + timedelta(1), date.max, date.min])
def test_another_birth_date_is_refused(day):
    assert refusal("birth_date", day) == "birthDate: expected a day from 1850-01-01 to today"


def test_other_attributes_pass_as_they_are():
    links = (Link(source="crm", object="contacts", record_id="1"),)

    assert checked({"links": links}, TODAY) == {"links": links}


def a_link(record_id="512", **more):
    """A link to a contact of the CRM, unless told."""
    return Link(**{"source": "crm", "object": "contacts", "record_id": record_id, **more})


def test_links_are_kept_without_outer_blanks_each_once_in_order():
    given_links = [a_link("2"), a_link(" 1 ", source=" crm\n"), a_link("1"), a_link("2")]

    assert checked_links(given_links) == (a_link("2"), a_link("1"))


@pytest.mark.parametrize("part", ["source", "object", "record_id"])
@pytest.mark.parametrize("text", ["", " ", None, "x" * 201, "a\x00", "a\nb", "\ud800"])
def test_a_link_with_a_part_that_names_nothing_is_refused(part, text):
    with pytest.raises(BadValue) as refused:
        checked_links([a_link(), a_link(**{part: text})])

    assert str(refused.value) == "links: expected 1 to 200 printable characters"


def test_a_profile_has_up_to_50_different_links():
    links = [a_link(str(number)) for number in range(MAX_LINKS)]

    assert checked_links(links * 2) == tuple(links)
    with pytest.raises(LimitReached) as refused:
        checked_links([*links, a_link("one more")])
    assert str(refused.value) == "A profile has at most 50 links."


@given(st.dictionaries(st.sampled_from([*LONGEST]), st.none() | st.text(max_size=210)))
def test_what_was_checked_is_checked_again_without_a_change(changes):
    try:
        once = checked(changes, TODAY)
    except BadValue:
        return
    assert checked(once, TODAY) == once


@given(st.sampled_from([*LONGEST]), st.text(min_size=5))
def test_a_refusal_never_tells_the_value(name, text):
    value = f"{text}-secret\x00"

    assert "secret" not in refusal(name, value)


@pytest.mark.parametrize(
    ("given_name", "family", "full"),
    [
        ("Ada", "Lovelace", "Ada Lovelace"),
        ("Ada", None, "Ada"),
        (None, "Lovelace", "Lovelace"),
        ("", "", None),
        (None, None, None),
    ],
)
def test_the_full_name_has_the_parts_there_are(given_name, family, full):
    assert PersonName(given=given_name, family=family).full == full


def test_neither_a_profile_nor_a_patch_shows_its_values():
    profile = Profile(
        id="1", name=PersonName(given="Ada"), birth_date=TODAY, gender="f", language="pt-BR"
    )
    found = Findable({BY_GIVEN_NAME: ("ada",)}, {"F1": (IdentityName("field:F1", "gold"),)})
    patch = ProfilePatch({"gender": "female"}, {"F1": "gold"}, found)

    assert repr(profile).startswith("Profile(id='1', version=0, state=<ProfileState.ANONYMOUS")
    assert not any(text in repr(profile) for text in ("Ada", "2026", "'f'", "pt-BR"))
    assert repr(PersonName(given="Ada")) == "PersonName()"
    assert repr(patch) == "ProfilePatch(found=Findable(sealed=frozenset()), owed=())"


def test_errors_of_the_model_are_of_one_family():
    assert issubclass(BadValue, ModelError)
    assert issubclass(LimitReached, ModelError)
    assert issubclass(ModelError, ValueError)
