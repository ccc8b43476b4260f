from dataclasses import replace
from typing import Any

import strawberry

from graph.context import GatewayInfo
from graph.errors import Conflict, NotFound
from graph.model.definition_checks import SYSTEM_KEYS
from graph.types.access import STRUCTURE
from graph.types.customer_schema import CustomerSchema


@strawberry.input(description="A custom field that is no longer in use.", directives=[STRUCTURE])
class RetireFieldInput:
    key: str = strawberry.field(description="Name of the field in queries.")


@strawberry.type(description="The schema without the field.", directives=[STRUCTURE])
class RetireFieldPayload:
    customer_schema: CustomerSchema = strawberry.field(description="All fields of your tenant.")


async def retire_field(info: GatewayInfo, input: RetireFieldInput) -> RetireFieldPayload:
    """Hide a field and keep its values; defining its key or id again brings them back."""
    context = info.context
    definition = context.visible.customer_schema.by_key.get(input.key)
    if definition is None:
        if input.key in SYSTEM_KEYS:
            raise Conflict("This is a system field, which every profile has.")
        raise NotFound("There is no such field.")
    retired = replace(
        definition,
        is_retired=True,
        is_searchable=False,
        defined_by=context.principal.subject,
        defined_at=context.wiring.now(),
    )
    schema = await context.wiring.definitions.define(context.principal.tenant, retired)
    shown: Any = context.visible.known_part(schema)
    return RetireFieldPayload(customer_schema=shown)
