from typing import Any

import strawberry

from graph.context import GatewayInfo
from graph.model import preference as model
from graph.model.channel import Channel
from graph.model.profile import Profile
from graph.types.access import STRUCTURE, access, speaks_of
from graph.types.inputs import sent
from graph.types.payloads import ProfilePayload, answer
from policies.classification import DataClass

_CONTACT = access(DataClass.CONTACT)


@speaks_of(model.ContactTime)
@strawberry.input(
    description="When contact is welcome, in the person's time zone.", directives=[_CONTACT]
)
class ContactTimeInput:
    days: list[model.Weekday] | None = strawberry.field(
        default=strawberry.UNSET, description="On these days; on every day unless told."
    )
    begin: str = strawberry.field(default="00:00", description="From this time of day.")
    end: str = strawberry.field(
        default="24:00", description="Until this time of day, behind `begin`."
    )


@speaks_of(model.Exclusion)
@strawberry.input(
    description="No contact on this channel, or for this purpose, or for both.",
    directives=[_CONTACT],
)
class ContactExclusionInput:
    channel: Channel | None = strawberry.field(
        default=strawberry.UNSET, description="The channel; any unless told."
    )
    purpose: str | None = strawberry.field(
        default=strawberry.UNSET, description="The purpose; any unless told."
    )


@speaks_of(model.Preferences)
@strawberry.input(
    description="How a person wants to be contacted: what isn't sent isn't touched, null clears.",
    directives=[_CONTACT],
)
class SetPreferenceInput:
    profile_id: strawberry.ID = strawberry.field(description="The profile.", directives=[STRUCTURE])
    channels: list[Channel] | None = strawberry.field(
        default=strawberry.UNSET, description="All preferred channels, the first choice first."
    )
    language: str | None = strawberry.field(
        default=strawberry.UNSET, description="Language tag (BCP 47)."
    )
    time_zone: str | None = strawberry.field(
        default=strawberry.UNSET, description="IANA name, such as Europe/Vienna."
    )
    times: list[ContactTimeInput] | None = strawberry.field(
        default=strawberry.UNSET, description="All times when contact is welcome."
    )
    do_not_contact: bool | None = strawberry.field(
        default=strawberry.UNSET, description="No contact at all."
    )
    exclusions: list[ContactExclusionInput] | None = strawberry.field(
        default=strawberry.UNSET, description="All channels and purposes they don't want."
    )
    if_version: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="Refuse with VERSION_MISMATCH when the profile has another version.",
        directives=[STRUCTURE],
    )


async def set_preference(info: GatewayInfo, input: SetPreferenceInput) -> ProfilePayload:
    """Change what is sent of a profile's preferences, leave the rest."""
    principal, now = info.context.principal, info.context.wiring.now()
    told: dict[str, Any] = {
        "at": now,
        "source": principal.client or principal.subject,
        "by": principal.subject,
    }
    changes = model.checked_preferences(_sent(input, told))
    said = model.Said(attribute=None, **told)

    def revise(profile: Profile) -> dict[str, object]:
        held = profile.preferences or model.Preferences()
        then = model.preferring(held, changes, said)
        return {} if then is held else {"preferences": then}

    await info.context.wiring.profiles.revise(
        input.profile_id,
        frozenset({"preferences", "preferences.language"}),
        revise,
        info.context.plan.access.scope,
        sent(input.if_version),
        info.context.author,
    )
    return await answer(info, input.profile_id)


def _sent(input: SetPreferenceInput, told: dict[str, Any]) -> dict[str, Any]:
    given: dict[str, Any] = {
        "channels": input.channels,
        "language": input.language,
        "time_zone": input.time_zone,
        "do_not_contact": input.do_not_contact,
    }
    if input.times is not strawberry.UNSET:
        given["times"] = [
            model.ContactTime(days=tuple(sent(one.days) or ()), begin=one.begin, end=one.end)
            for one in input.times or ()
        ]
    if input.exclusions is not strawberry.UNSET:
        given["exclusions"] = [
            model.Exclusion(channel=sent(one.channel), purpose=sent(one.purpose), **told)
            for one in input.exclusions or ()
        ]
    return {name: value for name, value in given.items() if value is not strawberry.UNSET}
