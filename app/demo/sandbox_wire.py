"""What goes over the sandbox CRM's wire: bodies it understands, answers and refusals it gives."""

from collections.abc import Mapping
from datetime import UTC, datetime
from http import HTTPStatus
from typing import Annotated, Any, Literal, Self, TypeVar
from uuid import uuid4

import orjson
from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError
from pydantic.alias_generators import to_camel
from starlette.responses import Response

MAX_INPUTS = 100
MAX_INPUTS_WITH_HISTORY = 50
MAX_PAGE = 100
MAX_SEARCH_LIMIT = 200
MAX_SEARCH_RESULTS = 10_000

ObjectName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,99}$")]
PropertyName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,99}$")]
Value = str | bool | int | float | None
"""A property value as a client may write it; it is kept and read as text or null."""


class Refused(Exception):
    """A call the CRM answers with an error.

    `category` is HubSpot's machine-readable word; `errors` holds one entry per invalid property.
    Messages name properties and positions, never values.
    """

    def __init__(
        self,
        status: HTTPStatus,
        category: str,
        message: str,
        *,
        context: Mapping[str, list[str]] | None = None,
        errors: list[dict[str, Any]] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.body: dict[str, Any] = {
            "status": "error",
            "message": message,
            "correlationId": str(uuid4()),
            "category": category,
        }
        if context:
            self.body["context"] = dict(context)
        if errors:
            self.body["errors"] = errors

    @classmethod
    def malformed(cls, message: str) -> Self:
        """The refusal of input that breaks the contract: 400."""
        return cls(HTTPStatus.BAD_REQUEST, "VALIDATION_ERROR", message)

    @classmethod
    def not_found(cls) -> Self:
        """The refusal of an address that names nothing: 404."""
        return cls(HTTPStatus.NOT_FOUND, "OBJECT_NOT_FOUND", "resource not found")


class Body(BaseModel):
    """A JSON object in camelCase; like HubSpot it ignores what it doesn't know."""

    model_config = ConfigDict(
        frozen=True,
        alias_generator=to_camel,
        validate_by_alias=True,
        validate_by_name=True,
        coerce_numbers_to_str=True,
    )


class Option(Body):
    """One choice of an enumeration."""

    label: str
    value: str
    hidden: bool = False
    display_order: int = -1
    description: str = ""


class Property(Body):
    """The definition of one property of a CRM object."""

    name: PropertyName
    label: str = ""
    type: Literal["string", "number", "date", "datetime", "enumeration", "bool"] = "string"
    field_type: str = "text"
    group_name: str = "sandbox"
    description: str = ""
    options: tuple[Option, ...] = ()
    has_unique_value: bool = False
    hubspot_defined: bool = False
    read_only: bool = Field(default=False, exclude=True)


class Values(Body):
    """The properties of a record to create or change."""

    properties: dict[str, Value]


class Named(Body):
    """A record named by its id, or by the value of the batch's `idProperty`."""

    id: str


class Change(Values):
    """New values for the record that `id` names under `id_property`."""

    id: str
    id_property: str | None = None


class BatchRead(Body):
    """Which records to read, and which properties of them."""

    inputs: Annotated[list[Named], Field(max_length=MAX_INPUTS)]
    id_property: str | None = None
    properties: list[str] = []
    properties_with_history: list[str] = []


class BatchCreate(Body):
    """Records to create, all or none."""

    inputs: Annotated[list[Values], Field(max_length=MAX_INPUTS)]


class BatchChange(Body):
    """Records to change, or to create where no record has that unique value."""

    inputs: Annotated[list[Change], Field(max_length=MAX_INPUTS)]


class BatchNames(Body):
    """Records to archive."""

    inputs: Annotated[list[Named], Field(max_length=MAX_INPUTS)]


class Filter(Body):
    """One condition on one property."""

    property_name: str
    operator: Literal[
        "EQ",
        "NEQ",
        "LT",
        "LTE",
        "GT",
        "GTE",
        "BETWEEN",
        "IN",
        "NOT_IN",
        "HAS_PROPERTY",
        "NOT_HAS_PROPERTY",
        "CONTAINS_TOKEN",
        "NOT_CONTAINS_TOKEN",
    ]
    value: str | None = None
    high_value: str | None = None
    values: list[str] | None = None


class FilterGroup(Body):
    """Conditions that must all hold."""

    filters: Annotated[list[Filter], Field(max_length=10)]


class Sort(Body):
    """The order of search results."""

    property_name: str
    direction: Literal["ASCENDING", "DESCENDING"] = "ASCENDING"


class Search(Body):
    """A search: any of the groups must hold.  `after` is an offset."""

    filter_groups: Annotated[list[FilterGroup], Field(max_length=5)] = []
    sorts: Annotated[list[Sort | str], Field(max_length=1)] = []
    query: str | None = None
    properties: list[str] = []
    limit: Annotated[int, Field(ge=1, le=MAX_SEARCH_LIMIT)] = 10
    after: Annotated[int, Field(ge=0)] = 0


AnyBody = TypeVar("AnyBody", bound=BaseModel)


def parsed(model: type[AnyBody], raw: bytes) -> AnyBody:
    """The body in `raw`, checked.

    Raises:
        Refused: it isn't JSON or not of this shape; the message says where, never with what.
    """
    try:
        return model.model_validate_json(raw)
    except ValidationError as error:
        raise Refused.malformed(f"Invalid input JSON: {complaints(error)}") from None


def complaints(error: ValidationError) -> str:
    """Where a body is wrong and why, without the values that were sent."""
    found = error.errors(include_input=False, include_url=False)
    return "; ".join(f"{'.'.join(map(str, one['loc'])) or 'body'}: {one['msg']}" for one in found)


def answer(content: object, status: int = HTTPStatus.OK) -> Response:
    """A JSON response."""
    return Response(orjson.dumps(content), status, media_type="application/json")


def iso(instant: datetime) -> str:
    """An instant as the CRM writes it: UTC, milliseconds, `Z`."""
    text = instant.astimezone(UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
