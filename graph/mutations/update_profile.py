from datetime import date

import strawberry
from strawberry import UNSET

from graph.context import GatewayInfo
from graph.kinds.values import parse_custom
from graph.model import profile as model
from graph.types.access import access, exposes
from graph.types.inputs import LinkInput, PersonNameInput, core_changes, links_of, sent
from graph.types.payloads import ProfilePayload, answer
from graph.types.scalars import CustomValues
from policies.classification import DataClass


@exposes(model.Profile)
@strawberry.input(description="A change: what isn't sent isn't touched, null clears.")
class UpdateProfileInput:
    id: strawberry.ID = strawberry.field(description="The profile.")
    if_version: int | None = strawberry.field(
        default=UNSET,
        description="Refuse with VERSION_MISMATCH when the profile has another version.",
        directives=[access(DataClass.PUBLIC)],
    )
    name: PersonNameInput | None = strawberry.field(default=UNSET, description="The name.")
    birth_date: date | None = strawberry.field(default=UNSET, description="Date of birth.")
    gender: str | None = strawberry.field(default=UNSET, description="Gender, as they state it.")
    language: str | None = strawberry.field(default=UNSET, description="Language tag (BCP 47).")
    links: list[LinkInput] | None = strawberry.field(
        default=UNSET, description="All CRM records this person is."
    )
    custom: CustomValues | None = strawberry.field(
        default=UNSET, description="Values of custom fields by key; null clears one."
    )


async def update_profile(info: GatewayInfo, input: UpdateProfileInput) -> ProfilePayload:
    """Apply a patch to one profile."""
    wiring, plan = info.context.wiring, info.context.plan
    changes = core_changes(info, input.name, input.birth_date, input.gender, input.language)
    if input.links is not UNSET:
        changes["links"] = links_of(input.links)
    custom = parse_custom(input.custom or {}, plan.customer_schema)
    patch = model.ProfilePatch(changes, custom)
    await wiring.profiles.update(input.id, patch, plan.access.scope, sent(input.if_version))
    return await answer(info, input.id)
