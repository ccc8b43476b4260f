"""What the database remembers about itself, so that it isn't opened the wrong way."""

from typing import Any

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from app.store.backup import restore_in_progress
from app.store.names import META

_KEY_CHECK = "identity-key"


class StoreMismatch(Exception):
    """The database can't be used with these settings; the message says why and what to do."""


async def check_store(database: AsyncDatabase[dict[str, Any]], fingerprint: str) -> None:
    """Remember the identity key's fingerprint on the first run, and refuse another one later.

    Raises:
        StoreMismatch: the data was indexed with another key, or a restore was interrupted.
    """
    if await restore_in_progress(database):
        raise StoreMismatch(
            "A restore into this database was interrupted: run `profile-gateway restore FILE`"
            " with the same file again before you serve it."
        )
    try:
        await database[META].insert_one({"_id": _KEY_CHECK, "check": fingerprint})
    except DuplicateKeyError:
        known = await database[META].find_one({"_id": _KEY_CHECK})
        if known and known["check"] != fingerprint:
            raise StoreMismatch(
                "The identities in this database were indexed with another identity key."
                " Give that one by keys.identity, or put the development key it was made with"
                " back into the data directory (keys/identity.key)."
            ) from None
