"""How a profile came to be, as its document keeps it: provenance, members, layers.

`created` and `provenance.ATTRIBUTE` hold who wrote a value; `members` all profiles that are part
of this one; `layers.ATTRIBUTE` whose values lie over its own, which is kept in `own.ATTRIBUTE`
then; `absorbed` what an absorbed one needs to stand for itself again.
"""

from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any, Final

from app.store.documents import ALL, Document, from_document
from app.store.paths import leaves, nested
from app.store.provenance import provenance_document, provenance_of
from app.store.sealing import ProfileSeal
from app.store.singles import keep, opened
from graph.model.preference import NO_PREFERENCES
from graph.model.profile import ProfileState
from graph.model.provenance import UNKNOWN, Provenance
from graph.model.record import CUSTOM, SINGLE, Absorbed, How, Layer, Member, Own, Record

_NAMES: Final = dict.fromkeys((*SINGLE, CUSTOM))
CREATED: Final = "created"


def record_of(document: Mapping[str, Any], seal: ProfileSeal) -> Record:
    """A profile, all of it opened, and how it came to be."""
    profile = from_document(document, seal, ALL)
    if profile.preferences == NO_PREFERENCES:
        profile = replace(profile, preferences=None)
    created = provenance_of({"at": profile.created_at, **document.get(CREATED, {})})
    return Record(
        profile=profile,
        created=created,
        provenance={name: provenance_of(kept) for name, kept in _leaves(document, "provenance")},
        members=tuple(Member(**member) for member in document.get("members", ())),
        layers={
            name: tuple(Layer(one["member"], How(one["how"])) for one in kept)
            for name, kept in _leaves(document, "layers")
        },
        own={name: _own(seal, name, kept, created) for name, kept in _leaves(document, "own")},
        absorbed=_absorbed(document.get("absorbed")),
    )


def _leaves(document: Mapping[str, Any], part: str) -> Iterator[tuple[str, Any]]:
    return leaves(document.get(part, {}), _NAMES)


def _own(seal: ProfileSeal, name: str, kept: Document, created: Provenance) -> Own:
    value = opened(seal, f"own/{name}", kept.get("value"), name)
    return Own(value, provenance_of(kept["from"]) if "from" in kept else created)


def _absorbed(kept: Mapping[str, Any] | None) -> Absorbed | None:
    if kept is None:
        return None
    return Absorbed(kept["into"], kept["merge"], kept["at"], ProfileState(kept["state"]))


def own_values(document: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """What is kept of the own values that lie under others', by attribute."""
    for name, kept in _leaves(document, "own"):
        if "value" in kept:
            yield name, kept["value"]


def record_document(record: Record, seal: ProfileSeal, sealed: AbstractSet[str]) -> Document:
    """What a document holds for a record beside the profile; `sealed` are custom values that are.

    What is empty isn't kept.
    """
    created = record.created
    told = provenance_document(Provenance(None, created.by, created.source))
    kept = {
        CREATED: told,
        "provenance": nested(
            {name: provenance_document(one) for name, one in record.provenance.items()}
        ),
        "members": [
            {"id": one.id, "parent": one.parent, "merge": one.merge, "at": one.at}
            for one in record.members
        ],
        "layers": nested(
            {
                name: [{"member": one.member, "how": one.how.value} for one in layers]
                for name, layers in record.layers.items()
            }
        ),
        "own": nested(
            {
                name: _own_document(seal, name, own, sealed, created)
                for name, own in record.own.items()
            }
        ),
        "absorbed": _absorbed_document(record.absorbed),
    }
    return {key: value for key, value in kept.items() if value}


def _own_document(
    seal: ProfileSeal, name: str, own: Own, sealed: AbstractSet[str], created: Provenance
) -> Document:
    value = keep(seal, f"own/{name}", own.value, sealed, name)
    found: Document = {"value": value} if value is not None else {}
    if own.provenance not in {created, UNKNOWN}:
        found["from"] = provenance_document(own.provenance)
    return found


def _absorbed_document(absorbed: Absorbed | None) -> Document | None:
    if absorbed is None:
        return None
    return {
        "into": absorbed.into,
        "merge": absorbed.merge,
        "at": absorbed.at,
        "state": absorbed.state.value,
    }
