from collections.abc import Mapping
from typing import Any

import strawberry

from connectors.abilities import TakesWrites
from graph.context import GatewayInfo
from graph.errors import BadInput
from graph.kinds.values import parse_owned
from graph.model import profile as profiles
from graph.model.custom_field import CustomerSchema
from graph.model.owed import WriteState
from graph.types.access import STRUCTURE, exposes
from graph.types.payloads import answer
from graph.types.profile import Profile
from graph.types.scalars import CustomValues


@exposes(profiles.Profile)
@strawberry.input(description="Values for the CRM that owns them.")
class WriteToSourceInput:
    id: strawberry.ID = strawberry.field(description="The profile.")
    custom: CustomValues = strawberry.field(
        description="Values by key, of fields that one object of one source owns; null clears one."
    )


@strawberry.type(description="What became of the values.", directives=[STRUCTURE])
class WriteToSourcePayload:
    state: WriteState = strawberry.field(description="Whether the CRM has taken them.")
    profile: Profile | None = strawberry.field(description="The profile, as far as you may see it.")


async def write_to_source(info: GatewayInfo, input: WriteToSourceInput) -> WriteToSourcePayload:
    """Have a CRM take values that it owns; nothing is lost when it can't be reached now."""
    context = info.context
    given: dict[str, Any] = input.custom
    values = parse_owned(given, context.visible.customer_schema)
    place = _place(info, values, context.plan.customer_schema)
    state = await context.wiring.writes.write(
        input.id, place, values, context.plan.access.scope, context.wiring.budget_s
    )
    shown = await answer(info, input.id)
    return WriteToSourcePayload(state=state, profile=shown.profile)


def _place(
    info: GatewayInfo, values: Mapping[str, object], schema: CustomerSchema
) -> tuple[str, str]:
    """The source and the object that own the fields."""
    owners = {schema.by_id[one].source for one in values}
    places = {(one.connector or "", one.object or "") for one in owners}
    if len(places) != 1:
        raise BadInput("custom: expected fields that one object of one source owns.")
    [(name, object_)] = places
    source = info.context.wiring.sources.get(info.context.principal.tenant, {}).get(name)
    if source is None or not isinstance(source.connector, TakesWrites):
        raise BadInput(f"custom: {name} takes no changes.")
    return name, object_
