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
@strawberry.input(description="A way to recognise a person, for their profile.")
class AddIdentityInput:
    profile_id: strawberry.ID = strawberry.field(
        description="The profile.", directives=[access(DataClass.PUBLIC)]
    )
    channel: Channel = strawberry.field(
        description="The channel.", directives=[access(DataClass.CONTACT)]
    )
    value: str = strawberry.field(description="Number, address or handle, in any notation.")
    verified: bool = strawberry.field(
        default=False,
        description="Whether the person has proved that it is theirs.",
        directives=[access(DataClass.CONTACT)],
    )
    primary: bool = strawberry.field(
        default=False,
        description="Whether it is the first choice on its channel.",
        directives=[access(DataClass.CONTACT)],
    )
    if_version: int | None = strawberry.field(
        default=UNSET,
        description="Refuse with VERSION_MISMATCH when the profile has another version.",
        directives=[access(DataClass.PUBLIC)],
    )


async def add_identity(info: GatewayInfo, input: AddIdentityInput) -> ProfilePayload:
    """Claim an identity for a profile."""
    given = IdentityInput(
        channel=input.channel,
        value=input.value,
        verified=input.verified,
        primary=input.primary,
    )
    context = info.context
    await context.wiring.profiles.add_identity(
        input.profile_id, named(given, info), context.plan.access.scope, sent(input.if_version)
    )
    return await answer(info, input.profile_id)
