from datetime import date

import strawberry

from graph.context import GatewayInfo
from graph.model import profile as model
from graph.model.ids import new_id
from graph.types.access import exposes
from graph.types.inputs import CoreInput, IdentityInput, core_changes, custom_changes, new_identity
from graph.types.payloads import ProfilePayload, answer


@exposes(model.Profile)
@strawberry.input(description="A new profile.")
class CreateProfileInput(CoreInput):
    identities: list[IdentityInput] | None = strawberry.field(
        default=strawberry.UNSET, description="How the person is recognised."
    )


async def create_profile(info: GatewayInfo, input: CreateProfileInput) -> ProfilePayload:
    """Keep a new profile with its identities, all or nothing."""
    wiring = info.context.wiring
    profile = _profile(info, core_changes(info, input), custom_changes(info, input))
    identities = [new_identity(item, info) for item in input.identities or ()]
    await wiring.profiles.create(profile, identities, info.context.plan.access.scope)
    return await answer(info, profile.id)


def _profile(
    info: GatewayInfo, core: dict[str, object], custom: dict[str, object]
) -> model.Profile:
    now = info.context.wiring.now()
    birth_date, links = core.get("birth_date"), core.get("links")
    name = model.PersonName(given=_text(core, "name.given"), family=_text(core, "name.family"))
    return model.Profile(
        id=new_id(),
        version=1,
        state=model.ProfileState.IDENTIFIED,
        created_at=now,
        updated_at=now,
        name=name if name.full else None,
        birth_date=birth_date if isinstance(birth_date, date) else None,
        gender=_text(core, "gender"),
        language=_text(core, "language"),
        links=links if isinstance(links, tuple) else (),
        custom={key: value for key, value in custom.items() if value is not None},
    )


def _text(core: dict[str, object], name: str) -> str | None:
    value = core.get(name)
    return value if isinstance(value, str) else None
