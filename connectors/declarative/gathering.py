"""Gathers tags, segments and activities of records."""

import asyncio
from collections.abc import Sequence

from connectors.abilities import Fact, FactKind
from connectors.base import Call
from connectors.declarative.asking import Asker
from connectors.declarative.describing import paged
from connectors.declarative.document import FactsPart
from connectors.declarative.instants import instant
from connectors.declarative.records import names_of, text_of
from connectors.errors import BadPayload

Facts = dict[str, list[Fact]]


async def gathered(
    asker: Asker,
    object: str,
    kind: FactKind,
    part: FactsPart,
    call: Call,
    ids: Sequence[str],
    at_once: int,
) -> Facts:
    """The facts of one kind, of each of `ids` that has some, in the order they came."""
    turn = asyncio.Semaphore(at_once)

    async def told(batch: Sequence[str]) -> Facts:
        async with turn:
            return await _batch(asker, object, kind, part, call, batch)

    batches = [ids[at : at + part.batch] for at in range(0, len(ids), part.batch)]
    found: Facts = {}
    for one in await asyncio.gather(*map(told, batches)):
        for id_, facts in one.items():
            found.setdefault(id_, []).extend(facts)
    return found


async def _batch(
    asker: Asker, object: str, kind: FactKind, part: FactsPart, call: Call, ids: Sequence[str]
) -> Facts:
    scope = {"object": object, "ids": list(ids), "id": ids[0]}
    found: Facts = {}
    async for row in paged(asker, call, part.request, scope, part.select, part.next):
        facts = [_fact(asker, kind, part, item) for item in asker.rows(part.each, row)]
        for owner in _owners(asker, part, row, ids):
            found.setdefault(owner, []).extend(facts)
    return found


def _owners(asker: Asker, part: FactsPart, row: object, ids: Sequence[str]) -> list[str]:
    """Whose facts a row has; a list of owners may have others in it, a single one is asked for."""
    told = asker.found(part.of, row)
    owners = [owner for owner in names_of(told) if owner in ids]
    if not owners and not isinstance(told, list):
        raise BadPayload(asker.source, "a fact belongs to a record that was not asked for")
    return owners


def _fact(asker: Asker, kind: FactKind, part: FactsPart, item: object) -> Fact:
    id_ = text_of(asker.found(part.id, item))
    if id_ is None:
        raise BadPayload(asker.source, f"a fact has no `{part.id.text}`")
    try:
        at = instant(asker.found(part.at, item))
    except ValueError:
        raise BadPayload(asker.source, "a fact's `at` is not an instant") from None
    return Fact(kind, id_, text_of(asker.found(part.name, item)), part.type, at)
