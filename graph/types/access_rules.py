"""A tenant's own access rules, as clients see them."""

from datetime import datetime

import strawberry

from graph.types.access import STRUCTURE


@strawberry.type(
    description="What a tenant has changed of who may see what.", directives=[STRUCTURE]
)
class AccessRules:
    text: str = strawberry.field(
        description="TOML in the form of policies/matrix.toml: what it names takes the place of"
        " what is shipped, all else stays."
    )
    revision: int = strawberry.field(description="Counts the changes; 0 where there are none.")
    by: str | None = strawberry.field(description="Subject of who wrote it.")
    at: datetime | None = strawberry.field(description="When it came into force.")
