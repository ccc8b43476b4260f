from typing import Any

import strawberry

from graph.conditions import filter_of
from graph.context import GatewayInfo
from graph.errors import BadInput
from graph.saved_filters import kept_filter
from graph.types.access import STRUCTURE
from graph.types.filter import ProfileFilter
from graph.types.saved_filter import SavedFilter

_LONGEST = 50


@strawberry.input(description="A filter to use again.", directives=[STRUCTURE])
class SaveFilterInput:
    name: str = strawberry.field(description="What you call it, up to 50 characters.")
    where: ProfileFilter = strawberry.field(description="What it narrows a list by.")


@strawberry.input(description="A saved filter that isn't needed any more.", directives=[STRUCTURE])
class RemoveFilterInput:
    name: str = strawberry.field(description="What you call it.")


@strawberry.type(description="Your filters after a change.", directives=[STRUCTURE])
class SavedFiltersPayload:
    saved_filters: list[SavedFilter] = strawberry.field(description="All of them, by name.")


async def save_filter(info: GatewayInfo, input: SaveFilterInput) -> SavedFiltersPayload:
    """Keep a filter under a name of yours, in place of what had it before."""
    context, name = info.context, input.name.strip()
    if not 1 <= len(name) <= _LONGEST or not name.isprintable():
        raise BadInput(f"name: expected 1 to {_LONGEST} printable characters.")
    schema = context.visible.customer_schema
    kept = kept_filter(filter_of(input.where, schema), schema)
    principal = context.principal
    await context.wiring.filters.save(principal.tenant, principal.subject, name, kept)
    return await _answer(info)


async def remove_filter(info: GatewayInfo, input: RemoveFilterInput) -> SavedFiltersPayload:
    """Forget a filter of yours."""
    principal = info.context.principal
    filters = info.context.wiring.filters
    await filters.remove(principal.tenant, principal.subject, input.name.strip())
    return await _answer(info)


async def _answer(info: GatewayInfo) -> SavedFiltersPayload:
    principal = info.context.principal
    shown: Any = await info.context.wiring.filters.all_of(principal.tenant, principal.subject)
    return SavedFiltersPayload(saved_filters=shown)
