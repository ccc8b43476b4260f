"""What the database remembers about itself, so that it isn't opened the wrong way."""

import secrets
from typing import Any

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from app.keyring.envelope import bound_to
from app.keyring.keyring import Keyring
from app.keyring.root_keys import Wrapped
from app.store.backup import restore_in_progress
from app.store.errors import StoreMismatch
from app.store.names import META

_KEYRING = "keyring"
_FORMER = "identity-key"
_CONTEXT = bound_to("cpg/check/1")


async def claim_store(database: AsyncDatabase[dict[str, Any]], keyring: Keyring) -> None:
    """Check the store, and make its keyring on the first run.

    Raises:
        StoreMismatch, KeyTrouble: see `check_store`.
    """
    await check_store(database, keyring)
    known = await keyring.database[META].find_one({"_id": _KEYRING})
    if known is None:
        wrapped = await keyring.roots.wrap(secrets.token_bytes(32), _CONTEXT)
        made = {"keyring": secrets.token_hex(8), "by": wrapped.by, "key": wrapped.content}
        await _insert(keyring.database, {"_id": _KEYRING, **made})
        known = await keyring.database[META].find_one({"_id": _KEYRING})
    await _insert(database, {"_id": _KEYRING, "keyring": (known or {})["keyring"]})
    await check_store(database, keyring)  # another gateway may have been first


async def check_store(database: AsyncDatabase[dict[str, Any]], keyring: Keyring) -> None:
    """Refuse a keyring that isn't the store's, and root keys that don't open it.

    Nothing is written.

    Raises:
        StoreMismatch: the data was sealed with another keyring, or a restore was interrupted.
        RootKeyMissing, KeyDamaged: the keyring was wrapped by a root key that isn't at hand.
    """
    for part in (database, keyring.database):
        if await restore_in_progress(part):
            raise StoreMismatch(
                f"A restore into the database {part.name} was interrupted: run `profile-gateway"
                " restore` with the same file again before you serve it."
            )
    if await database[META].find_one({"_id": _FORMER}):
        raise StoreMismatch(
            "This database was made by an early version that sealed nothing; it can't be used by"
            " this one. Begin with an empty one, and import its customers."
        )
    wanted = await database[META].find_one({"_id": _KEYRING})
    known = await keyring.database[META].find_one({"_id": _KEYRING})
    if wanted and (known is None or known["keyring"] != wanted["keyring"]):
        found = "is another one" if known else "holds none"
        raise StoreMismatch(
            f"The data in {database.name} was sealed with the keyring {wanted['keyring']}, and the"
            f" database {keyring.database.name} {found}. Restore the keyring's own backup with"
            " `profile-gateway restore --keyring FILE`, or name its database in keys.database."
        )
    if known:
        await keyring.roots.unwrap(Wrapped(known["by"], known["key"]), _CONTEXT)


async def rewrap_check(keyring: Keyring) -> None:
    """Wrap what tells whether a root key is the right one by the root key in use."""
    known = await keyring.database[META].find_one({"_id": _KEYRING})
    if known is None or keyring.roots.is_current(Wrapped(known["by"], known["key"])):
        return
    key = await keyring.roots.unwrap(Wrapped(known["by"], known["key"]), _CONTEXT)
    wrapped = await keyring.roots.wrap(key, _CONTEXT)
    put = {"by": wrapped.by, "key": wrapped.content}
    await keyring.database[META].update_one({"_id": _KEYRING}, {"$set": put})


async def _insert(database: AsyncDatabase[dict[str, Any]], document: dict[str, Any]) -> None:
    try:
        await database[META].insert_one(document)
    except DuplicateKeyError:
        return
