"""What the schema says about each of its fields, read once when the schema is built."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    is_input_object_type,
    is_object_type,
)

from graph.model.custom_field import CustomerSchema, FieldDefinition
from graph.types.access import about_of, exposed_model, label_of
from policies.classification import DataClass, Label, labels_of
from policies.errors import Unlabelled

_BACK_REFERENCE = "strawberry-definition"
CUSTOM_TYPE = "CustomFields"
_CUSTOM_INPUTS = frozenset({"CustomFieldsFilter", "CustomFieldsOrder"})


@dataclass(frozen=True, slots=True)
class FieldFacts:
    """One output field: where its decision is kept, and which model attribute it shows.

    `definition` is set on the typed field of a custom field.
    """

    coordinate: str
    label: Label
    attribute: str
    definition: FieldDefinition | None = None


@dataclass(frozen=True, slots=True)
class InputFacts:
    """One input field or argument: its label, and the field of the schema that it is about."""

    label: Label
    name: str | None = None


@dataclass(frozen=True, slots=True)
class SchemaFacts:
    """All labels of one tenant's schema.

    `fields` is by (type, field) of GraphQL; `labels` by plan coordinate, custom fields and
    model attributes without a GraphQL field included; `inputs` by (input type, field) and, for
    arguments, (`Type.field`, argument); `names` are the schema's, by coordinate.
    `known` is the customer schema as far as its asker knows it.
    """

    customer_schema: CustomerSchema
    fields: Mapping[tuple[str, str], FieldFacts]
    labels: Mapping[str, Label]
    inputs: Mapping[tuple[str, str], InputFacts]
    names: Mapping[str, str]
    known: CustomerSchema


def read_facts(
    schema: GraphQLSchema, customer_schema: CustomerSchema, models: tuple[type, ...]
) -> SchemaFacts:
    """The facts of a schema.

    Raises:
        Unlabelled: a field outside of the root types carries no label, or a protected field
            isn't nullable, so that it couldn't be withheld.
    """
    fields: dict[tuple[str, str], FieldFacts] = {}
    inputs: dict[tuple[str, str], tuple[Label, str | None]] = {}
    roots = {schema.query_type, schema.mutation_type, schema.subscription_type}
    for item in schema.type_map.values():
        if item.name.startswith("__"):
            continue
        if is_object_type(item):
            inputs.update(_argument_labels(item))
            if item not in roots:
                fields.update(_field_facts(item, customer_schema))
        elif is_input_object_type(item):
            inputs.update(
                _labels_of_input(item.name, item.fields, _type_label(item), _model_of(item))
            )
    labels = {found.coordinate: found.label for found in fields.values()}
    names = {found.coordinate: _name(*place, found) for place, found in fields.items()}
    for model in models:
        for attribute, label in labels_of(model).items():
            labels.setdefault(f"{model.__name__}.{attribute}", label)
    about = {
        place: InputFacts(label, _input_name(place, names.get(coordinate or "")))
        for place, (label, coordinate) in inputs.items()
    }
    return SchemaFacts(customer_schema, fields, labels, about, names, customer_schema)


def _name(type_: str, field: str, found: FieldFacts) -> str:
    return f"custom.{field}" if found.definition else f"{type_}.{field}"


def _input_name(place: tuple[str, str], name: str | None) -> str | None:
    return f"custom.{place[1]}" if place[0] in _CUSTOM_INPUTS else name


def _model_of(item: GraphQLInputObjectType) -> type | None:
    definition = item.extensions.get(_BACK_REFERENCE)
    return exposed_model(definition.origin) if definition else None


def _field_facts(
    item: GraphQLObjectType, customer_schema: CustomerSchema
) -> Iterator[tuple[tuple[str, str], FieldFacts]]:
    for name, field in item.fields.items():
        own = label_of(field.extensions[_BACK_REFERENCE].directives)
        label = own or _type_label(item)
        if label is None:
            raise Unlabelled(f"{item.name}.{name} carries no @access")
        if label.data_class is not DataClass.PUBLIC and isinstance(field.type, GraphQLNonNull):
            raise Unlabelled(f"{item.name}.{name} is protected and must be nullable")
        yield (item.name, name), _facts(item, name, field, label, customer_schema)


def _facts(
    item: GraphQLObjectType,
    name: str,
    field: GraphQLField,
    label: Label,
    customer_schema: CustomerSchema,
) -> FieldFacts:
    if item.name == CUSTOM_TYPE and name in customer_schema.by_key:
        definition = customer_schema.by_key[name]
        return FieldFacts(definition.coordinate, label, name, definition)
    attribute = field.extensions[_BACK_REFERENCE].python_name
    return FieldFacts(f"{item.name}.{attribute}", label, attribute)


def _argument_labels(
    item: GraphQLObjectType,
) -> Iterator[tuple[tuple[str, str], tuple[Label, str | None]]]:
    for name, field in item.fields.items():
        yield from _labels_of_input(f"{item.name}.{name}", field.args, None)


def _labels_of_input(
    place: str,
    inputs: Mapping[str, GraphQLArgument] | Mapping[str, GraphQLInputField],
    otherwise: Label | None,
    model: type | None = None,
) -> Iterator[tuple[tuple[str, str], tuple[Label, str | None]]]:
    for name, field in inputs.items():
        definition = field.extensions.get(_BACK_REFERENCE)
        label = (label_of(definition.directives) if definition else None) or otherwise
        if label is not None:
            yield (place, name), (label, _about(definition, model))
        elif "." not in place:
            raise Unlabelled(f"input {place}.{name} carries no @access")


def _about(definition: Any, model: type | None) -> str | None:  # noqa: ANN401 - Strawberry's field or argument
    """The coordinate of the field that an input is about; None where nobody says."""
    told = about_of(definition.directives) if definition else None
    if told or model is None or definition is None:
        return told
    return f"{model.__name__}.{definition.python_name}"


def _type_label(item: object) -> Label | None:
    definition = getattr(item, "extensions", {}).get(_BACK_REFERENCE)
    return label_of(definition.directives or ()) if definition else None
