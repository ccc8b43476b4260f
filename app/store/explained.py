"""What a change of a profile says about itself: provenance in the document, an entry of history."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from app.store.documents import ALL, Document, from_document
from app.store.history import entry_document
from app.store.paths import at, updated
from app.store.provenance import provenance_document
from app.store.sealing import ProfileSeal
from graph.model.history import HistoryEntry, HistoryKind, ValueChange, differences
from graph.model.provenance import Author, Provenance
from graph.model.record import CUSTOM, SINGLE

_ALWAYS: Final = frozenset({"id", "version"})
_BESIDE: Final = (("consents", "proofs"), ("preferences", "preferredLanguage"))


def explained(
    held: Mapping[str, Any], update: Document, seal: ProfileSeal, author: Author, now: datetime
) -> tuple[Document, Document | None]:
    """An update that says who made it, and its entry of history; None where no value changes.

    A value that is written is the profile's own: what others, whom it absorbed, put over it goes.
    """
    after = updated(held, update)
    before, then = (_touched(side, update) for side in (held, after))
    changes = differences(from_document(before, seal, ALL), from_document(then, seal, ALL))
    provenance = Provenance(now, author.by, author.source, author.observed_at)
    put, dropped = dict(update.get("$set", {})), dict(update.get("$unset", {}))
    for attribute in _written(update, changes):
        put[f"provenance.{attribute}"] = provenance_document(provenance)
        for part in ("layers", "own"):
            if at(held, f"{part}.{attribute}") is not None:
                dropped[f"{part}.{attribute}"] = ""
    told = {**update, "$set": put, **({"$unset": dropped} if dropped else {})}
    if not changes:
        return told, None
    entry = HistoryEntry(
        profile_id=held["id"],
        version=held["version"] + update.get("$inc", {}).get("version", 0),
        at=now,
        kind=HistoryKind.CHANGED,
        by=author.by,
        source=author.source,
        changes=changes,
    )
    return told, entry_document(entry, seal, sealed_names(before, then))


def _touched(document: Mapping[str, Any], update: Document) -> Document:
    """What of a document an update writes: nothing else need be opened and compared."""
    paths = [*update.get("$set", {}), *update.get("$unset", {})]
    tops = {path.partition(".")[0] for path in paths}
    # Consents and preferences lie in two places each.
    tops |= {beside for pair in _BESIDE if not tops.isdisjoint(pair) for beside in pair}
    custom = {path.partition(".")[2] for path in paths if path.startswith("custom.")}
    found = {key: document[key] for key in (tops - {"custom"}) | _ALWAYS if key in document}
    kept = document.get("custom", {})
    return found | {"custom": {name: kept[name] for name in custom if name in kept}}


def _written(update: Document, changes: tuple[ValueChange, ...]) -> dict[str, None]:
    """The attributes of one value that are written, a name as a whole.

    A custom value that is written as it was counts: else its source would tell what it was.
    """
    paths = (*update.get("$set", {}), *update.get("$unset", {}))
    names = (
        *(path for path in paths if path.startswith(CUSTOM)),
        *(it.attribute for it in changes),
    )
    whole = ("name" if name.startswith("name.") else name for name in names)
    return dict.fromkeys(one for one in whole if one in SINGLE or one.startswith(CUSTOM))


def sealed_names(*documents: Mapping[str, Any]) -> frozenset[str]:
    """The names of custom values that are sealed in one of the documents."""
    return frozenset(
        name
        for document in documents
        for name, kept in document.get("custom", {}).items()
        if type(kept) is bytes
    )
