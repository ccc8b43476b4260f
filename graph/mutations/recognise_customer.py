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
from graph.types.inputs import IdentityNameInput, named
from graph.types.profile import Profile


@exposes(Identity)
@strawberry.input(description="Somebody who reaches the business on a channel.")
class RecogniseCustomerInput(IdentityNameInput):
    pass


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
    schema = context.plan.customer_schema
    custom = with_defaults({}, schema, is_identified=False)
    anonymous = model.Profile(
        id=new_id(), version=1, created_at=now, updated_at=now, custom=placed(custom, schema)
    )
    found, is_new = await context.wiring.profiles.recognise(
        anonymous,
        findable(custom, schema),
        named(input, info, is_primary=True),
        context.plan.access.scope,
        context.author,
    )
    context.profiles.forget(found)
    profile: Any = await context.profiles.load(found)
    outcome = IdentificationOutcome.UNKNOWN if is_new else IdentificationOutcome.KNOWN
    return RecogniseCustomerPayload(outcome=outcome, profile=profile)
