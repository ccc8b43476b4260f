import strawberry

from graph.context import GatewayInfo
from graph.model.identity import Identity
from graph.types.access import access, exposes
from graph.types.inputs import IdentityNameInput, named, sent
from graph.types.payloads import ProfilePayload, answer
from policies.classification import DataClass


@exposes(Identity)
@strawberry.input(description="An identity that a profile gives up.")
class RemoveIdentityInput(IdentityNameInput):
    profile_id: strawberry.ID = strawberry.field(
        description="The profile.", directives=[access(DataClass.PUBLIC)]
    )
    if_version: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="Refuse with VERSION_MISMATCH when the profile has another version.",
        directives=[access(DataClass.PUBLIC)],
    )


async def remove_identity(info: GatewayInfo, input: RemoveIdentityInput) -> ProfilePayload:
    """Give an identity up; it may then name somebody else."""
    profiles, scope = info.context.wiring.profiles, info.context.plan.access.scope
    identity = named(input, info)
    await profiles.remove_identity(
        input.profile_id, identity, scope, sent(input.if_version), info.context.author
    )
    return await answer(info, input.profile_id)
