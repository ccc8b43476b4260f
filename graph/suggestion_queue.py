"""A page of the queue of possible duplicates."""

import asyncio
from typing import Any

from graph.context import Context
from graph.errors import BadInput
from graph.match_ports import Duplicate
from graph.matches import explained, is_all_open, shown
from graph.model.match_weights import LEAST_SCORE, Judgement, weight_of
from graph.pages import page_size
from graph.types.paging import PageInfo
from graph.types.suggestion import SuggestedPair, SuggestionConnection, SuggestionEdge


async def page_of_queue(
    context: Context, min_score: float | None, first: int | None, after: str | None
) -> SuggestionConnection:
    """The likeliest pairs that nobody has decided, as far as the asker may see them.

    Who may not see everything that is compared gets them in an order that tells nothing of it, and
    `min_score` counts by what they see.  A page may be shorter than asked for: who is one profile
    by now isn't told of, nor who is too unlikely.
    """
    least = LEAST_SCORE if min_score is None else min_score
    if not 0 <= least <= 1:
        raise BadInput("minScore: expected 0 to 1.")
    size, matches, scope = page_size(first), context.wiring.matches, context.plan.access.scope
    by_weight = weight_of(least) if is_all_open(context) else None
    found = await matches.queue(scope, by_weight, first=size + 1, after=after)
    weights = await matches.weights(scope)
    judged = [(one, explained(one.levels, weights, context)) for one in found[:size]]
    edges = await asyncio.gather(*(_edge(context, one, judgement) for one, judgement in judged))
    likely = list(edges)
    if by_weight is None:
        likely = [edge for edge in edges if edge.node.suggestion.score >= least]
        likely.sort(key=lambda edge: -edge.node.suggestion.score)
    return SuggestionConnection(
        edges=[edge for edge in likely if _are_two(edge)],
        page_info=PageInfo(
            has_next_page=len(found) > size,
            has_previous_page=after is not None,
            start_cursor=edges[0].cursor if edges else None,
            end_cursor=edges[-1].cursor if edges else None,
        ),
    )


def _are_two(edge: SuggestionEdge) -> bool:
    """Whether a pair is still two profiles: neither is gone, nor were they merged meanwhile."""
    one, other = edge.node.profile, edge.node.suggestion.profile
    return one is not None and other is not None and one.id != other.id


async def _edge(context: Context, pair: Duplicate, judgement: Judgement) -> SuggestionEdge:
    one, other = pair.profiles
    profile: Any
    suggestion: Any
    profile, suggestion = await asyncio.gather(
        context.profiles.load(one), shown(context, other, judgement)
    )
    return SuggestionEdge(
        cursor=pair.cursor, node=SuggestedPair(profile=profile, suggestion=suggestion)
    )
