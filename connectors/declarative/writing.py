"""Changes a record."""

from collections.abc import Collection, Mapping
from copy import deepcopy
from typing import Any

from connectors.base import Call, Key, Record
from connectors.declarative.asking import Asker, unwritable
from connectors.declarative.document import ObjectPart, WritePart
from connectors.declarative.encodings import Unwritable
from connectors.declarative.fetching import reading_of
from connectors.declarative.records import record_of
from connectors.errors import BadPayload, Conflict, SourceError


async def written(  # noqa: PLR0913 - what the ability gets, and whose it is
    asker: Asker,
    object: str,
    part: ObjectPart,
    write: WritePart,
    call: Call,
    id: str,
    values: Mapping[str, Any],
    *,
    if_match: str | None,
    idempotency_key: str | None,
) -> Record:
    """See `connectors.abilities.TakesWrites`."""
    if if_match is not None and not write.minds_the_state:
        raise Conflict(asker.source, "it can't be told to write only what wasn't changed since")
    scope: dict[str, Any] = {
        "object": object,
        "id": id,
        "values": nested(values),
        "if_match": if_match,
        "idempotency_key": idempotency_key,
    }
    if write.whole is not None:
        scope["whole"] = await _whole(asker, object, part, write.whole, call, id, values)
    try:
        reply = await asker.tell(call, write.request, scope, write.conflict)
    except Unwritable as error:
        raise unwritable(asker.source, error) from None
    if write.select is None:
        return await _read_anew(asker, object, part, call, id, values)
    row = asker.found(write.select, reply.body)
    if not isinstance(row, dict):
        raise BadPayload(asker.source, f"`{write.select.text}` is not a record")
    return record_of(asker, part, row, values)


def nested(values: Mapping[str, Any], beside: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Values by dotted names as objects within objects, over what is `beside` them."""
    made: dict[str, Any] = deepcopy(dict(beside or {}))
    for name, value in values.items():
        *steps, last = name.split(".")
        place = made
        for step in steps:
            if not isinstance(place.get(step), dict):
                place[step] = {}
            place = place[step]
        place[last] = value
    return made


async def _read_anew(
    asker: Asker,
    object: str,
    part: ObjectPart,
    call: Call,
    id: str,
    values: Mapping[str, Any],
) -> Record:
    reading = reading_of(asker, object, part, "id")
    [outcome] = (await reading.outcomes(call, [Key("id", id)], [*values], 1)).values()
    if isinstance(outcome, Record):
        return outcome
    if isinstance(outcome, SourceError):
        raise outcome
    raise Conflict(asker.source, "there is no such record")


async def _whole(
    asker: Asker,
    object: str,
    part: ObjectPart,
    left_out: Collection[str],
    call: Call,
    id: str,
    values: Mapping[str, Any],
) -> Mapping[str, Any]:
    row = await reading_of(asker, object, part, "id").row(call, id)
    if row is None:
        raise Conflict(asker.source, "there is no such record")
    return nested(values, {name: value for name, value in row.items() if name not in left_out})
