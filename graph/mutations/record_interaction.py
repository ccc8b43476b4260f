from typing import Any

import strawberry

from graph.context import GatewayInfo
from graph.errors import BadInput
from graph.model import interaction as model
from graph.model.channel import Channel
from graph.model.identity import IdentityName, identity_name
from graph.types.access import STRUCTURE, exposes
from graph.types.inputs import IdentityNameInput, sent
from graph.types.interaction import Interaction
from graph.types.interaction_inputs import InteractionInput, new_interaction

_WHOSE = "Name the customer by either profileId or identity."


@exposes(model.Interaction)
@strawberry.input(description="What happened with a customer.")
class RecordInteractionInput(InteractionInput):
    profile_id: strawberry.ID | None = strawberry.field(
        default=strawberry.UNSET, description="The customer's profile.", directives=[STRUCTURE]
    )
    identity: IdentityNameInput | None = strawberry.field(
        default=strawberry.UNSET,
        description="What the customer is known by, in place of `profileId`.",
        directives=[STRUCTURE],
    )
    channel: Channel | None = strawberry.field(
        default=strawberry.UNSET,
        description="Where it took place; that of `identity` unless told.",
        directives=[STRUCTURE],
    )


@strawberry.type(description="The interaction as it is kept now.", directives=[STRUCTURE])
class RecordInteractionPayload:
    interaction: Interaction | None = strawberry.field(
        description="The interaction, as far as you may see it."
    )


async def record_interaction(
    info: GatewayInfo, input: RecordInteractionInput
) -> RecordInteractionPayload:
    """Keep an interaction; add to it what is told of the one with the same external id."""
    context, identity = info.context, sent(input.identity)
    channel = sent(input.channel) or (identity.channel if identity else None)
    item = new_interaction(info, input, channel)
    who = _who(info, sent(input.profile_id), identity)
    kept = await context.wiring.interactions.record(item, who, context.plan.access.scope)
    shown: Any = await context.timelines.interaction(kept)
    return RecordInteractionPayload(interaction=shown)


def _region(info: GatewayInfo) -> str:
    return info.context.wiring.normalising(info.context.principal.tenant).region


def _who(
    info: GatewayInfo, profile_id: str | None, identity: IdentityNameInput | None
) -> str | IdentityName:
    if identity is not None and profile_id is None:
        return identity_name(identity.channel, identity.value, _region(info))
    if profile_id is None or identity is not None:
        raise BadInput(_WHOSE)
    return profile_id
