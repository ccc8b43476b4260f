"""What the database remembers about itself, so that it isn't opened the wrong way."""

from typing import Any

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from app.store.backup import restore_in_progress
from app.store.names import META

_KEY_CHECK = "identity-key"


class StoreMismatch(Exception):
    """The database can't be used with these settings; the message says why and what to do."""


async def claim_store(database: AsyncDatabase[dict[str, Any]], fingerprint: str) -> None:
    """Check the store, and remember the identity key's fingerprint on the first run.

    Raises:
        StoreMismatch: see `check_store`.
    """
    await check_store(database, fingerprint)
    try:
        await database[META].insert_one({"_id": _KEY_CHECK, "check": fingerprint})
    except DuplicateKeyError:
        await check_store(database, fingerprint)  # another gateway may have been first


async def check_store(database: AsyncDatabase[dict[str, Any]], fingerprint: str) -> None:
    """Refuse another identity key than the one the store remembers.  Nothing is written.

    Raises:
        StoreMismatch: the data was indexed with another key, or a restore was interrupted.
    """
    if await restore_in_progress(database):
        raise StoreMismatch(
            "A restore into this database was interrupted: run `profile-gateway restore FILE`"
            " with the same file again before you serve it."
        )
    known = await database[META].find_one({"_id": _KEY_CHECK})
    if known and known["check"] != fingerprint:
        raise StoreMismatch(
            "The identities in this database were indexed with another identity key."
            " Give that one by keys.identity, or put the development key it was made with"
            " back into the data directory (keys/identity.key)."
        )
