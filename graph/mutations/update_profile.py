import strawberry

from graph.context import GatewayInfo
from graph.kinds.changes import owed_of, placed, promotion_of, refuse_cleared
from graph.kinds.search import findable
from graph.model import profile as model
from graph.model.lifecycle import says_who
from graph.types.access import access, exposes
from graph.types.inputs import CoreInput, core_changes, custom_changes, sent
from graph.types.payloads import ProfilePayload, answer
from policies.classification import DataClass


@exposes(model.Profile)
@strawberry.input(description="A change: what isn't sent isn't touched, null clears.")
class UpdateProfileInput(CoreInput):
    id: strawberry.ID = strawberry.field(description="The profile.")
    if_version: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="Refuse with VERSION_MISMATCH when the profile has another version.",
        directives=[access(DataClass.PUBLIC)],
    )


async def update_profile(info: GatewayInfo, input: UpdateProfileInput) -> ProfilePayload:
    """Apply a patch to one profile; who was anonymous is identified if it says who they are."""
    wiring, scope = info.context.wiring, info.context.plan.access.scope
    schema, custom = info.context.plan.customer_schema, await custom_changes(info, input)
    refuse_cleared(custom, schema)
    core = core_changes(info, input)
    found, owed = findable(custom, schema), owed_of(custom, schema)
    patch = model.ProfilePatch(core, placed(custom, schema), found, owed)
    promotion = promotion_of(schema) if says_who(core) else None
    await wiring.profiles.update(
        input.id, patch, scope, sent(input.if_version), info.context.author, promotion
    )
    return await answer(info, input.id)
