"""The tenants' access rules.  A change is a new document; inserting its `_id` claims it."""

from collections.abc import Callable
from datetime import datetime

from pymongo.asynchronous.database import AsyncDatabase
from pymongo.errors import DuplicateKeyError

from app.store.documents import Document
from app.store.failures import store_failures
from app.store.names import ACCESS_RULES, key_of
from graph.access_ports import AccessRules
from graph.errors import VersionMismatch

_CHANGED = "Somebody else changed the access rules: read them again."


class MongoAccessRules:
    """What tenants have changed of the matrix; every version is kept."""

    def __init__(self, database: AsyncDatabase[Document], now: Callable[[], datetime]) -> None:
        self._rules = database[ACCESS_RULES]
        self._now = now

    async def current(self, tenant: str, known: int | None = None) -> AccessRules:
        """The newest rules of a tenant; without their text where they are the known revision."""
        newest = self._rules.find({"tenant": tenant}, {"revision": 1}).sort("revision", -1).limit(1)
        with store_failures():
            found = await newest.to_list()
            if not found or found[0]["revision"] == known:
                return AccessRules(revision=found[0]["revision"] if found else 0)
            document = await self._rules.find_one({"_id": found[0]["_id"]})
        assert document is not None  # noqa: S101 - versions are never removed
        text, revision = document["text"], document["revision"]
        return AccessRules(text, revision, document["by"], document["at"])

    async def present(self, tenant: str, if_revision: int | None) -> int:
        """The newest revision; raises `VersionMismatch` where `if_revision` is another one."""
        newest = (await self.current(tenant)).revision
        if if_revision is not None and if_revision != newest:
            raise VersionMismatch(_CHANGED)
        return newest

    async def change(self, tenant: str, text: str, if_revision: int | None, by: str) -> AccessRules:
        """Keep these rules as the tenant's newest.

        Raises:
            VersionMismatch: somebody else changed them, or `if_revision` is another one.
        """
        present = await self.present(tenant, if_revision)
        rules = AccessRules(text, present + 1, by, self._now())
        document = {
            "_id": key_of(tenant, f"{rules.revision:010d}"),
            "tenant": tenant,
            "revision": rules.revision,
            "text": text,
            "by": by,
            "at": rules.at,
        }
        try:
            with store_failures():
                await self._rules.insert_one(document)
        except DuplicateKeyError:
            raise VersionMismatch(_CHANGED) from None
        return rules
