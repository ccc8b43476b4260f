"""Tells what changed, page by page."""

from collections.abc import Collection
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any, Final

import orjson

from connectors.abilities import Change, ChangeKind, ChangePage
from connectors.base import Call
from connectors.declarative.asking import Asker, holds, told_of, unwritable
from connectors.declarative.document import ChangesPart, ObjectPart
from connectors.declarative.encodings import Unwritable
from connectors.declarative.records import asked_for, record_of, text_of
from connectors.errors import BadPayload, CursorExpired

_LONGEST_CURSOR: Final = 4_096
_FORM: Final = "file-1:"  # what another connector made is no cursor of a file's


async def changed(
    asker: Asker,
    object: str,
    part: ObjectPart,
    changes: ChangesPart,
    call: Call,
    cursor: str | None,
    attributes: Collection[str],
) -> ChangePage:
    """See `connectors.abilities.TellsChanges`."""
    known = _opened(asker, cursor)
    now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
    scope = {"object": object, "cursor": known, "now": now, **asked_for(part, attributes)}
    try:
        reply = await asker.ask(call, changes.request, scope)
    except Unwritable as error:
        raise unwritable(asker.source, error) from None
    rows = asker.rows(changes.select, reply.body)
    told = {
        **told_of(reply),
        "rows": rows,
        "last": rows[-1] if rows else None,
        "cursor": known,
        "now": now,
    }
    following = asker.found(changes.next, told)
    return ChangePage(
        [_change(asker, object, part, changes, row, attributes) for row in rows],
        _sealed(asker, known if following is None else following),
        holds(asker.found(changes.last, told)),
    )


def _change(
    asker: Asker,
    object: str,
    part: ObjectPart,
    changes: ChangesPart,
    row: object,
    attributes: Collection[str],
) -> Change:
    if not isinstance(row, dict):
        raise BadPayload(asker.source, "a row is not an object")
    record = record_of(asker, part, row, attributes)
    if into := text_of(asker.found(changes.into, row)):
        kind, kept = ChangeKind.MERGED, None
    elif holds(asker.found(changes.deleted, row)):
        kind, kept = ChangeKind.DELETED, None
    else:
        kind, kept = ChangeKind.UPSERTED, record
    return Change(kind, object, record.id, record.modified_at, kept, into)


def _opened(asker: Asker, cursor: str | None) -> Any:  # noqa: ANN401 - what a file made it of
    if cursor is None:
        return None
    if cursor.startswith(_FORM):
        with suppress(orjson.JSONDecodeError):
            return orjson.loads(cursor.removeprefix(_FORM))
    raise CursorExpired(asker.source, "the cursor is of another kind")


def _sealed(asker: Asker, cursor: object) -> str:
    text = _FORM + orjson.dumps(cursor).decode()
    if len(text.encode()) > _LONGEST_CURSOR:
        raise BadPayload(asker.source, f"a cursor is longer than {_LONGEST_CURSOR} bytes")
    return text
