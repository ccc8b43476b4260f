from typing import Any

import strawberry

from graph.context import GatewayInfo
from graph.kinds.changes import placed, with_defaults
from graph.kinds.search import findable
from graph.model import profile as model
from graph.model.identity import Identity
from graph.model.ids import new_id
from graph.queries import IdentificationOutcome
from graph.types.access import STRUCTURE, exposes
from graph.types.inputs import IdentityNameInput, named, sent
from graph.types.interaction import Interaction
from graph.types.interaction_inputs import OpenInteractionInput, opened_interaction
from graph.types.profile import Profile


@exposes(Identity)
@strawberry.input(description="Somebody who reaches the business on a channel.")
class RecogniseCustomerInput(IdentityNameInput):
    interaction: OpenInteractionInput | None = strawberry.field(
        default=strawberry.UNSET,
        description="The conversation that begins with it; it is kept or none of it all.",
        directives=[STRUCTURE],
    )


@strawberry.type(description="Who it is.", directives=[STRUCTURE])
class RecogniseCustomerPayload:
    outcome: IdentificationOutcome = strawberry.field(
        description="KNOWN, or UNKNOWN when an anonymous profile was created just now."
    )
    profile: Profile | None = strawberry.field(description="Their profile.")
    interaction: Interaction | None = strawberry.field(
        description="The conversation that was opened, or that is open under its external id."
    )


async def recognise_customer(
    info: GatewayInfo, input: RecogniseCustomerInput
) -> RecogniseCustomerPayload:
    """Who it is; an anonymous profile when nobody knows.  One atomic call."""
    context = info.context
    now = context.wiring.now()
    schema = context.plan.customer_schema
    custom = with_defaults({}, schema, is_identified=False)
    anonymous = model.Profile(
        id=new_id(), version=1, created_at=now, updated_at=now, custom=placed(custom, schema)
    )
    given = sent(input.interaction)
    opening = opened_interaction(info, given, input.channel) if given else None
    found = await context.wiring.profiles.recognise(
        anonymous,
        findable(custom, schema),
        named(input, info, is_primary=True),
        context.plan.access.scope,
        context.author,
        opening,
    )
    context.profiles.forget(found.profile)
    profile: Any = await context.profiles.load(found.profile)
    opened: Any = None
    if found.interaction:
        opened = await context.timelines.interaction(found.interaction)
    outcome = IdentificationOutcome.UNKNOWN if found.is_new else IdentificationOutcome.KNOWN
    return RecogniseCustomerPayload(outcome=outcome, profile=profile, interaction=opened)
