"""History as clients see it: who changed what, as far as they may see the values."""

from datetime import datetime

import strawberry

from graph.model import history as model
from graph.model.survivorship import Reason
from graph.types.access import STRUCTURE, exposes
from graph.types.paging import PageInfo
from graph.types.scalars import CustomValue


@strawberry.type(
    description=(
        "What an attribute was and is; of a collection, the items that went and those that came."
        "  Values are protected by the data class of their attribute, decided for each."
    ),
    directives=[STRUCTURE],
)
class ValueChange:
    attribute: str = strawberry.field(
        description="The attribute as queries name it, such as `birthDate` or `custom.tier`."
    )
    before: CustomValue | None = strawberry.field(description="What it was.")
    after: CustomValue | None = strawberry.field(description="What it is since.")
    masked: bool = strawberry.field(description="Whether you may see no more than masks.")


@strawberry.type(
    description="Whose value of an attribute a merged profile shows, and why.",
    directives=[STRUCTURE],
)
class Survival:
    attribute: str = strawberry.field(description="The attribute as queries name it.")
    profile_id: strawberry.ID = strawberry.field(description="Whose value it shows.")
    reason: Reason = strawberry.field(description="The rule, or what took its place.")


@strawberry.type(description="A merge of two profiles, or its end.", directives=[STRUCTURE])
class MergeNote:
    id: strawberry.ID = strawberry.field(description="The merge.")
    other_id: strawberry.ID = strawberry.field(description="The other profile.")
    survivals: list[Survival] = strawberry.field(
        description="Whose values survived, where they differed and you may know the attribute."
    )


@exposes(model.HistoryEntry)
@strawberry.type(description="One change of one profile.")
class HistoryEntry:
    profile_id: strawberry.ID = strawberry.field(
        description="The profile that was changed: this one, or one that is part of it."
    )
    version: int = strawberry.field(description="The version that the change made.")
    at: datetime = strawberry.field(description="When it was changed.")
    kind: model.HistoryKind = strawberry.field(description="What happened.")
    by: str | None = strawberry.field(description="Who did it: a subject at their issuer.")
    source: str | None = strawberry.field(description="Through which client or CRM source.")
    merge: MergeNote | None = strawberry.field(description="The merge, where it was one.")
    changes: list[ValueChange] = strawberry.field(
        description="What was changed, of what you may see."
    )


@strawberry.type(description="A change in its place in a history.", directives=[STRUCTURE])
class HistoryEdge:
    cursor: str = strawberry.field(description="The item's place.")
    node: HistoryEntry = strawberry.field(description="The change.")


@strawberry.type(description="A page of history, the newest first.", directives=[STRUCTURE])
class HistoryConnection:
    edges: list[HistoryEdge] = strawberry.field(description="The items of the page.")
    page_info: PageInfo = strawberry.field(description="Where the page stands.")
