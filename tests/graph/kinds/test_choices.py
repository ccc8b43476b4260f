"""CHOICE, CHOICES, REFERENCE and GEO_POINT: what clients may send, and what CRMs mean."""

import pytest

from graph.kinds.geo_point import GeoPoint
from graph.kinds.table import KINDS
from graph.model.custom_field import Facets
from tests.graph.kinds.refusals import refusal
from tests.graph.kinds.valid_values import FACETS

CHOICE, CHOICES, REFERENCE, GEO_POINT = (
    KINDS[name] for name in ("CHOICE", "CHOICES", "REFERENCE", "GEO_POINT")
)
ID = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
WRONG_ID = f"expected the id of a profile such as {ID}"
WRONG_PLACE = 'expected a place such as {"latitude": 47.07, "longitude": 15.44}'
WRONG_DEGREES = "expected a latitude from -90 to 90 and a longitude from -180 to 180"

each_choice = pytest.mark.parametrize("kind", [CHOICE, CHOICES], ids=["CHOICE", "CHOICES"])


@each_choice
def test_a_choice_is_one_of_its_list(kind):
    assert kind.parse("gold", FACETS) == "gold"
    assert kind.from_source("silver", FACETS) == "silver"
    assert kind.from_source(7, FACETS) == "7"
    assert kind.from_source(1.5, FACETS) == "1.5"


@each_choice
@pytest.mark.parametrize("value", ["bronze-secret", "Gold", "", "gold\x00", "\ud800", "x" * 10**5])
def test_another_choice_is_refused_without_being_told(kind, value):
    assert refusal(kind.parse, value) == "expected one of 5 choices"
    assert refusal(kind.from_source, value) == "expected one of 5 choices"


@each_choice
@pytest.mark.parametrize("value", [7, None, [], ["gold"], {}, True])
def test_what_is_no_text_is_no_choice(kind, value):
    assert refusal(kind.parse, value) == "expected text"


def test_only_a_source_may_put_blanks_around_a_choice():
    assert CHOICE.from_source(" gold\r\n", FACETS) == "gold"
    assert refusal(CHOICE.parse, "gold ") == "expected one of 5 choices"


def test_a_choice_that_has_blanks_around_is_itself():
    facets = Facets(choices=("gold", " gold"))

    assert CHOICE.from_source(" gold", facets) == " gold"


def test_where_nothing_can_be_chosen_nothing_is():
    assert refusal(CHOICE.parse, "gold", Facets()) == "expected one of 0 choices"


def test_a_choice_is_found_by_its_first_200_characters():
    assert CHOICE.key("Gold") == "Gold"
    assert CHOICE.key("x" * 300) == "x" * 200


@pytest.mark.parametrize("value", [ID, ID.lower()])
def test_a_reference_is_an_id_in_upper_case(value):
    assert REFERENCE.parse(value, FACETS) == ID
    assert REFERENCE.from_source(f" {value}\r\n", FACETS) == ID
    assert REFERENCE.key(ID) == ID


@pytest.mark.parametrize(
    "value",
    [
        *("", ID[1:], ID + "0", f" {ID}", "U" * 26, "\u017f" + ID[1:], "\u00df" + ID[2:]),
        *("\ud800" * 26, 7, True, None, [], {}),
    ],
)
def test_what_can_be_no_id_is_refused(value):
    assert refusal(REFERENCE.parse, value) == WRONG_ID


def test_a_place_is_its_latitude_and_longitude():
    parsed = GEO_POINT.parse({"latitude": 47, "longitude": -15.44}, FACETS)

    assert parsed == GeoPoint(47.0, -15.44)
    assert type(parsed.latitude) is float
    assert GEO_POINT.dump(parsed) == {"latitude": 47.0, "longitude": -15.44}
    assert GEO_POINT.load({"longitude": -15.44, "latitude": 47.0}) == parsed


@pytest.mark.parametrize(
    "value", ["47,-15.44", " 47.0 , -15.44 ", {"latitude": "47", "longitude": " -15.44"}]
)
def test_a_crm_may_send_a_place_as_text(value):
    assert GEO_POINT.from_source(value, FACETS) == GeoPoint(47.0, -15.44)


@pytest.mark.parametrize(
    "value",
    [
        *("47,15", 47, True, None, [47, 15], {}, {"latitude": 47}),
        {"latitude": 47, "longitude": 15, "secret": 1},
    ],
)
def test_a_client_sends_a_place_as_an_object_of_just_that(value):
    assert refusal(GEO_POINT.parse, value) == WRONG_PLACE


@pytest.mark.parametrize(("latitude", "longitude"), [(90.1, 0), (-91, 0), (0, 180.1), (0, -181)])
def test_a_place_that_is_not_on_earth_is_refused(latitude, longitude):
    value = {"latitude": latitude, "longitude": longitude}

    assert refusal(GEO_POINT.parse, value) == WRONG_DEGREES


@pytest.mark.parametrize("degrees", [float("nan"), float("inf"), 10**400])
def test_degrees_are_finite(degrees):
    value = {"latitude": 0, "longitude": degrees}

    assert refusal(GEO_POINT.parse, value) == "expected a number between -2^53 and 2^53"


@pytest.mark.parametrize("degrees", ["15", True, None, [], {}])
def test_degrees_are_numbers(degrees):
    assert refusal(GEO_POINT.parse, {"latitude": 0, "longitude": degrees}) == "expected a number"


@pytest.mark.parametrize(
    ("value", "said"),
    [
        *(
            ("", "expected a place such as 47.07,15.44"),
            ("47", "expected a place such as 47.07,15.44"),
        ),
        *(("1,2,3", "expected a place such as 47.07,15.44"), ("north,east", "expected a number")),
        ("91,0", WRONG_DEGREES),
    ],
)
def test_a_text_of_no_place_is_refused(value, said):
    assert refusal(GEO_POINT.from_source, value) == said


def test_a_place_is_found_by_its_two_numbers():
    assert GEO_POINT.key(GeoPoint(1.0, -0.0)) == "bff0000000000000,8000000000000000"


def test_a_place_that_was_kept_otherwise_is_left_as_it_is():
    assert GEO_POINT.dump(None) is None
    assert GEO_POINT.load(None) is None
