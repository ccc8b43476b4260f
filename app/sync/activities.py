"""Activities that a CRM knows of, as interactions of the customer's timeline: each once."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from app.store.linked_profiles import LinkedProfiles
from app.store.sealing import ProfileSeal
from app.sync.plan import SyncPlan
from app.sync.report import SyncLetter
from connectors.abilities import Fact, FactKind
from graph.errors import Conflict
from graph.model.errors import ModelError
from graph.model.ids import new_id
from graph.model.interaction import Interaction, InteractionKind, checked_interaction, owners_of
from graph.model.profile import Profile
from policies.plan import Scope

# Parts of the words that CRMs have for them; the first that fits counts.
_KINDS: Final = (
    ("call", InteractionKind.CALL),
    ("mail", InteractionKind.EMAIL),
    ("chat", InteractionKind.CHAT),
    ("sms", InteractionKind.MESSAGE),
    ("message", InteractionKind.MESSAGE),
    ("communication", InteractionKind.MESSAGE),
    ("meeting", InteractionKind.VISIT),
    ("visit", InteractionKind.VISIT),
    ("appointment", InteractionKind.VISIT),
    ("ticket", InteractionKind.CASE),
    ("case", InteractionKind.CASE),
    ("incident", InteractionKind.CASE),
    ("order", InteractionKind.ORDER),
    ("note", InteractionKind.NOTE),
)
_CONTRADICTED: Final = "an activity is another than it was when it was recorded"
_UNTIMED: Final = "an activity has no time"


async def record_activities(
    profiles: LinkedProfiles,
    plan: SyncPlan,
    profile: Profile,
    seal: ProfileSeal,
    record: str,
    facts: Sequence[Fact],
    now: datetime,
) -> list[SyncLetter]:
    """Have the timeline of a profile hold the activities of its record; what it can't hold."""
    refused = list[SyncLetter]()
    for fact in facts:
        if fact.kind is not FactKind.ACTIVITY:
            continue
        reason = _UNTIMED
        if fact.at is not None:
            reason = await _recorded(profiles, plan, profile, seal, _activity(plan, fact, now))
        if reason:
            refused.append(SyncLetter(plan.object, record, "timeline", reason))
    return refused


async def _recorded(
    profiles: LinkedProfiles,
    plan: SyncPlan,
    profile: Profile,
    seal: ProfileSeal,
    item: Interaction | str,
) -> str:
    """Why an activity can't be recorded; nothing where it is."""
    if isinstance(item, str):
        return item
    try:
        scope = Scope(plan.source.tenant)
        await profiles.recording.record(item, seal, owners_of(profile), scope)
    except Conflict:
        return _CONTRADICTED
    return ""


def _activity(plan: SyncPlan, fact: Fact, now: datetime) -> Interaction | str:
    """An activity as an interaction, over when it began; or why it is none."""
    item = Interaction(
        id=new_id(),
        kind=kind_of(fact.type),
        started_at=fact.at,
        ended_at=fact.at,
        subject=fact.name,
        source=plan.source.name,
        external_id=f"{fact.type}/{fact.id}",
    )
    try:
        return checked_interaction(item, now)
    except ModelError as error:
        return str(error)


def kind_of(type: str) -> InteractionKind:
    """The kind of interaction that a CRM's word for an activity means."""
    word = type.lower()
    return next((kind for part, kind in _KINDS if part in word), InteractionKind.OTHER)
