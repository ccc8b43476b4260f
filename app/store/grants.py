"""Emergencies that people declared, in MongoDB.

`active` is the key by which the grants of somebody that still hold are found: tenant, subject, end.
It isn't there any more where a review ended the grant.  `queue` is that of grants which nobody has
reviewed, the newest first.
"""

import re
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from app.store.audit_documents import grant_document, grant_of
from app.store.documents import Document
from app.store.failures import store_failures
from app.store.names import GRANTS, key_of
from app.store.timeline_keys import LAST, instant_position
from graph.errors import BadInput
from graph.model.audit import Verdict
from graph.model.break_glass import BreakGlassGrant
from policies.plan import Scope

ACTIVE: Final = "active"
QUEUE: Final = "queue"
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MS: Final = timedelta(milliseconds=1)
_PLACE: Final = re.compile(r"[0-9]{15}/[0-9A-Z]{26}")


class MongoGrants:
    """`graph.audit_ports.Grants` in MongoDB."""

    def __init__(self, database: AsyncDatabase[Document]) -> None:
        self._grants = database[GRANTS]

    async def open(self, grant: BreakGlassGrant, scope: Scope) -> None:
        """See `graph.audit_ports.Grants`."""
        document = {
            "_id": key_of(scope.tenant, grant.id),
            "tenant": scope.tenant,
            ACTIVE: f"{_active_base(scope.tenant, grant.by or '')}{_end(grant.until)}/{grant.id}",
            QUEUE: key_of(scope.tenant, instant_position(grant.at), grant.id),
            **grant_document(grant),
        }
        # A grant that is there already is our own: the driver repeats what wasn't answered.
        with suppress(DuplicateKeyError), store_failures():
            await self._grants.insert_one(document)

    async def find(self, id: str, scope: Scope) -> BreakGlassGrant | None:
        """See `graph.audit_ports.Grants`."""
        with store_failures():
            found = await self._grants.find_one({"_id": key_of(scope.tenant, id)})
        return grant_of(found) if found else None

    async def review(self, reviewed: BreakGlassGrant, scope: Scope) -> bool:
        """See `graph.audit_ports.Grants`."""
        is_over = reviewed.verdict is Verdict.UNJUSTIFIED
        ended = (QUEUE, ACTIVE) if is_over else (QUEUE,)
        update = {"$set": grant_document(reviewed), "$unset": dict.fromkeys(ended, "")}
        # Our own review may be there: the driver repeats what wasn't answered.
        own_or_none = {"$in": [None, reviewed.review_event]}
        query = {"_id": key_of(scope.tenant, reviewed.id), "reviewEvent": own_or_none}
        with store_failures():
            done = await self._grants.update_one(query, update)
        return done.matched_count == 1

    async def queue(
        self, scope: Scope, reviewer: str, *, first: int, after: str | None
    ) -> list[tuple[str, BreakGlassGrant]]:
        """See `graph.audit_ports.Grants`."""
        if after is not None and not _PLACE.fullmatch(after):
            raise BadInput("after: not a cursor of this list.")
        query = _waiting(scope, reviewer, after or "")
        with store_failures():
            found = await self._grants.find(query).sort(QUEUE, 1).limit(first).to_list()
        return [(_place(one), grant_of(one)) for one in found]

    async def queue_length(self, scope: Scope, reviewer: str) -> int:
        """See `graph.audit_ports.Grants`."""
        with store_failures():
            return await self._grants.count_documents(_waiting(scope, reviewer))


def active_range(tenant: str, subject: str, now: datetime) -> Document:
    """What finds the grants of a subject that hold after `now`."""
    base = _active_base(tenant, subject)
    return {ACTIVE: {"$gt": f"{base}{_end(now)}{LAST}", "$lt": base + LAST}}


def _active_base(tenant: str, subject: str) -> str:
    return key_of(tenant, quote(subject, safe=""), "")


def _end(moment: datetime) -> str:
    return f"{(moment - _EPOCH) // _MS:015d}"


def _waiting(scope: Scope, reviewer: str, after: str = "") -> Document:
    base = key_of(scope.tenant, "")
    return {QUEUE: {"$gt": base + after, "$lt": base + LAST}, "by": {"$ne": reviewer}}


def _place(document: Mapping[str, Any]) -> str:
    return "/".join(document[QUEUE].rsplit("/", 2)[1:])
