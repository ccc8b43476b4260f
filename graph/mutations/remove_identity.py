import strawberry
from strawberry import UNSET

from graph.context import GatewayInfo
from graph.model.channel import Channel
from graph.model.identity import Identity
from graph.types.access import access, exposes
from graph.types.inputs import IdentityInput, named, sent
from graph.types.payloads import ProfilePayload, answer
from policies.classification import DataClass


@exposes(Identity)
@strawberry.input(description="An identity that a profile gives up.")
class RemoveIdentityInput:
    profile_id: strawberry.ID = strawberry.field(
        description="The profile.", directives=[access(DataClass.PUBLIC)]
    )
    channel: Channel = strawberry.field(
        description="The channel.", directives=[access(DataClass.CONTACT)]
    )
    value: str = strawberry.field(description="Number, address or handle, in any notation.")
    if_version: int | None = strawberry.field(
        default=UNSET,
        description="Refuse with VERSION_MISMATCH when the profile has another version.",
        directives=[access(DataClass.PUBLIC)],
    )


async def remove_identity(info: GatewayInfo, input: RemoveIdentityInput) -> ProfilePayload:
    """Give an identity up; it may then name somebody else."""
    context, given = info.context, IdentityInput(channel=input.channel, value=input.value)
    await context.wiring.profiles.remove_identity(
        input.profile_id, named(given, info), context.plan.access.scope, sent(input.if_version)
    )
    return await answer(info, input.profile_id)
