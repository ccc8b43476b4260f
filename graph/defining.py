"""Defines a custom field, whoever asks for it."""

from graph.kinds.definitions import checked_definition
from graph.model.custom_field import CustomerSchema, FieldDefinition
from graph.ports import Definitions


async def defined(
    definitions: Definitions,
    tenant: str,
    schema: CustomerSchema,
    definition: FieldDefinition,
    max_values: int,
) -> CustomerSchema:
    """The tenant's schema with the field in it; `schema` says which classes are sealed.

    Raises:
        BadValue: says which part can't work and why.
        GatewayError: as `Definitions.define`.
    """
    checked = checked_definition(schema.with_sealing(definition), max_values)
    return await definitions.define(tenant, checked)
