"""What the schema says about each of its fields, read once when the schema is built."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInputField,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    is_input_object_type,
    is_object_type,
)

from graph.model.custom_field import CustomerSchema, FieldDefinition
from graph.types.access import label_of
from policies.classification import DataClass, Label, labels_of
from policies.errors import Unlabelled

_BACK_REFERENCE = "strawberry-definition"
CUSTOM_TYPE = "CustomFields"


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
class SchemaFacts:
    """All labels of one tenant's schema.

    `fields` is by (type, field) of GraphQL; `labels` by plan coordinate, custom fields and
    model attributes without a GraphQL field included; `inputs` by (input type, field) and, for
    arguments, (`Type.field`, argument).
    """

    customer_schema: CustomerSchema
    fields: Mapping[tuple[str, str], FieldFacts]
    labels: Mapping[str, Label]
    inputs: Mapping[tuple[str, str], Label]


def read_facts(
    schema: GraphQLSchema, customer_schema: CustomerSchema, models: tuple[type, ...]
) -> SchemaFacts:
    """The facts of a schema.

    Raises:
        Unlabelled: a field outside of the root types carries no label, or a protected field
            isn't nullable, so that it couldn't be withheld.
    """
    fields: dict[tuple[str, str], FieldFacts] = {}
    inputs: dict[tuple[str, str], Label] = {}
    roots = {schema.query_type, schema.mutation_type, schema.subscription_type}
    for item in schema.type_map.values():
        if item.name.startswith("__"):
            continue
        if is_object_type(item):
            inputs.update(_argument_labels(item))
            if item not in roots:
                fields.update(_field_facts(item, customer_schema))
        elif is_input_object_type(item):
            inputs.update(_labels_of_input(item.name, item.fields, _type_label(item)))
    labels = {found.coordinate: found.label for found in fields.values()}
    for model in models:
        for attribute, label in labels_of(model).items():
            labels.setdefault(f"{model.__name__}.{attribute}", label)
    return SchemaFacts(customer_schema, fields, labels, inputs)


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


def _argument_labels(item: GraphQLObjectType) -> Iterator[tuple[tuple[str, str], Label]]:
    for name, field in item.fields.items():
        yield from _labels_of_input(f"{item.name}.{name}", field.args, None)


def _labels_of_input(
    place: str,
    inputs: Mapping[str, GraphQLArgument] | Mapping[str, GraphQLInputField],
    otherwise: Label | None,
) -> Iterator[tuple[tuple[str, str], Label]]:
    for name, field in inputs.items():
        definition = field.extensions.get(_BACK_REFERENCE)
        label = (label_of(definition.directives) if definition else None) or otherwise
        if label is not None:
            yield (place, name), label
        elif "." not in place:
            raise Unlabelled(f"input {place}.{name} carries no @access")


def _type_label(item: object) -> Label | None:
    definition = getattr(item, "extensions", {}).get(_BACK_REFERENCE)
    return label_of(definition.directives or ()) if definition else None
