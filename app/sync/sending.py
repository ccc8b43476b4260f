"""Sends what CRMs are owed, and what clients wish to be written there."""

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from functools import partial
from typing import Any, Final

from app.background import counted, told
from app.store.documents import ALL, Document, from_document
from app.store.outbox import Outgoing, wished
from app.store.queues import Queue
from app.store.sealing import ProfileSeal
from app.sync.asking import Asking, through
from app.sync.copying import copied_value
from app.sync.plan import SyncPlan
from app.sync.syncing import Syncing
from connectors.abilities import TakesWrites
from connectors.base import Record
from connectors.errors import Conflict, Skippable, SourceError
from graph.kinds.values import load_value
from graph.model.custom_field import FieldDefinition
from graph.model.errors import BadValue
from graph.model.owed import WriteState
from graph.model.profile import Profile
from policies.unreadable import Unreadable

_LOG: Final = logging.getLogger("gateway.sync")
_UNREADABLE: Final = object()
CHANGED: Final = "the CRM's value was changed meanwhile"
_NOT_TAKEN: Final = "the source doesn't take the value"


@dataclass(frozen=True, slots=True)
class _Letter:
    """Something to be sent, with all that is needed for it; `wanted` is by field id."""

    outgoing: Outgoing
    plan: SyncPlan
    profile: Profile
    fields: tuple[FieldDefinition, ...]
    wanted: Mapping[str, object]


class _Refusal(Exception):
    """It will never be taken as it is; the message holds no value."""


class _TakenAway(Exception):
    """Something else is to be sent now, or somebody else sends it."""


class Sending:
    """Sends one thing after the other to each source; each at least once, and struck off then."""

    def __init__(self, syncing: Syncing) -> None:
        self._syncing = syncing
        self._outbox = syncing.outbox

    async def drain(self, *, but: Collection[Queue] = ()) -> int:
        """Send all that is due now, to all sources `but` these at once; how many things it were."""
        queues = await self._outbox.queues()
        return await counted(self.drain_of(queue) for queue in queues if queue not in but)

    async def drain_of(self, queue: Queue) -> int:
        """Send a source all that is due now; how many things it were."""
        count = 0
        async for outgoing in self._outbox.leases(queue, self._syncing.now):
            await self.send(outgoing)
            count += 1
        return count

    async def send(self, outgoing: Outgoing) -> WriteState:
        """Send one thing that nobody else sends, and tell what became of it."""
        try:
            await self._send(outgoing)
        except _Refusal as error:
            await self._outbox.refused(outgoing, str(error), self._syncing.now())
            return WriteState.CONFLICT if str(error) == CHANGED else WriteState.REFUSED
        except SourceError as error:
            _LOG.warning("%s: sending waits: %s", outgoing.source, told(error))
            await self._outbox.later(outgoing, self._syncing.now(), error.retry_after_s)
            return WriteState.WAITING
        except _TakenAway:
            await self._outbox.later(outgoing, self._syncing.now(), None)
            return WriteState.WAITING
        await self._outbox.paid(outgoing, self._syncing.now())
        return WriteState.SENT

    async def _send(self, outgoing: Outgoing) -> None:
        letter = await self._letter(outgoing)
        if letter is None:
            return
        record = await self._record(letter)
        if record is None:
            return
        differing = [
            item for item in letter.fields if _there(item, record) != letter.wanted[item.id]
        ]
        if differing and outgoing.is_wish:
            await self._refuse_changed(letter, differing, record)
        if differing:
            await self._write(letter, differing, record)
        if outgoing.is_wish:
            await self._copy(letter, record.id)

    async def _letter(self, outgoing: Outgoing) -> _Letter | None:
        """What is to be sent; None where there is nothing to send any more."""
        plan = await self._syncing.plan(outgoing.tenant, outgoing.source, outgoing.object)
        if plan is None or not isinstance(plan.source.connector, TakesWrites):
            raise _Refusal("the source isn't in the settings, or takes no changes")
        known = plan.schema.by_id
        fields = tuple(
            known[one] for one in outgoing.fields if one in known and not known[one].is_retired
        )
        held = await self._held(outgoing)
        if held is None or not fields:
            return None
        document, seal = held
        profile = from_document(document, seal, ALL)
        custom = profile.custom or {}
        wanted = (
            wished(outgoing, seal)
            if outgoing.is_wish
            else {item.id: custom.get(item.kept_as) for item in fields}
        )
        if Unreadable.DAMAGED in wanted.values():
            raise _Refusal("what was to be sent can't be read any more")
        if Unreadable.ERASED in wanted.values():
            return None  # there is nothing to tell of them any more
        return _Letter(outgoing, plan, profile, fields, wanted)

    async def _held(self, outgoing: Outgoing) -> tuple[Document, ProfileSeal] | None:
        tenant, id_ = outgoing.tenant, outgoing.profile
        found = await self._syncing.profiles.of_ids(tenant, [id_])
        if id_ not in found:
            return None
        needed = found[id_] | {"outbox": dict(outgoing.values or {})}
        seals = await self._syncing.profiles.seals(tenant, [needed])
        seal = seals[found[id_]["id"]]
        if outgoing.is_wish and seal.profile != id_:
            raise _Refusal("the profile was merged meanwhile")
        return found[id_], seal

    async def _record(self, letter: _Letter) -> Record | None:
        """The record as it is; a debt to none is no debt."""
        source, object_ = letter.plan.source, letter.plan.object
        key = source.key_of(letter.profile.id, letter.profile.links or (), object_)
        outcome = None
        if key is not None:
            attributes = {item.source.attribute or "" for item in letter.fields}
            asked = partial(
                source.connector.fetch, object=object_, keys=[key], attributes=attributes
            )
            found = await through(source, asked)
            outcome = found.get(key)
        if isinstance(outcome, Skippable):
            raise _Refusal("the source's record makes no sense")
        if isinstance(outcome, SourceError):
            raise outcome
        if outcome is None and letter.outgoing.is_wish:
            raise _Refusal("the profile has no record there")
        return outcome

    async def _refuse_changed(
        self, letter: _Letter, differing: list[FieldDefinition], record: Record
    ) -> None:
        """Refuse to overwrite what nobody here has seen; the copy becomes what the CRM has."""
        custom = letter.profile.custom or {}
        for item in differing:
            if item.is_synced and _there(item, record) != custom.get(item.kept_as):
                await self._copy(letter, record.id)
                raise _Refusal(CHANGED)

    async def _write(
        self, letter: _Letter, differing: list[FieldDefinition], record: Record
    ) -> None:
        connector = letter.plan.source.connector
        assert isinstance(connector, TakesWrites)  # noqa: S101 - `_letter` makes sure
        values = {
            item.source.attribute or "": sent_value(item, letter.wanted[item.id])
            for item in differing
        }
        if not await self._outbox.is_ours(letter.outgoing):
            raise _TakenAway
        try:
            await through(
                letter.plan.source,
                partial(
                    connector.write,
                    object=letter.plan.object,
                    id=record.id,
                    values=values,
                    if_match=record.etag,
                    idempotency_key=letter.outgoing.seq,
                ),
            )
        except Conflict:
            await self._refuse_forbidden(letter, record)
            if not letter.outgoing.is_wish:
                raise  # the profile owns it: it is sent again
            await self._copy(letter, record.id)
            raise _Refusal(CHANGED) from None
        except Skippable:
            raise _Refusal(_NOT_TAKEN) from None
        await letter.plan.source.invalidate(letter.plan.object, [record.id])

    async def _refuse_forbidden(self, letter: _Letter, record: Record) -> None:
        """Refuse what the source didn't take though its record is the one that we knew."""
        found = await self._record(letter)
        if found is None or (found.id, found.etag) == (record.id, record.etag):
            raise _Refusal(_NOT_TAKEN) from None

    async def _copy(self, letter: _Letter, record: str) -> None:
        """Have the profile's copies be what the record has now."""
        plan = letter.plan
        if plan.fields:
            await self._syncing.run.settling(plan).settle(await Asking(plan).records([record]))


def _there(definition: FieldDefinition, record: Record) -> object:
    """What the CRM has, as the store would keep it; equal to nothing where it makes no sense."""
    try:
        return copied_value(definition, record.values.get(definition.source.attribute or ""))
    except BadValue:
        return _UNREADABLE


def sent_value(definition: FieldDefinition, stored: object) -> Any:  # noqa: ANN401 - what a CRM takes
    """A value in the types that connectors take: text, number, flag, or a list of these."""
    if stored is None:
        return None
    value = load_value(definition, stored)
    return [_plain(one) for one in value] if isinstance(value, tuple) else _plain(value)


def _plain(value: Any) -> Any:  # noqa: ANN401 - any kind's
    if isinstance(value, date):
        return value.isoformat()
    return str(value) if isinstance(value, Decimal) else value
