from datetime import datetime

import strawberry

from graph.context import GatewayInfo
from graph.model import consent as model
from graph.model.ids import new_id
from graph.model.profile import Profile
from graph.types.access import STRUCTURE, access, speaks_of
from graph.types.inputs import sent
from graph.types.payloads import ProfilePayload, answer
from policies.classification import DataClass

_CONTACT = access(DataClass.CONTACT)


@speaks_of(model.Consent)
@strawberry.input(
    description="What a person said about one purpose.  Who may set how to contact them, may.",
    directives=[STRUCTURE],
)
class RecordConsentInput:
    profile_id: strawberry.ID = strawberry.field(description="The profile.")
    purpose: str = strawberry.field(
        description="A key such as marketing; case doesn't count.", directives=[_CONTACT]
    )
    status: model.ConsentStatus = strawberry.field(
        description="What they said.", directives=[_CONTACT]
    )
    given_at: datetime | None = strawberry.field(
        default=strawberry.UNSET,
        description="When they said so; now unless told.",
        directives=[_CONTACT],
    )
    expires_at: datetime | None = strawberry.field(
        default=strawberry.UNSET,
        description="When it ceases to be granted; never unless told.",
        directives=[_CONTACT],
    )
    jurisdiction: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="Whose law it is given under, such as DE, US-CA or EU.",
        directives=[_CONTACT],
    )
    proof: str | None = strawberry.field(
        default=strawberry.UNSET,
        description="What proves it: a text, or where that is kept.",
        directives=[_CONTACT],
    )
    if_version: int | None = strawberry.field(
        default=strawberry.UNSET,
        description="Refuse with VERSION_MISMATCH when the profile has another version.",
    )


async def record_consent(info: GatewayInfo, input: RecordConsentInput) -> ProfilePayload:
    """Add a statement to a profile; one that was recorded already changes nothing."""
    new, is_dated = _consent(info, input), bool(sent(input.given_at))

    def revise(profile: Profile) -> dict[str, object]:
        held = profile.consents or ()
        then = model.recorded(held, new, is_dated=is_dated)
        return {} if then is held else {"consents": then}

    await info.context.wiring.profiles.revise(
        input.profile_id,
        frozenset({"consents", "consents.proof"}),
        revise,
        info.context.plan.access.scope,
        sent(input.if_version),
        info.context.author,
    )
    return await answer(info, input.profile_id)


def _consent(info: GatewayInfo, input: RecordConsentInput) -> model.Consent:
    now, principal = info.context.wiring.now(), info.context.principal
    given = model.Consent(
        id=new_id(),
        purpose=input.purpose,
        status=input.status,
        given_at=sent(input.given_at),
        recorded_at=now,
        expires_at=sent(input.expires_at),
        jurisdiction=sent(input.jurisdiction),
        proof=sent(input.proof),
        source=info.context.author.source,
        by=principal.subject,
    )
    return model.checked_consent(given, now)
