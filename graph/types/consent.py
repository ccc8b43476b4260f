"""Consents, and whether somebody may be contacted, as clients see them."""

from datetime import datetime

import strawberry

from graph.context import GatewayInfo
from graph.model import consent as model
from graph.model import contact
from graph.types.access import access, exposes
from policies.classification import DataClass


@exposes(model.Consent)
@strawberry.type(description="What the person said about one purpose.")
class Consent:
    id: strawberry.ID = strawberry.field(description="Random id of the statement.")
    is_current: bool = strawberry.field(
        description="Whether no later statement has taken its place."
    )
    purpose: str | None = strawberry.field(description="What it is about, such as marketing.")
    status: model.ConsentStatus | None = strawberry.field(description="What the person said.")
    given_at: datetime | None = strawberry.field(description="When the person said so.")
    recorded_at: datetime | None = strawberry.field(description="When it was written down.")
    expires_at: datetime | None = strawberry.field(description="When it ceases to be granted.")
    jurisdiction: str | None = strawberry.field(
        description="Whose law it was given under: a country, part of one, or EU."
    )
    proof: str | None = strawberry.field(
        description="What proves it: a text, or where that is kept."
    )
    source: str | None = strawberry.field(description="The client that told us.")
    by: str | None = strawberry.field(description="Who wrote it down.")

    @strawberry.field(
        description="Whether it is granted now: not denied, revoked, expired or former.",
        directives=[access(DataClass.BEHAVIOURAL)],
    )
    def is_granted(self, info: GatewayInfo, root: strawberry.Parent[model.Consent]) -> bool | None:
        if root.status is None:  # masked
            return None
        granted = model.worth(root, info.context.wiring.now()) is model.Worth.GRANTED
        return root.is_current and granted


@exposes(contact.ContactPermission)
@strawberry.type(description="Whether the person may be contacted, and why.")
class ContactPermission:
    allowed: bool | None = strawberry.field(description="Yes or no, at this instant.")
    reason: contact.ContactReason | None = strawberry.field(description="Why.")
