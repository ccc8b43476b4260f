from typing import Any

import strawberry

from graph.context import GatewayInfo
from graph.model import profile as model
from graph.model.channel import Channel
from graph.model.identity import Identity
from graph.model.ids import new_id
from graph.queries import IdentificationOutcome
from graph.types.access import STRUCTURE, access, exposes
from graph.types.inputs import IdentityInput, named
from graph.types.profile import Profile
from policies.classification import DataClass


@exposes(Identity)
@strawberry.input(description="Somebody who reaches the business on a channel.")
class RecogniseCustomerInput:
    channel: Channel = strawberry.field(
        description="The channel.", directives=[access(DataClass.CONTACT)]
    )
    value: str = strawberry.field(description="Number, address or handle, in any notation.")


@strawberry.type(description="Who it is.", directives=[STRUCTURE])
class RecogniseCustomerPayload:
    outcome: IdentificationOutcome = strawberry.field(
        description="KNOWN, or UNKNOWN when an anonymous profile was created just now."
    )
    profile: Profile | None = strawberry.field(description="Their profile.")


async def recognise_customer(
    info: GatewayInfo, input: RecogniseCustomerInput
) -> RecogniseCustomerPayload:
    """Who it is; an anonymous profile when nobody knows.  One atomic call."""
    context = info.context
    now = context.wiring.now()
    anonymous = model.Profile(id=new_id(), version=1, created_at=now, updated_at=now)
    given = IdentityInput(channel=input.channel, value=input.value, primary=True)
    found, is_new = await context.wiring.profiles.recognise(
        anonymous, named(given, info), context.plan.access.scope
    )
    context.profiles.forget(found)
    profile: Any = await context.profiles.load(found)
    outcome = IdentificationOutcome.UNKNOWN if is_new else IdentificationOutcome.KNOWN
    return RecogniseCustomerPayload(outcome=outcome, profile=profile)
