"""Merging profiles: pure, and without loss.

A merge leaves the absorbed profile's record as it is.  The surviving one gets a layer for each
attribute whose value the other gives, and the other's items beside its own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Final

from graph.model.collected import joined
from graph.model.errors import LimitReached
from graph.model.preference import Preferences, united_preferences
from graph.model.profile import ProfileState
from graph.model.record import COLLECTED, Absorbed, How, Layer, Member, Own, Record, with_value
from graph.model.survivorship import PLAIN, Candidate, Reason, Rule, Survivorship, winner

MAX_MEMBERS: Final = 50
Records = Mapping[str, Record]
"""Records by profile id."""


@dataclass(frozen=True, slots=True)
class Survival:
    """Whose value of an attribute a merged profile shows, and why."""

    attribute: str
    profile: str
    reason: Reason


@dataclass(frozen=True, slots=True)
class Plan:
    """What a merge is asked to do.

    `choices` say, for attributes, whose value survives; `names` are what queries call attributes.
    """

    merge: str
    at: datetime
    survivorship: Survivorship = PLAIN
    choices: Mapping[str, str] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Merged:
    """What a merge makes of two records, and whose values survived."""

    survivor: Record
    absorbed: Record
    survivals: tuple[Survival, ...]


def merged(survivor: Record, absorbed: Record, records: Records, plan: Plan) -> Merged:
    """A record with another one in it.  `records` holds those of all members of both.

    Raises:
        LimitReached: the merged profile would be made of more than 50 others.
    """
    member = Member(absorbed.id, survivor.id, plan.merge, plan.at)
    members = (*survivor.members, member, *absorbed.members)
    if len(members) > MAX_MEMBERS:
        raise LimitReached(f"A profile is made of at most {MAX_MEMBERS} others.")
    survivals = tuple(_survivals(survivor, absorbed, records, plan))
    result = _promoted(survivor, absorbed)
    for one in survivals:
        if one.profile == absorbed.id:
            how = How.UNION if one.reason is Reason.UNION else How.REPLACE
            result = layered(result, one.attribute, Layer(absorbed.id, how), absorbed)
    items: dict[str, Any] = {
        attribute: joined(
            attribute,
            getattr(survivor.profile, attribute) or (),
            getattr(absorbed.profile, attribute) or (),
            absorbed.id,
        )
        for attribute in COLLECTED
    }
    taken = Absorbed(survivor.id, plan.merge, plan.at, absorbed.profile.state)
    gone = replace(absorbed.profile, state=ProfileState.MERGED)
    return Merged(
        replace(result, profile=replace(result.profile, **items), members=members),
        replace(absorbed, profile=gone, absorbed=taken),
        survivals,
    )


def layered(record: Record, attribute: str, layer: Layer, member: Record) -> Record:
    """A record with a member's value of an attribute over what it shows."""
    own = {**record.own, attribute: record.owned(attribute)}
    layers = {**record.layers, attribute: (*record.layers.get(attribute, ()), layer)}
    shown = over(record.shown(attribute), layer, member.shown(attribute))
    return replace(with_value(record, attribute, shown), own=own, layers=layers)


def over(below: Own, layer: Layer, above: Own) -> Own:
    """What is seen of two values of which one is a layer over the other."""
    if layer.how is How.REPLACE:
        return above
    return replace(below, value=_union(below.value, above.value))


def _union(ours: object, theirs: object) -> object:
    if isinstance(ours, Preferences) and isinstance(theirs, Preferences):
        return united_preferences(ours, theirs)
    if not isinstance(ours, list | tuple) or not isinstance(theirs, list | tuple):
        return theirs if ours is None else ours
    return [*ours, *(item for item in theirs if item not in ours)]


def _promoted(survivor: Record, absorbed: Record) -> Record:
    """The survivor; an anonymous one that absorbs somebody identified is that person."""
    states = (survivor.profile.state, absorbed.profile.state)
    if states == (ProfileState.ANONYMOUS, ProfileState.IDENTIFIED):
        return layered(survivor, "state", Layer(absorbed.id), absorbed)
    return survivor


def _survivals(
    survivor: Record, absorbed: Record, records: Records, plan: Plan
) -> Iterator[Survival]:
    for attribute in dict.fromkeys((*survivor.attributes(), *absorbed.attributes())):
        ours, theirs = _candidate(survivor, attribute), _candidate(absorbed, attribute)
        if attribute == "state" or _is_equal(ours.value, theirs.value):
            continue
        yield _survival(attribute, ours, theirs, (survivor, absorbed, records), plan)


def _survival(
    attribute: str,
    ours: Candidate,
    theirs: Candidate,
    among: tuple[Record, Record, Records],
    plan: Plan,
) -> Survival:
    if attribute in plan.choices:
        return Survival(attribute, plan.choices[attribute], Reason.CHOSEN)
    if ours.value is None or theirs.value is None:
        only = theirs if ours.value is None else ours
        return Survival(attribute, only.profile, Reason.ONLY_VALUE)
    if attribute == "preferences":
        return Survival(attribute, theirs.profile, Reason.UNION)
    rule = plan.survivorship.rule(plan.names.get(attribute, attribute))
    if rule is Rule.UNION:
        if isinstance(ours.value, list | tuple):
            return Survival(attribute, theirs.profile, Reason.UNION)
        return Survival(attribute, ours.profile, Reason.PROFILE_WINS)
    survivor, absorbed, records = among
    all_ = [*_candidates(survivor, attribute, records), *_candidates(absorbed, attribute, records)]
    found = winner(rule, (ours, theirs), all_, plan.survivorship.sources)
    return Survival(attribute, found.profile, Reason[rule.name])


def _candidate(record: Record, attribute: str) -> Candidate:
    shown = record.shown(attribute)
    return Candidate(record.id, shown.value, shown.provenance)


def _candidates(record: Record, attribute: str, records: Records) -> Iterator[Candidate]:
    """The own values of a profile and of all that are part of it."""
    for one in (record, *(records[member.id] for member in record.members)):
        own = one.owned(attribute)
        if own.value is not None:
            yield Candidate(one.id, own.value, own.provenance)


def _is_equal(ours: object, theirs: object) -> bool:
    return type(ours) is type(theirs) and ours == theirs
