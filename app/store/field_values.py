"""What is stored under a field, looked at before its definition changes."""

from typing import Final

import pymongo
from pymongo.asynchronous.cursor import AsyncCursor
from pymongo.asynchronous.database import AsyncDatabase

from app.store.documents import Document, opened_custom
from app.store.failures import store_failures
from app.store.names import PROFILES
from app.store.sealing import ProfileSeal, Sealing
from app.store.search import walked
from graph.errors import BreaksValues
from graph.kinds.definitions import is_checked_against_values, is_converted, misfit
from graph.kinds.search import keys_of
from graph.kinds.values import convert_value
from graph.model.custom_field import FieldDefinition
from graph.model.profile import ProfileState
from policies.unreadable import Unreadable

_EXAMPLES: Final = 5
_BATCH: Final = 500
# The embedded server gathers all profiles of a tenant before it answers with the first of them.
_WITHIN_S: Final = 300.0


async def refuse_misfits(
    database: AsyncDatabase[Document],
    tenant: str,
    known: FieldDefinition | None,
    wanted: FieldDefinition,
    sealing: Sealing,
) -> None:
    """Look at every stored value, where the change could break one.

    Raises:
        BreaksValues: how many profiles have a value that doesn't fit, and the ids of a few.
    """
    if known is None:
        if not wanted.is_required or wanted.default is not None:
            return
    elif not is_checked_against_values(wanted, known):
        return
    count, examples, seen = 0, list[str](), set[str]()
    with store_failures(), pymongo.timeout(_WITHIN_S):
        async with _profiles(database, tenant, known or wanted) as profiles:
            while documents := await profiles.to_list(_BATCH):
                seals = await sealing.read(tenant, documents)
                for document in documents:
                    if not _fits(document, known or wanted, wanted, seen, seals[document["id"]]):
                        count += 1
                        examples += [document["id"]] if count <= _EXAMPLES else []
    if count:
        raise BreaksValues(count, examples)


def _fits(
    document: Document,
    known: FieldDefinition,
    wanted: FieldDefinition,
    seen: set[str],
    seal: ProfileSeal,
) -> bool:
    kept = document.get("custom", {}).get(known.kept_as)
    stored = opened_custom(seal, known.kept_as, kept)
    if isinstance(stored, Unreadable):
        return True  # there is no value any more that could break
    if stored is None and document["state"] == ProfileState.ANONYMOUS.value:
        return True
    if misfit(wanted, known, stored) is not None:
        return False
    if not wanted.is_unique or stored is None:
        return True
    now = convert_value(wanted, stored) if is_converted(wanted, known) else stored
    keys = set(keys_of(wanted, now))
    is_new = seen.isdisjoint(keys)
    seen |= keys
    return is_new


def _profiles(
    database: AsyncDatabase[Document], tenant: str, definition: FieldDefinition
) -> AsyncCursor[Document]:
    wanted = {"id": 1, "state": 1, f"custom.{definition.kept_as}": 1}
    return database[PROFILES].find(walked(tenant), wanted, batch_size=_BATCH)
