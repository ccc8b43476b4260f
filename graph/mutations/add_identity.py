import strawberry

from graph.context import GatewayInfo
from graph.kinds.changes import promotion_of
from graph.model.identity import Identity
from graph.model.lifecycle import proves_who
from graph.types.access import access, exposes
from graph.types.inputs import IdentityInput, new_identity, sent
from graph.types.payloads import ProfilePayload, answer
from policies.classification import DataClass


@exposes(Identity)
@strawberry.input(description="A way to recognise a person, for their profile.")
class AddIdentityInput(IdentityInput):
    profile_id: strawberry.ID = strawberry.field(
        description="The profile.", directives=[access(DataClass.PUBLIC)]
    )
    if_version: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="Refuse with VERSION_MISMATCH when the profile has another version.",
        directives=[access(DataClass.PUBLIC)],
    )


async def add_identity(info: GatewayInfo, input: AddIdentityInput) -> ProfilePayload:
    """Claim an identity for a profile, or let it share one."""
    profiles, scope = info.context.wiring.profiles, info.context.plan.access.scope
    identity, schema = new_identity(input, info), info.context.plan.customer_schema
    promotion = promotion_of(schema) if proves_who(identity.identity) else None
    await profiles.add_identity(
        input.profile_id, identity, scope, sent(input.if_version), info.context.author, promotion
    )
    return await answer(info, input.profile_id)
