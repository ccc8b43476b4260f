"""Filters of `profiles`: typed, and each labelled as what it tells about a person."""

from typing import Any, Optional

import strawberry
from strawberry import UNSET
from strawberry.types.field import StrawberryField

from graph.kinds.search import LIST_OPERATORS
from graph.kinds.table import KINDS
from graph.kinds.values import holds_list
from graph.model.custom_field import CustomerSchema, FieldDefinition
from graph.model.filter import Operator
from graph.model.profile import Profile, ProfileState
from graph.types.access import STRUCTURE, access, directive_of, exposes
from graph.types.enums import OrderDirection
from graph.types.scalars import CustomFieldsFilter, CustomFieldsOrder
from graph.types.values import sent_type
from policies.classification import DataClass

_TOLD = {
    Operator.EQUALS: "Is this.",
    Operator.IN: "Is one of these, 50 at most.",
    Operator.STARTS_WITH: "Begins with this.",
    Operator.CONTAINS: "Holds this part, of three characters or more.",
    Operator.LT: "Is less, or earlier.",
    Operator.LTE: "Is this, or less, or earlier.",
    Operator.GT: "Is more, or later.",
    Operator.GTE: "Is this, or more, or later.",
    Operator.EXISTS: "Whether there is a value.",
}
_TOLD_OF_LISTS = {
    Operator.CONTAINS: "Holds this value.",
    Operator.IN: "Holds one of these, 50 at most.",
    Operator.EXISTS: "Whether there is any value.",
}
_PYTHON_NAMES = {Operator.IN: "in_"}


def _comparison(name: str, told: str, scalar: Any, operators: dict[Operator, str]) -> Any:  # noqa: ANN401 - types
    """An input object with one field for each operator."""
    fields: dict[str, Any] = {}
    annotations: dict[str, Any] = {}
    for operator, description in operators.items():
        python_name = _PYTHON_NAMES.get(operator, operator.name.lower())
        taken = {Operator.EXISTS: bool, Operator.IN: list[scalar]}.get(operator, scalar)
        annotations[python_name] = Optional[taken]  # noqa: UP045 - `|` can't take an annotation that is lazy
        fields[python_name] = strawberry.field(
            name=operator.value, default=UNSET, description=description
        )
    made = type(name, (), {"__annotations__": annotations, "__module__": __name__, **fields})
    return strawberry.input(made, description=told, directives=[STRUCTURE])


def _of_kind(kind: str) -> Any:  # noqa: ANN401 - a type
    operators = {operator: _TOLD[operator] for operator in KINDS[kind].operators}
    name = "".join(part.title() for part in kind.split("_"))
    scalar = sent_type(KINDS[kind].scalar)
    return _comparison(f"{name}Filter", f"Compares a value of kind {kind}.", scalar, operators)


def _of_list(kind: str) -> Any:  # noqa: ANN401 - a type
    operators = {operator: _TOLD_OF_LISTS[operator] for operator in LIST_OPERATORS}
    name = "".join(part.title() for part in kind.split("_"))
    told = f"Looks into a list of values of kind {kind}."
    return _comparison(f"{name}ListFilter", told, sent_type(KINDS[kind].scalar), operators)


_SINGLE = {kind: _of_kind(kind) for kind, item in KINDS.items() if not item.is_list}
_LISTS = {kind: _of_list(kind) for kind in KINDS}
NameFilter, DateFilter, InstantFilter = _SINGLE["NAME"], _SINGLE["DATE"], _SINGLE["DATETIME"]


@strawberry.input(description="Compares an id.", directives=[STRUCTURE])
class IdFilter:
    in_: list[strawberry.ID] | None = strawberry.field(
        name="in", default=UNSET, description="Is one of these, 50 at most."
    )


@strawberry.input(description="Compares a state.", directives=[STRUCTURE])
class ProfileStateFilter:
    equals: ProfileState | None = strawberry.field(default=UNSET, description="Is this.")
    in_: list[ProfileState] | None = strawberry.field(
        name="in", default=UNSET, description="Is one of these."
    )


@strawberry.input(description="Compares a code such as a language tag.", directives=[STRUCTURE])
class CodeFilter:
    equals: str | None = strawberry.field(default=UNSET, description="Is this.")
    in_: list[str] | None = strawberry.field(
        name="in", default=UNSET, description="Is one of these, 50 at most."
    )


@strawberry.input(description="Looks into labels.", directives=[STRUCTURE])
class LabelsFilter:
    contains: str | None = strawberry.field(default=UNSET, description="Has this label.")
    in_: list[str] | None = strawberry.field(
        name="in", default=UNSET, description="Has one of these, 50 at most."
    )
    exists: bool | None = strawberry.field(default=UNSET, description="Whether there are any.")


@exposes(Profile)
@strawberry.input(description="Narrows a list of profiles; all that is given must hold.")
class ProfileFilter:
    id: IdFilter | None = strawberry.field(default=UNSET, description="By id.")
    state: ProfileStateFilter | None = strawberry.field(default=UNSET, description="By state.")
    language: CodeFilter | None = strawberry.field(default=UNSET, description="By language tag.")
    given_name: Any = strawberry.field(
        graphql_type=NameFilter | None,
        default=UNSET,
        description="By given names, without case and accents.",
        directives=[access(DataClass.IDENTITY, "PersonName.given")],
    )
    family_name: Any = strawberry.field(
        graphql_type=NameFilter | None,
        default=UNSET,
        description="By family name, without case and accents.",
        directives=[access(DataClass.IDENTITY, "PersonName.family")],
    )
    birth_date: Any = strawberry.field(
        graphql_type=DateFilter | None, default=UNSET, description="By date of birth."
    )
    created_at: Any = strawberry.field(
        graphql_type=InstantFilter | None,
        default=UNSET,
        description="By when the profile was created.",
    )
    updated_at: Any = strawberry.field(
        graphql_type=InstantFilter | None, default=UNSET, description="By when it was last changed."
    )
    labels: LabelsFilter | None = strawberry.field(
        default=UNSET, description="By labels, without case and accents."
    )
    custom: CustomFieldsFilter | None = strawberry.field(
        default=UNSET, description="By custom fields that are searchable."
    )
    and_: list["ProfileFilter"] | None = strawberry.field(
        name="and",
        default=UNSET,
        description="All of these hold.",
        directives=[access(DataClass.PUBLIC)],
    )
    or_: list["ProfileFilter"] | None = strawberry.field(
        name="or",
        default=UNSET,
        description="At least one of these holds.",
        directives=[access(DataClass.PUBLIC)],
    )
    not_: Optional["ProfileFilter"] = strawberry.field(
        name="not",
        default=UNSET,
        description="This doesn't hold.",
        directives=[access(DataClass.PUBLIC)],
    )


@exposes(Profile)
@strawberry.input(
    description="What a list of profiles is sorted by; exactly one field.", one_of=True
)
class ProfileOrder:
    given_name: OrderDirection | None = strawberry.field(
        default=UNSET,
        description="Given names.",
        directives=[access(DataClass.IDENTITY, "PersonName.given")],
    )
    family_name: OrderDirection | None = strawberry.field(
        default=UNSET,
        description="Family name.",
        directives=[access(DataClass.IDENTITY, "PersonName.family")],
    )
    birth_date: OrderDirection | None = strawberry.field(
        default=UNSET, description="Date of birth."
    )
    created_at: OrderDirection | None = strawberry.field(
        default=UNSET, description="When the profile was created."
    )
    updated_at: OrderDirection | None = strawberry.field(
        default=UNSET, description="When it was last changed."
    )
    custom: CustomFieldsOrder | None = strawberry.field(
        default=UNSET, description="A custom field that is searchable; exactly one."
    )


def custom_filter(schema: CustomerSchema) -> Any:  # noqa: ANN401 - a type
    """The input object with the conditions on a tenant's custom fields."""
    types = {
        item.key: (_LISTS if holds_list(item) else _SINGLE)[item.kind] for item in schema.fields
    }
    told = "Conditions on custom fields; all that are given must hold."
    return _per_field("CustomFieldsFilter", told, schema, types)


def custom_order(schema: CustomerSchema) -> Any:  # noqa: ANN401 - a type
    """The input object with the custom fields that a tenant's profiles can be sorted by."""
    types = {item.key: OrderDirection for item in schema.fields}
    told = "The custom field to sort by; exactly one."
    return _per_field("CustomFieldsOrder", told, schema, types)


def _per_field(name: str, told: str, schema: CustomerSchema, types: dict[str, Any]) -> Any:  # noqa: ANN401 - types
    fields = {key: _field(schema.by_key[key]) for key in types}
    # Python's own words are good keys, but no names of attributes: a prefix makes them so.
    namespace: dict[str, Any] = {
        "__annotations__": {f"f_{key}": type_ | None for key, type_ in types.items()},
        "__module__": __name__,
        **{f"f_{key}": field for key, field in fields.items()},
    }
    return strawberry.input(type(name, (), namespace), description=told)


def _field(definition: FieldDefinition) -> Any:  # noqa: ANN401 - a field
    note = "" if definition.is_searchable else "  It isn't searchable."
    return strawberry.field(
        name=definition.key,
        default=UNSET,
        description=f"{definition.label}.{note}",
        directives=[directive_of(definition.access)],
    )


def with_type(field: StrawberryField, type_: Any) -> StrawberryField:  # noqa: ANN401 - a type
    """A field of an input object with another type."""
    made: StrawberryField = strawberry.field(
        name=field.graphql_name,
        default=UNSET,
        description=field.description,
        directives=field.directives,
        graphql_type=type_ | None,
    )
    made.python_name = field.python_name
    made.origin = field.origin
    return made
