"""What a profile claims for itself alone: its identities, and values of fields that are unique.

The claims of a profile are in its document: `identities[].index`, `claims.FIELD_ID` and, of values
that lie under those of profiles it absorbed, `reserved.FIELD_ID`.  For each there is a document in
the collection `identities`; inserting its `_id` is the claim.  An identity has a second claim,
`identities[].wide`, where the tenant's rules take several spellings as one.  What is shared with
others isn't claimed: see `app.store.sharing`.

An index is made by a version of the tenant's key.  While that is rotated, everything is claimed by
every version: `identities[].others` and `wideOthers` hold the indexes by all but the one in use.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from app.store.documents import Document
from app.store.names import key_of
from app.store.sealing import TenantSeal
from graph.model.errors import LimitReached
from graph.ports import NamedIdentity

_ONLY_MORE: Final = ("verified", "wide", "wideOthers", "shared")
"""What can be added to an identity that a profile has, and never be taken back so."""
OTHERS: Final = ("others", "wideOthers")


def claimed(held: Mapping[str, Any]) -> set[str]:
    """Every index that a profile's document claims."""
    own = {index for item in held.get("identities", ()) for index in indexes_of(item)}
    return (own - shared_in(held)) | claimed_by_values(held)


def claimed_by_values(held: Mapping[str, Any]) -> set[str]:
    """Every index that values of a profile's custom fields claim."""
    return {
        index
        for part in ("claims", "reserved")
        for indexes in held.get(part, {}).values()
        for index in indexes
    }


def shared_in(held: Mapping[str, Any]) -> set[str]:
    """Every index that a profile's document has and shares."""
    shared = (item for item in held.get("identities", ()) if item.get("shared"))
    return {index for item in shared for index in indexes_of(item)}


def indexes_of(item: Mapping[str, Any]) -> list[str]:
    """What an identity is looked up by."""
    found = [item[name] for name in ("index", "wide") if name in item]
    return [*found, *(index for name in OTHERS for index in item.get(name, ()))]


def named(identity: NamedIdentity, seal: TenantSeal) -> Document:
    """What an identity is looked up by, as its profile keeps it."""
    index, *others = seal.indexes(identity.name)
    wide, *wide_others = seal.indexes(identity.wide) if identity.wide else [None]
    found = {"index": index, "wide": wide, "others": others, "wideOthers": wide_others}
    return {name: kept for name, kept in found.items() if kept}


def unsealed_entry(identity: NamedIdentity, seal: TenantSeal) -> Document:
    """What tells an identity of a profile from others; the rest is sealed when it is written."""
    channel = identity.identity.channel
    return {"channel": channel.value if channel else None, **named(identity, seal)}


def joined(entries: Sequence[Document], entry: Document, most: int) -> list[Document]:
    """The identities of a profile with one more; the same where it is there already.

    Raises:
        LimitReached: there are `most` of the channel.
    """
    if any(is_same(item, entry) for item in entries):
        return list(entries)
    if sum(item["channel"] == entry["channel"] for item in entries) >= most:
        raise LimitReached(f"A profile has at most {most} of one channel.")
    return [*entries, entry]


def renewed(entries: Sequence[Document], entry: Document) -> list[Document]:
    """The identities of a profile with what is said newly of one that it has.

    What is shared is so on every channel.
    """
    more = {name: entry[name] for name in _ONLY_MORE if entry.get(name)}
    shared = {name: True for name in ("shared",) if name in more}
    return [
        item | more
        if is_same(item, entry)
        else item | (shared if not _names(item).isdisjoint(_names(entry)) else {})
        for item in entries
    ]


def is_same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two entries are one identity."""
    return one["channel"] == other["channel"] and not _names(one).isdisjoint(_names(other))


def _names(item: Mapping[str, Any]) -> set[str]:
    return {item["index"], *item.get("others", ())}


def with_shared(update: Document, held: Document, then: Document, tenant: str) -> Document:
    """An update that also sets which identities the profile shares with others then."""
    if shared_in(held) == shared_in(then):
        return update
    if shared := shared_keys(then, tenant):
        return update | {"$set": {**update["$set"], "shared": shared}}
    return update | {"$unset": {**update.get("$unset", {}), "shared": ""}}


def shared_keys(document: Document, tenant: str) -> list[str]:
    """What finds a profile by the identities that it shares."""
    return [key_of(tenant, index) for index in sorted(shared_in(document))]
