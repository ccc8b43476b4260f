"""The history of profiles: an entry for each change, written in the transaction that makes it.

An entry's key is tenant, profile and the instant upside down, so that the newest comes first in the
order of keys; it is in `lane` as well, because the embedded server has an index of that.  Values
are kept as a profile keeps them: sealed, each to its place, by the key of the profile that they
were changed in.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from collections.abc import Set as AbstractSet
from datetime import UTC, date, datetime
from enum import Enum
from typing import Any, Final

from app.store.bson_values import kept_value
from app.store.documents import Document
from app.store.names import key_of
from app.store.sealing import ProfileSeal
from app.store.singles import keep, opened, sealed_parts
from graph.model.history import ITEMS, UNTOLD, HistoryEntry, HistoryKind, MergeNote, ValueChange
from graph.model.merging import Survival
from graph.model.survivorship import Reason
from policies.unreadable import Unreadable

LANE: Final = "lane"
OF: Final = "of"
"""Whose entry it is: what all entries of some profiles are found by."""
_LAST: Final = 10**14
_WHO: Final = frozenset({"by", "source"})
_SIDES: Final = ("before", "after")


def instant_part(at: datetime) -> str:
    """An instant as a part of keys, upside down: what is newer comes first."""
    return f"{_LAST - int(at.astimezone(UTC).timestamp() * 1000):014d}"


def entry_key(tenant: str, profile: str, at: datetime, version: int) -> str:
    """The `_id` of a history entry."""
    return key_of(tenant, profile, instant_part(at), f"{10**9 - version:010d}")


def entry_document(entry: HistoryEntry, seal: ProfileSeal, sealed: AbstractSet[str]) -> Document:
    """An entry as it is kept; `sealed` are custom values that are."""
    tenant = seal.of_tenant.tenant
    key = entry_key(tenant, entry.profile_id, entry.at, entry.version)
    document = {
        "_id": key,
        LANE: key,
        OF: key_of(tenant, entry.profile_id),
        "tenant": tenant,
        "profile": entry.profile_id,
        "version": entry.version,
        "at": entry.at,
        "kind": entry.kind.value,
        "by": entry.by,
        "source": entry.source,
        "merge": _note_document(entry.merge),
        "changes": {
            change.attribute.replace(".", "/"): _change_document(entry, change, seal, sealed)
            for change in entry.changes
        },
    }
    return {key: value for key, value in document.items() if value is not None}


def _note_document(note: MergeNote | None) -> Document | None:
    if note is None:
        return None
    survivals = [[one.attribute, one.profile, one.reason.value] for one in note.survivals]
    return {"id": note.merge, "other": note.other, "survivals": survivals}


def _change_document(
    entry: HistoryEntry, change: ValueChange, seal: ProfileSeal, sealed: AbstractSet[str]
) -> Document:
    found: Document = {}
    for side in _SIDES:
        value, place = getattr(change, side), place_of(entry.version, change.attribute, side)
        if change.attribute in ITEMS:
            found[side] = [
                _item_document(item, seal, f"{place}/{number}") for number, item in enumerate(value)
            ]
        elif (kept := keep(seal, place, value, sealed, change.attribute)) is not None:
            found[side] = kept
    return found


def place_of(version: int, attribute: str, side: str) -> str:
    """What a value of an entry is sealed to."""
    return f"history/{version}/{attribute}/{side}"


def _item_document(item: Any, seal: ProfileSeal, place: str) -> Document:  # noqa: ANN401 - any item
    sealed = sealed_parts(seal.of_tenant, type(item))
    found = {}
    for part in dataclasses.fields(item):
        value, is_sealed = _plain(getattr(item, part.name)), part.name in sealed
        if is_sealed and not seal.keys.ciphers:
            continue  # nothing can be sealed for somebody who was erased
        if value is not None and part.name not in UNTOLD:
            found[part.name] = seal.seal(f"{place}/{part.name}", value) if is_sealed else value
    return found


def _plain(value: Any) -> Any:  # noqa: ANN401 - whatever an item holds
    if isinstance(value, Unreadable):
        return None
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, date) and not isinstance(value, datetime):
        return value.isoformat()
    if dataclasses.is_dataclass(value):
        # Who said it is told once, of the whole.
        names = [part.name for part in dataclasses.fields(value) if part.name not in _WHO]
        return {name: _plain(getattr(value, name)) for name in names}
    return [_plain(item) for item in value] if isinstance(value, tuple) else kept_value(value)


def projection_of(attributes: Iterable[str]) -> Document:
    """What to read of entries: values of these attributes alone."""
    plain = ("profile", "version", "at", "kind", "by", "source", "merge")
    changes = (f"changes.{attribute.replace('.', '/')}" for attribute in attributes)
    return dict.fromkeys((*plain, *sorted(changes)), 1)


def entry_of(
    document: Mapping[str, Any], seal: ProfileSeal, attributes: AbstractSet[str]
) -> HistoryEntry:
    """An entry from what was read of it; of items, `ITEM.PART` says what is opened of them.

    Items come as mappings by the names of their attributes.
    """
    changes = []
    for key, kept in document.get("changes", {}).items():
        attribute = key.replace("/", ".", 1)
        sides = (
            _side(document["version"], attribute, kept, side, seal, attributes) for side in _SIDES
        )
        changes.append(ValueChange(attribute, *sides))
    return HistoryEntry(
        profile_id=document["profile"],
        version=document["version"],
        at=document["at"],
        kind=HistoryKind(document["kind"]),
        by=document.get("by"),
        source=document.get("source"),
        merge=_note(document.get("merge")),
        changes=tuple(changes),
    )


def _note(kept: Mapping[str, Any] | None) -> MergeNote | None:
    if kept is None:
        return None
    survivals = tuple(Survival(one[0], one[1], Reason(one[2])) for one in kept["survivals"])
    return MergeNote(kept["id"], kept["other"], survivals)


def _side(
    version: int,
    attribute: str,
    kept: Mapping[str, Any],
    side: str,
    seal: ProfileSeal,
    attributes: AbstractSet[str],
) -> object:
    place = place_of(version, attribute, side)
    if attribute not in ITEMS:
        return opened(seal, place, kept.get(side), attribute)
    return tuple(
        {
            part: seal.opened(f"{place}/{number}/{part}", value)
            for part, value in item.items()
            if f"{attribute}.{part}" in attributes
        }
        for number, item in enumerate(kept[side])
    )
