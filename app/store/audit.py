"""The record of access in MongoDB: documents that are inserted, and never changed or removed.

An event's `_id` is tenant, writer and number: a writer is one run of one gateway, and numbers a
tenant's events from 1, so that a chain can be laid through them.  Whoever is told of an event gets
its `id` instead, which tells nothing of how many there are.  Each event has a key in every
*lane* that it is found by, with the instant upside down, so that the newest comes first.
"""

import asyncio
import re
import secrets
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from app.store.audit_documents import event_document, event_of
from app.store.documents import Document
from app.store.failures import store_failures
from app.store.names import AUDIT, key_of
from app.store.timeline_keys import KEYS, LAST, instant_position
from graph.audit_ports import AuditQuery
from graph.errors import AuditUnavailable, BadInput, StoreUnavailable
from graph.model.audit import AuditEvent
from graph.model.ids import new_id
from policies.plan import Scope

LANES: Final = ("all", "profile", "actor", "both")
_Lane = tuple[str, str]
# Short spans first, for a server that gathers all of a range before it gives the first of it.
_SPANS_MS: Final = tuple(5 * 60_000 * 16**number for number in range(5))
_PLACE: Final = re.compile(r"[0-9]{15}/[0-9a-f]{16}/[0-9]{12}")


class MongoAudit:
    """`graph.audit_ports.Audit` in MongoDB."""

    def __init__(self, database: AsyncDatabase[Document], now: Callable[[], datetime]) -> None:
        self._events = database[AUDIT]
        self._now = now
        self._writer = secrets.token_hex(8)
        self._numbers = Counter[str]()

    async def record(self, event: AuditEvent, scope: Scope) -> str:
        """See `graph.audit_ports.Audit`."""
        self._numbers[scope.tenant] += 1
        made, id_ = f"{self._writer}/{self._numbers[scope.tenant]:012d}", new_id()
        document = {
            "_id": key_of(scope.tenant, made),
            "tenant": scope.tenant,
            KEYS: _keys(scope.tenant, event, made),
            **event_document(replace(event, id=id_)),
        }
        try:
            with store_failures():
                await self._events.insert_one(document)
        except DuplicateKeyError:
            pass  # our own: the driver repeats an insert whose answer was lost
        except StoreUnavailable as error:
            raise AuditUnavailable("This can't be recorded now, so it isn't given.") from error
        return id_

    async def page(
        self, asked: AuditQuery, scope: Scope, *, first: int, after: str | None
    ) -> list[tuple[str, AuditEvent]]:
        """See `graph.audit_ports.Audit`."""
        if after is not None and not _PLACE.fullmatch(after):
            raise BadInput("after: not a cursor of this list.")
        lanes = _lanes(asked, scope.tenant)
        with store_failures():
            found = await asyncio.gather(*(self._read(lane, first, after) for lane in lanes))
        events = {_place(one): event_of(one) for part in found for one in part}
        return [(place, events[place]) for place in sorted(events)[:first]]

    async def count(self, asked: AuditQuery, scope: Scope) -> int:
        """See `graph.audit_ports.Audit`."""
        wanted = [_range(lane) for lane in _lanes(asked, scope.tenant)]
        with store_failures():
            counts = await asyncio.gather(*map(self._events.count_documents, wanted))
        return sum(counts)

    async def _read(self, lane: _Lane, first: int, after: str | None) -> list[Document]:
        """The first events of a lane, looked for in spans of time that grow."""
        newest = int((after or instant_position(self._now())).partition("/")[0])
        found: list[Document] = []
        begin = after or ""
        for end in (*(f"{newest + span:015d}" for span in _SPANS_MS), LAST):
            part = self._events.find(_range(lane, begin, end)).sort(f"{KEYS}.{lane[0]}", 1)
            found += await part.limit(first - len(found)).to_list()
            if len(found) == first:
                break
            begin = end
        return found


def _lanes(asked: AuditQuery, tenant: str) -> list[_Lane]:
    """The lanes in which the events that somebody asks for are."""
    if asked.profiles is None:
        return [_lane(tenant, None, asked.actor)]
    return [_lane(tenant, one, asked.actor) for one in dict.fromkeys(asked.profiles)]


def _lane(tenant: str, profile: str | None, actor: str | None) -> _Lane:
    given = [quote(part, safe="") for part in (profile, actor) if part is not None]
    if len(given) > 1:
        name = "both"
    else:
        name = "all" if not given else "profile" if profile is not None else "actor"
    return name, key_of(tenant, *given, "")


def _range(lane: _Lane, begin: str = "", end: str = LAST) -> Document:
    name, base = lane
    return {f"{KEYS}.{name}": {"$gt": base + begin, "$lt": base + end}}


def _keys(tenant: str, event: AuditEvent, id: str) -> dict[str, str]:
    """The keys of an event, by lane."""
    assert event.at is not None  # noqa: S101 - whoever records it says when
    place = f"{instant_position(event.at)}/{id}"
    profiles, actors = {None, event.profile_id}, {None, event.actor}
    lanes = [_lane(tenant, profile, actor) for profile in profiles for actor in actors]
    return {name: base + place for name, base in lanes}


def _place(document: Mapping[str, Any]) -> str:
    """Where an event stands in every lane."""
    return "/".join(document[KEYS]["all"].rsplit("/", 3)[1:])
