from typing import Any

import strawberry

from graph.context import GatewayInfo
from graph.kinds.changes import placed, with_defaults
from graph.kinds.search import findable
from graph.model import profile as model
from graph.model.identity import Identity
from graph.model.ids import new_id
from graph.queries import IdentificationOutcome, outcome_of
from graph.types.access import STRUCTURE, access, exposes
from graph.types.ambiguity import suggested
from graph.types.inputs import IdentityNameInput, named, sent
from graph.types.interaction import Interaction
from graph.types.interaction_inputs import OpenInteractionInput, opened_interaction
from graph.types.profile import Profile
from graph.types.suggestion import Suggestion
from graph.views import root_key
from policies.classification import DataClass


@exposes(Identity)
@strawberry.input(description="Somebody who reaches the business on a channel.")
class RecogniseCustomerInput(IdentityNameInput):
    interaction: OpenInteractionInput | None = strawberry.field(
        default=strawberry.UNSET,
        description=(
            "The conversation that begins with it; it is kept or none of it all.  Where it is"
            " ambiguous whose it is, it isn't kept."
        ),
        directives=[STRUCTURE],
    )
    create_when_ambiguous: bool = strawberry.field(
        default=False,
        description=(
            "Where several share the identity, create an anonymous profile that shares it too: a"
            " new one with each call."
        ),
        directives=[access(DataClass.CONTACT)],
    )


@strawberry.type(description="Who it is.", directives=[STRUCTURE])
class RecogniseCustomerPayload:
    outcome: IdentificationOutcome = strawberry.field(
        description=(
            "KNOWN; UNKNOWN when an anonymous profile was created just now; AMBIGUOUS when several"
            " share the identity."
        )
    )
    profile: Profile | None = strawberry.field(
        description="Their profile; where it is ambiguous, none unless one was created."
    )
    suggestions: list[Suggestion] = strawberry.field(
        description="Who it may be, where several share the identity: 10 at most."
    )
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
        and_share=input.create_when_ambiguous,
    )
    profile: Any = None
    if found.profile is not None:
        context.profiles.forget(found.profile)
        profile = await context.profiles.load(found.profile, root_key(info.path))
    opened: Any = None
    if found.interaction:
        opened = await context.timelines.interaction(found.interaction)
    suggestions = await suggested(info, found.sharing)
    return RecogniseCustomerPayload(
        outcome=outcome_of(is_known=not found.is_new, is_shared=bool(suggestions)),
        profile=profile,
        suggestions=suggestions,
        interaction=opened,
    )
