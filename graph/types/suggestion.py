"""Possible duplicates, as clients see them."""

from typing import TYPE_CHECKING, Annotated

import strawberry

from graph.model.comparison import Level
from graph.types.access import STRUCTURE

if TYPE_CHECKING:
    from graph.types.paging import PageInfo
    from graph.types.profile import Profile

_Profile = Annotated["Profile", strawberry.lazy("graph.types.profile")]
strawberry.enum(
    Level,
    name="AgreementLevel",
    description=(
        "How far two values agree: EXACT, SWAPPED (day and month, or the two names), CLOSE (an"
        " edit or so), SIMILAR, DIFFERENT, or MISSING where one of them isn't known."
    ),
)


@strawberry.type(
    description="How far one attribute of two profiles agrees; never what it holds.",
    directives=[STRUCTURE],
)
class Agreement:
    attribute: str = strawberry.field(
        description="The attribute, such as `name.given` or `custom.KEY`; or phone, email, account."
    )
    level: Level = strawberry.field(description="How far it agrees.")
    weight: float = strawberry.field(
        description="What that weighs: log2 of how much likelier it is of one person than of two."
    )


@strawberry.type(
    description="Somebody who may be the same person, by what you may see of both.",
    directives=[STRUCTURE],
)
class Suggestion:
    profile: _Profile | None = strawberry.field(description="The other profile.")
    score: float = strawberry.field(description="Probability that they are one person, 0 to 1.")
    weight: float = strawberry.field(
        description="log2 of the odds: all agreements' weights, and that of knowing nothing."
    )
    agreements: list[Agreement] = strawberry.field(description="Why, attribute by attribute.")


@strawberry.type(
    description="Two profiles that may be one person, for somebody to decide.",
    directives=[STRUCTURE],
)
class SuggestedPair:
    profile: _Profile | None = strawberry.field(description="The one that was there first.")
    suggestion: Suggestion = strawberry.field(description="The other one, and why.")


@strawberry.type(description="A pair in its place in the queue.", directives=[STRUCTURE])
class SuggestionEdge:
    cursor: str = strawberry.field(description="The item's place.")
    node: SuggestedPair = strawberry.field(description="The pair.")


@strawberry.type(description="A page of the queue, the likeliest first.", directives=[STRUCTURE])
class SuggestionConnection:
    edges: list[SuggestionEdge] = strawberry.field(description="The items of the page.")
    page_info: Annotated["PageInfo", strawberry.lazy("graph.types.paging")] = strawberry.field(
        description="Where the page stands."
    )
