from datetime import date

import strawberry
from strawberry import UNSET

from graph.context import GatewayInfo
from graph.kinds.values import parse_custom
from graph.model import profile as model
from graph.model.ids import new_id
from graph.types.access import exposes
from graph.types.inputs import (
    IdentityInput,
    LinkInput,
    PersonNameInput,
    core_changes,
    links_of,
    named,
)
from graph.types.payloads import ProfilePayload, answer
from graph.types.scalars import CustomValues


@exposes(model.Profile)
@strawberry.input(description="A new profile.")
class CreateProfileInput:
    name: PersonNameInput | None = strawberry.field(default=UNSET, description="The name.")
    birth_date: date | None = strawberry.field(default=UNSET, description="Date of birth.")
    gender: str | None = strawberry.field(default=UNSET, description="Gender, as they state it.")
    language: str | None = strawberry.field(default=UNSET, description="Language tag (BCP 47).")
    identities: list[IdentityInput] | None = strawberry.field(
        default=UNSET, description="How the person is recognised."
    )
    links: list[LinkInput] | None = strawberry.field(
        default=UNSET, description="The CRM records this person is."
    )
    custom: CustomValues | None = strawberry.field(
        default=UNSET, description="Values of custom fields by key."
    )


async def create_profile(info: GatewayInfo, input: CreateProfileInput) -> ProfilePayload:
    """Keep a new profile with its identities, all or nothing."""
    wiring, plan = info.context.wiring, info.context.plan
    core = core_changes(info, input.name, input.birth_date, input.gender, input.language)
    name = model.PersonName(given=_text(core, "name.given"), family=_text(core, "name.family"))
    birth_date = core.get("birth_date")
    profile = model.Profile(
        id=new_id(),
        version=1,
        state=model.ProfileState.IDENTIFIED,
        created_at=wiring.now(),
        updated_at=wiring.now(),
        name=name if name.full else None,
        birth_date=birth_date if isinstance(birth_date, date) else None,
        gender=_text(core, "gender"),
        language=_text(core, "language"),
        links=links_of(input.links),
        custom=_custom(input.custom, info),
    )
    identities = [named(item, info) for item in input.identities or ()]
    await wiring.profiles.create(profile, identities, plan.access.scope)
    return await answer(info, profile.id)


def _text(core: dict[str, object], name: str) -> str | None:
    value = core.get(name)
    return value if isinstance(value, str) else None


def _custom(values: CustomValues | None, info: GatewayInfo) -> dict[str, object]:
    parsed = parse_custom(values or {}, info.context.plan.customer_schema)
    return {key: value for key, value in parsed.items() if value is not None}
