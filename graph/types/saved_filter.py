from datetime import datetime

import strawberry

from graph.types.access import STRUCTURE


@strawberry.type(description="A filter of yours.", directives=[STRUCTURE])
class SavedFilter:
    name: str = strawberry.field(description="What you call it.")
    saved_at: datetime = strawberry.field(description="When you saved it.")
