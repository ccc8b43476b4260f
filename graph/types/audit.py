"""The record of access, as clients see it."""

from datetime import datetime

import strawberry

from graph.audit_ports import AuditQuery
from graph.context import GatewayInfo
from graph.model import audit as model
from graph.types.access import STRUCTURE, exposes
from graph.types.paging import PageInfo
from policies.asking import Assurance
from policies.standing import Purpose, Relation


@exposes(model.AuditEvent)
@strawberry.type(
    description="One act: who did what, with which fields of whom, and why.  It holds no values."
)
class AuditEvent:
    id: strawberry.ID = strawberry.field(description="What the event is called: random.")
    at: datetime = strawberry.field(description="When it was done.")
    action: model.AuditAction = strawberry.field(description="What was done.")
    profile_id: strawberry.ID | None = strawberry.field(description="With whose profile.")
    actor: str | None = strawberry.field(description="Who did it: a subject at their issuer.")
    client: str | None = strawberry.field(description="The program that they used.")
    roles: list[str] | None = strawberry.field(description="Their roles that the matrix knows.")
    clear: list[str] | None = strawberry.field(
        description="Fields given in clear, such as `Identity.value` or `custom.tier`."
    )
    masked: list[str] | None = strawberry.field(description="Fields given as masks.")
    withheld: list[str] | None = strawberry.field(description="Fields asked for in vain.")
    reason: str | None = strawberry.field(description="Why, in their words.")
    ticket: str | None = strawberry.field(description="The case that it belongs to.")
    note: str | None = strawberry.field(description="What a reviewer wrote.")
    grant_id: strawberry.ID | None = strawberry.field(description="The emergency it is about.")
    verdict: model.Verdict | None = strawberry.field(description="What a review says.")
    purpose: Purpose | None = strawberry.field(description="What the request was for.")
    relation: Relation | None = strawberry.field(
        description="What linked them to the customer at that moment."
    )
    assurance: Assurance | None = strawberry.field(
        description="How sure the gateway was of who asked."
    )
    matrix_version: int | None = strawberry.field(
        description="Version of the shipped matrix that decided."
    )
    matrix_revision: int | None = strawberry.field(
        description="Revision of the tenant's own rules; 0: it had none."
    )
    operation: str | None = strawberry.field(description="Name of the operation.")
    document_hash: str | None = strawberry.field(
        description="SHA-256 of the GraphQL document, as hexadecimal."
    )


@strawberry.type(description="An event in its place in the record.", directives=[STRUCTURE])
class AuditEventEdge:
    cursor: str = strawberry.field(description="The item's place.")
    node: AuditEvent = strawberry.field(description="The event.")


@strawberry.type(
    description="A page of the record of access, the newest first.", directives=[STRUCTURE]
)
class AuditEventConnection:
    edges: list[AuditEventEdge] = strawberry.field(description="The items of the page.")
    page_info: PageInfo = strawberry.field(description="Where the page stands.")
    asked: strawberry.Private[AuditQuery]

    @strawberry.field(description="How many events there are; counted when selected.")
    async def total_count(self, info: GatewayInfo) -> int:
        context = info.context
        return await context.wiring.audit.count(self.asked, context.plan.access.scope)
