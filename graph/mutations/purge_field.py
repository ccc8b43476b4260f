from dataclasses import replace
from typing import Any

import strawberry

from graph.context import GatewayInfo
from graph.errors import BadInput, NotFound
from graph.types.access import STRUCTURE
from graph.types.customer_schema import CustomerSchema, FieldDefinition


@strawberry.input(
    description="A retired field whose values are to be removed for good.", directives=[STRUCTURE]
)
class PurgeFieldInput:
    id: strawberry.ID = strawberry.field(
        description="Its id, as `customerSchema { retired { id } }` shows it."
    )
    key: str = strawberry.field(
        description="The key that it had, to confirm: nothing brings the values back."
    )


@strawberry.type(
    description="The field and the schema; its `progress` tells how far the purge is.",
    directives=[STRUCTURE],
)
class PurgeFieldPayload:
    field: FieldDefinition = strawberry.field(description="The field as it is defined now.")
    customer_schema: CustomerSchema = strawberry.field(description="All fields of your tenant.")


async def purge_field(info: GatewayInfo, input: PurgeFieldInput) -> PurgeFieldPayload:
    """Remove what a retired field left in profiles, in the background."""
    context = info.context
    definition = context.visible.customer_schema.by_id.get(input.id)
    if definition is None:
        raise NotFound("There is no such field.")
    if not definition.is_retired:
        raise BadInput("The field is in use: hide it with retireField first.")
    if definition.key != input.key:
        raise BadInput("key: the field of this id had another one.")
    wanted = replace(
        definition,
        is_purged=True,
        defined_by=context.principal.subject,
        defined_at=context.wiring.now(),
    )
    schema = await context.wiring.definitions.define(context.principal.tenant, wanted)
    field: Any = schema.by_id[definition.id]
    shown: Any = context.visible.known_part(schema)
    return PurgeFieldPayload(field=field, customer_schema=shown)
