from datetime import date

import strawberry

from graph.context import GatewayInfo
from graph.kinds.changes import owed_of, placed, with_defaults
from graph.kinds.search import findable
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
    schema = info.context.plan.customer_schema
    given = await custom_changes(info, input)
    custom = with_defaults(given, schema, is_identified=True)
    profile = _profile(info, core_changes(info, input), placed(custom, schema))
    identities = [new_identity(item, info) for item in input.identities or ()]
    scope, found = info.context.plan.access.scope, findable(custom, schema)
    await wiring.profiles.create(
        profile, found, identities, scope, info.context.author, owed_of(custom, schema)
    )
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
