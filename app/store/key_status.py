"""What the keyring holds, told without any key."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from app.keyring.keyring import DATA, INDEX, META, PROFILES, TENANTS, Document, Keyring
from app.store.index_rotation import mark_id


@dataclass(frozen=True, slots=True)
class TenantStatus:
    """The keys of one tenant.

    `data` and `index` are the versions of its keys; `roots` the ids of the root keys that wrapped
    them.  `rotated` is how many profiles a rotation that isn't finished has done, `indexed` how
    many have been indexed by a new key; None: no such rotation.
    """

    tenant: str
    data: tuple[int, ...]
    index: tuple[int, ...]
    roots: tuple[str, ...]
    profiles: int
    destroyed: int
    rotated: int | None
    indexed: int | None

    def as_json(self) -> dict[str, Any]:
        """The status as JSON has it."""
        return asdict(self)

    def lines(self, root: str) -> Iterator[str]:
        """What a person is told; `root` is the root key in use."""
        yield f"{self.tenant}: {self.profiles} profiles with keys, {self.destroyed} destroyed"
        data, index = _versions(self.data), _versions(self.index)
        yield f"  data key version {data}, index key version {index}"
        if former := sorted({one for one in self.roots if one != root}):
            yield f"  wrapped by former root keys: {', '.join(former)}; run `keys rotate root`"
        if len(self.data) > 1:
            yield "  its data key is being rotated; run `keys rotate tenant` to finish"
        if self.rotated is not None:
            told = f"  keys of profiles are being rotated, {self.rotated} done"
            yield f"{told}; run `keys rotate profile` to finish"
        if self.indexed is not None or len(self.index) > 1:
            told = f"  its index key is being rotated, {self.indexed or 0} profiles done"
            yield f"{told}; run `keys rotate index` to finish"


async def statuses(keyring: Keyring) -> list[TenantStatus]:
    """The status of every tenant that has keys."""
    documents = await keyring.database[TENANTS].find({}).sort("_id", 1).to_list()
    by_tenant: dict[str, list[Document]] = {}
    for document in documents:
        by_tenant.setdefault(document["_id"].partition("/")[0], []).append(document)
    return [await _status(keyring, tenant, found) for tenant, found in by_tenant.items()]


async def _status(keyring: Keyring, tenant: str, documents: list[Document]) -> TenantStatus:
    profiles = keyring.database[PROFILES]
    query: Document = {"_id": {"$gte": f"{tenant}/", "$lt": f"{tenant}0"}}
    count = await profiles.count_documents(query)
    destroyed = await profiles.count_documents(query | {"destroyedAt": {"$exists": True}})
    mark = await keyring.database[META].find_one({"_id": f"rotation/{tenant}"})
    indexing = await keyring.database[META].find_one({"_id": mark_id(tenant)})
    versions = {
        purpose: tuple(
            document["version"] for document in documents if document["purpose"] == purpose
        )
        for purpose in (DATA, INDEX)
    }
    roots = tuple(sorted({document["by"] for document in documents}))
    return TenantStatus(
        tenant,
        versions[DATA],
        versions[INDEX],
        roots,
        count - destroyed,
        destroyed,
        mark["done"] if mark else None,
        indexing["done"] if indexing else None,
    )


def _versions(versions: tuple[int, ...]) -> str:
    return " and ".join(map(str, sorted(versions)))
