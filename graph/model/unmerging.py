"""Taking merged profiles apart again.

Taking a profile out removes its layers and its items from all that it is part of.  What was written
to the survivor meanwhile stays with it; what was removed meanwhile comes to nobody; what was
refused meanwhile, both have refused.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from graph.model.collected import item_key, parted
from graph.model.consent import Consent, ConsentStatus, recorded
from graph.model.merging import Records, over
from graph.model.preference import NO_PREFERENCES, Preferences, refusals, united_preferences
from graph.model.profile import Profile
from graph.model.record import COLLECTED, Layer, Record, with_value

Moved = Mapping[str, AbstractSet[tuple[object, ...]]]
"""Keys of items by attribute that go with the profile which is taken out."""


@dataclass(frozen=True, slots=True)
class Parted:
    """What taking a profile out makes of records: all that change, by id, and what stays.

    `since` are the attributes of the survivor that were written after the merge.
    """

    records: Records
    since: tuple[str, ...] = ()


def unmerged(root: Record, id: str, records: Records, moved: Moved | None = None) -> Parted:
    """Take a member out of the record that stands for it.

    `records` holds those of all members; every one between the member and the root changes too.
    """
    at = next(member.at for member in root.members if member.id == id)
    gone, changed = root.descendants(id), dict[str, Record]()
    below = id
    for holder in _holders(root, id):
        record = root if holder == root.id else records[holder]
        known = {**records, **changed}
        layered = _without(record, id, known) if below == id else _refreshed(record, below, known)
        sent = moved if holder == root.id else None
        left = _left(layered, records[id], gone, sent, records)
        members = tuple(one for one in record.members if one.id not in gone)
        changed[holder] = replace(left, members=members)
        below = holder
    changed[id] = _returned(root, records[id], gone, moved)
    since = tuple(
        attribute
        for attribute, provenance in changed[root.id].provenance.items()
        if provenance.at is not None and provenance.at > at
    )
    return Parted(changed, since)


def _holders(root: Record, id: str) -> list[str]:
    """What a member is part of: its parent first, the root last."""
    parents = {member.id: member.parent for member in root.members}
    found = [parents[id]]
    while found[-1] != root.id:
        found.append(parents[found[-1]])
    return found


def _without(record: Record, id: str, records: Records) -> Record:
    """A record without the layers of a member."""
    for attribute, layers in record.layers.items():
        left = tuple(layer for layer in layers if layer.member != id)
        if left != layers:
            record = _filled(_folded(record, attribute, left, records), attribute, id, records)
    return record


def _refreshed(record: Record, id: str, records: Records) -> Record:
    """A record with the layers of a member as that member is now."""
    for attribute, layers in record.layers.items():
        if any(layer.member == id for layer in layers):
            is_gone = records[id].value(attribute) is None
            left = tuple(one for one in layers if not (is_gone and one.member == id))
            record = _folded(record, attribute, left, records)
    return record


def _folded(record: Record, attribute: str, layers: tuple[Layer, ...], records: Records) -> Record:
    """A record that shows its own value with these layers over it."""
    shown = own = record.owned(attribute)
    for layer in layers:
        shown = over(shown, layer, records[layer.member].shown(attribute))
    kept = {name: one for name, one in record.layers.items() if name != attribute}
    owned = {name: one for name, one in record.own.items() if name != attribute}
    if layers:
        kept[attribute], owned[attribute] = layers, own
    return replace(with_value(record, attribute, shown), layers=kept, own=owned)


def _filled(record: Record, attribute: str, id: str, records: Records) -> Record:
    """A record that shows a value where a profile that came later has one, and nobody else."""
    if record.value(attribute) is not None:
        return record
    direct = [member.id for member in record.members if member.parent == record.id]
    for later in direct[direct.index(id) + 1 :]:
        if records[later].value(attribute) is not None:
            layers = (*record.layers.get(attribute, ()), Layer(later))
            return _folded(record, attribute, layers, records)
    return record


def _left(
    record: Record,
    member: Record,
    gone: AbstractSet[str],
    moved: Moved | None,
    records: Records,
) -> Record:
    items: dict[str, Any] = {}
    for name in COLLECTED:
        before = {item_key(name, item): item for item in getattr(record.profile, name) or ()}
        stay = _parted(name, record, member, gone, moved)[0]
        items[name] = tuple(_version(name, item, before, records) for item in stay)
    return replace(record, profile=replace(record.profile, **items))


def _version(name: str, item: Any, before: Mapping[Any, Any], records: Records) -> Any:  # noqa: ANN401 - any item
    """An item as the first of those has it who still bring it: what is shown is theirs."""
    shown = before[item_key(name, item)].origins[:1]
    if item.origins[:1] == shown:
        return item
    brought = getattr(records[item.origins[0]].profile, name) or ()
    key = item_key(name, item)
    theirs = next((one for one in brought if item_key(name, one) == key), item)
    return replace(theirs, origins=item.origins)


def _returned(root: Record, member: Record, gone: AbstractSet[str], moved: Moved | None) -> Record:
    """A member that stands for itself again, with its items as they are now."""
    at = next(one.at for one in root.members if one.id == member.id)
    items: dict[str, Any] = {
        name: _parted(name, root, member, gone, moved)[1] for name in COLLECTED
    }
    items["consents"] = _consents(root.profile, member.profile, at)
    items["preferences"] = _preferences(root.profile, member.profile, at)
    profile = replace(member.profile, state=member.value("state"), **items)
    return replace(member, profile=profile, absorbed=None)


def _consents(root: Profile, member: Profile, at: datetime) -> tuple[Consent, ...]:
    """What a member said itself; what was refused since the merge, both refused."""
    found = member.consents or ()
    for one in root.consents or ():
        is_since = one.recorded_at is not None and one.recorded_at > at and not one.origins
        if is_since and one.status is not ConsentStatus.GRANTED:
            found = recorded(found, one)
    return found


def _preferences(root: Profile, member: Profile, at: datetime) -> Preferences | None:
    """What a member wanted itself; whom nobody may contact since the merge, nobody may."""
    since = refusals(root.preferences, at) if root.preferences else NO_PREFERENCES
    if since == NO_PREFERENCES:
        return member.preferences
    return united_preferences(member.preferences or NO_PREFERENCES, since)


def _parted(
    name: str, record: Record, member: Record, gone: AbstractSet[str], moved: Moved | None
) -> tuple[tuple[Any, ...], tuple[Any, ...]]:
    items, before = getattr(record.profile, name) or (), getattr(member.profile, name) or ()
    return parted(name, items, before, gone, (moved or {}).get(name, frozenset()))
