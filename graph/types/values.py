"""GraphQL types of the values of custom fields, by the scalar that their kind names."""

from datetime import date, datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any

import strawberry

from graph.kinds.table import KINDS
from graph.kinds.values import holds_list
from graph.model.custom_field import FieldDefinition
from graph.types.access import STRUCTURE

if TYPE_CHECKING:
    from graph.types.profile import Profile


@strawberry.type(description="An amount of a currency.", directives=[STRUCTURE])
class Money:
    amount: Decimal = strawberry.field(description="The amount, exactly.")
    currency: str = strawberry.field(description="ISO 4217 code, such as EUR.")


@strawberry.type(description="A place on the earth.", directives=[STRUCTURE])
class GeoPoint:
    latitude: float = strawberry.field(description="Degrees north, -90 to 90.")
    longitude: float = strawberry.field(description="Degrees east, -180 to 180.")


@strawberry.input(description="An amount of a currency.", directives=[STRUCTURE])
class MoneyInput:
    amount: Decimal = strawberry.field(description="The amount, exactly.")
    currency: str = strawberry.field(description="ISO 4217 code, such as EUR.")


@strawberry.input(description="A place on the earth.", directives=[STRUCTURE])
class GeoPointInput:
    latitude: float = strawberry.field(description="Degrees north, -90 to 90.")
    longitude: float = strawberry.field(description="Degrees east, -180 to 180.")


_READ: dict[str, Any] = {
    "String": str,
    "Float": float,
    "Boolean": bool,
    "Date": date,
    "DateTime": datetime,
    "Decimal": Decimal,
    "Money": Money,
    "GeoPoint": GeoPoint,
    "Profile": Annotated["Profile", strawberry.lazy("graph.types.profile")],
}
_SENT = _READ | {"Money": MoneyInput, "GeoPoint": GeoPointInput, "Profile": strawberry.ID}


def read_type(definition: FieldDefinition) -> Any:  # noqa: ANN401 - a type
    """The GraphQL type of a field's value."""
    single: Any = _READ[KINDS[definition.kind].scalar]
    return list.__class_getitem__(single) if holds_list(definition) else single


def sent_type(scalar: str) -> Any:  # noqa: ANN401 - a type
    """The GraphQL type of a value that something is compared with."""
    return _SENT[scalar]
