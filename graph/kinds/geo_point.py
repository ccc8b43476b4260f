from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, cast

from graph.kinds.number import Number, number_key
from graph.kinds.operators import EQUAL
from graph.model.custom_field import Facets

_PARTS: Final = {"latitude", "longitude"}
_MAX_LATITUDE: Final = 90
_MAX_LONGITUDE: Final = 180
_DEGREES: Final = Number()


@dataclass(frozen=True, slots=True)
class GeoPoint:
    """A place on earth, in degrees (WGS 84)."""

    latitude: float
    longitude: float


class GeoPointKind:
    """A place on earth by its latitude and longitude, in degrees."""

    name = "GEO_POINT"
    scalar = "GeoPoint"
    example: object = {"latitude": 47.07, "longitude": 15.44}
    operators = EQUAL
    facets: frozenset[str] = frozenset()
    is_list = False

    def parse(self, value: object, facets: Facets) -> GeoPoint:
        """The place of an object with `latitude` and `longitude`, which are numbers."""
        latitude, longitude = _parts(value)
        return _place(_DEGREES.parse(latitude, facets), _DEGREES.parse(longitude, facets))

    def from_source(self, value: object, facets: Facets) -> GeoPoint:
        """Also text such as `47.07,15.44`, and numbers that are text."""
        latitude, longitude = _words(value) if isinstance(value, str) else _parts(value)
        return _place(
            _DEGREES.from_source(latitude, facets), _DEGREES.from_source(longitude, facets)
        )

    def dump(self, value: object) -> object:
        """A mapping of the two."""
        if not isinstance(value, GeoPoint):
            return value
        return {"latitude": value.latitude, "longitude": value.longitude}

    def load(self, stored: object) -> object:
        """The place of a mapping."""
        return GeoPoint(**stored) if isinstance(stored, Mapping) else stored

    def key(self, value: object) -> str:
        """The two numbers, each as 16 hexadecimal digits."""
        place = cast("GeoPoint", value)
        return f"{number_key(place.latitude)},{number_key(place.longitude)}"


def _parts(value: object) -> tuple[object, object]:
    if isinstance(value, GeoPoint):
        return value.latitude, value.longitude
    if not isinstance(value, Mapping) or set(value) != _PARTS:
        raise ValueError('expected a place such as {"latitude": 47.07, "longitude": 15.44}')
    return value["latitude"], value["longitude"]


def _words(text: str) -> tuple[str, str]:
    words = text.split(",")
    if len(words) != len(_PARTS):
        raise ValueError("expected a place such as 47.07,15.44")
    return words[0], words[1]


def _place(latitude: float, longitude: float) -> GeoPoint:
    if abs(latitude) > _MAX_LATITUDE or abs(longitude) > _MAX_LONGITUDE:
        raise ValueError("expected a latitude from -90 to 90 and a longitude from -180 to 180")
    return GeoPoint(float(latitude), float(longitude))
