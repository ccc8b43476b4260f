"""Identifiers that several profiles share: they claim nothing, and recognise nobody alone.

The document of a shared identifier in `identities` names no profile, so that nobody can claim it;
it counts who has it, and goes with the last of them.  Who has it is found by `shared` in the
profiles' documents.  Whoever joins or leaves writes to that one document: of two who do so at the
same time, the store lets one wait for the other.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from pymongo.asynchronous.client_session import AsyncClientSession
from pymongo.asynchronous.collection import AsyncCollection

from graph.errors import Conflict

Document = dict[str, Any]
MOST_SUGGESTED: Final = 10
_OWNED: Final = "The identity belongs to another profile: it must be marked as shared there first."


def is_shared(claim: Mapping[str, Any]) -> bool:
    """Whether a claim is nobody's, because several share it."""
    return bool(claim.get("shared"))


async def join(
    identities: AsyncCollection[Document], claim: Document, session: AsyncClientSession
) -> None:
    """Let a profile share an identifier; its own claim becomes a shared one.

    `claim` is what the profile would claim it with.

    Raises:
        Conflict: it belongs to another profile alone.
    """
    key, profile = {"_id": claim["_id"]}, claim["profile"]
    held = await identities.find_one(key, session=session)
    if held is None:
        new = {name: value for name, value in claim.items() if name != "profile"}
        await identities.insert_one(new | {"shared": True, "holders": 1}, session=session)
    elif is_shared(held):
        await identities.update_one(key, {"$inc": {"holders": 1}}, session=session)
    elif held["profile"] == profile:
        mark = {"$set": {"shared": True, "holders": 1}, "$unset": {"profile": ""}}
        await identities.update_one(key, mark, session=session)
    else:
        raise Conflict(_OWNED)


async def leave(
    identities: AsyncCollection[Document], key: str, session: AsyncClientSession
) -> None:
    """Let a profile give up a shared identifier."""
    await identities.update_one({"_id": key}, {"$inc": {"holders": -1}}, session=session)
    await identities.delete_one({"_id": key, "holders": {"$lt": 1}}, session=session)


async def sharing(profiles: AsyncCollection[Document], keys: Sequence[str]) -> tuple[str, ...]:
    """The ids of some profiles that share an identifier, the oldest first.

    `keys` are the identifier by every version of the index key.
    """
    which: Any = keys[0] if len(keys) == 1 else {"$in": list(keys)}
    cursor = profiles.find({"shared": which}, {"id": 1}).limit(MOST_SUGGESTED)
    return tuple(sorted([document["id"] async for document in cursor]))


def claim_document(key: str, tenant: str, profile: str, now: datetime) -> Document:
    """The document that makes an index one profile's."""
    return {"_id": key, "tenant": tenant, "profile": profile, "claimedAt": now}
