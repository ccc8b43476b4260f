"""Where a page stands, the same in every connection."""

import strawberry

from graph.types.access import STRUCTURE


@strawberry.type(description="Where a page stands in its list.", directives=[STRUCTURE])
class PageInfo:
    has_next_page: bool = strawberry.field(description="Whether more follow.")
    has_previous_page: bool = strawberry.field(
        description="Whether the page has a cursor before it."
    )
    start_cursor: str | None = strawberry.field(description="Cursor of the first item.")
    end_cursor: str | None = strawberry.field(
        description="Cursor of the last item: `after` of the next page."
    )
