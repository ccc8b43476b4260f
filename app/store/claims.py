"""What a profile claims for itself alone: its identities, and values of fields that are unique.

The claims of a profile are in its document: `identities[].index`, `claims.FIELD_ID` and, of values
that lie under those of profiles it absorbed, `reserved.FIELD_ID`.  For each there is a document in
the collection `identities`; inserting its `_id` is the claim.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from app.store.documents import Document
from app.store.sealing import TenantSeal
from graph.model.errors import LimitReached
from graph.ports import NamedIdentity


def claimed(held: Mapping[str, Any]) -> set[str]:
    """Every index that a profile's document claims."""
    return {item["index"] for item in held.get("identities", ())} | claimed_by_values(held)


def claimed_by_values(held: Mapping[str, Any]) -> set[str]:
    """Every index that values of a profile's custom fields claim."""
    return {
        index
        for part in ("claims", "reserved")
        for indexes in held.get(part, {}).values()
        for index in indexes
    }


def unsealed_entry(identity: NamedIdentity, seal: TenantSeal) -> Document:
    """What tells an identity of a profile from others; the rest is sealed when it is written."""
    channel = identity.identity.channel
    return {"channel": channel.value if channel else None, "index": seal.index(identity.name)}


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


def is_same(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two entries are one identity."""
    return (one["channel"], one["index"]) == (other["channel"], other["index"])
