"""What is told of interactions."""

from dataclasses import replace
from datetime import datetime
from typing import Any

import strawberry
from strawberry import UNSET

from graph.context import GatewayInfo
from graph.model import interaction as model
from graph.model.channel import Channel
from graph.model.ids import new_id
from graph.types.access import STRUCTURE, exposes
from graph.types.inputs import sent


@exposes(model.Interaction)
@strawberry.input(description="A conversation that begins now, or began just now.")
class OpenInteractionInput:
    kind: model.InteractionKind = strawberry.field(
        description="What it is.", directives=[STRUCTURE]
    )
    direction: model.Direction | None = strawberry.field(
        default=UNSET, description="Who began.", directives=[STRUCTURE]
    )
    queue: str | None = strawberry.field(
        default=UNSET, description="The queue it came through.", directives=[STRUCTURE]
    )
    external_id: str | None = strawberry.field(
        default=UNSET,
        description="Its id in your system: what has the same one is the same interaction.",
        directives=[STRUCTURE],
    )
    started_at: datetime | None = strawberry.field(
        default=UNSET, description="When it began; now unless told.", directives=[STRUCTURE]
    )
    agent: strawberry.ID | None = strawberry.field(
        default=UNSET, description="Who serves the customer; you, while it is open, unless told."
    )
    source: str | None = strawberry.field(
        default=UNSET, description="The system that tells; your client unless told."
    )


@exposes(model.Interaction)
@strawberry.input(description="A conversation or an activity, as far as it is known.")
class InteractionInput(OpenInteractionInput):
    ended_at: datetime | None = strawberry.field(
        default=UNSET, description="When it ended.", directives=[STRUCTURE]
    )
    outcome: str | None = strawberry.field(
        default=UNSET, description="How it ended.", directives=[STRUCTURE]
    )
    topics: list[str] | None = strawberry.field(
        default=UNSET, description="What it was about, in key words."
    )
    subject: str | None = strawberry.field(
        default=UNSET, description="What it was about, in a line."
    )
    summary: str | None = strawberry.field(default=UNSET, description="What was said, in short.")
    transcript: str | None = strawberry.field(
        default=UNSET, description="Where what was said can be read."
    )
    recording: str | None = strawberry.field(
        default=UNSET, description="Where the recording of it is."
    )


def opened_interaction(
    info: GatewayInfo, given: OpenInteractionInput, channel: Channel
) -> model.Interaction:
    """A new interaction on a channel, open; raises `BadValue` for what it can't hold."""
    return model.checked_interaction(_begun(info, given, channel), info.context.wiring.now())


def new_interaction(
    info: GatewayInfo, given: InteractionInput, channel: Channel | None
) -> model.Interaction:
    """An interaction with all that is told of it; raises `BadValue` for what it can't hold."""
    item = _begun(info, given, channel, sent(given.ended_at))
    topics = sent(given.topics)
    told: dict[str, Any] = {
        name: sent(getattr(given, name))
        for name in ("outcome", "subject", "summary", "transcript", "recording")
    }
    whole = replace(item, topics=None if topics is None else tuple(topics), **told)
    return model.checked_interaction(whole, info.context.wiring.now())


def _begun(
    info: GatewayInfo,
    given: OpenInteractionInput,
    channel: Channel | None,
    ended_at: datetime | None = None,
) -> model.Interaction:
    principal = info.context.principal
    agent = sent(given.agent)
    is_open = ended_at is None and given.kind in model.CONVERSATIONS
    return model.Interaction(
        id=new_id(),
        kind=given.kind,
        channel=channel,
        direction=sent(given.direction),
        started_at=sent(given.started_at),
        ended_at=ended_at,
        agent=agent or (principal.subject if is_open else None),
        queue=sent(given.queue),
        source=sent(given.source) or principal.client or principal.subject,
        external_id=sent(given.external_id),
        is_vouched=True if agent and info.context.asking.may_vouch else None,
    )
