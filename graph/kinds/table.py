"""Every kind of custom field, in the order in which the documentation lists them."""

from typing import Final

from graph.kinds.base import Kind
from graph.kinds.boolean import Boolean
from graph.kinds.choice import Choice, Choices
from graph.kinds.contact import Email, PhoneNumber
from graph.kinds.days import Date, DateTime
from graph.kinds.decimals import ExactDecimal
from graph.kinds.geo_point import GeoPointKind
from graph.kinds.money import MoneyKind
from graph.kinds.network import Ip, Url
from graph.kinds.number import Number
from graph.kinds.password import Password
from graph.kinds.reference import Reference
from graph.kinds.strings import Alphanumeric, Name, String

_ALL: Final[tuple[Kind, ...]] = (
    String(),
    Name(),
    Alphanumeric(),
    Email(),
    PhoneNumber(),
    Url(),
    Ip(),
    Password(),
    Boolean(),
    Number(),
    ExactDecimal(),
    MoneyKind(),
    Date(),
    DateTime(),
    Choice(),
    Choices(),
    GeoPointKind(),
    Reference(),
)
KINDS: Final[dict[str, Kind]] = {kind.name: kind for kind in _ALL}
