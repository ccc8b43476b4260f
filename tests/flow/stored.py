"""What the store holds, looked at behind the gateway's back."""

from typing import Any

from tests.support.gateway import TestGateway

Snapshot = dict[str, list[dict[str, Any]]]


async def stored(gateway: TestGateway, tenant: str | None = None) -> Snapshot:
    """Every document of a tenant (or of all), by collection, in the order of their keys."""
    database = gateway.gateway.database
    query = {"tenant": tenant} if tenant else {}
    found = {
        name: await database[name].find(query).sort("_id").to_list()
        for name in sorted(await database.list_collection_names())
    }
    return {name: documents for name, documents in found.items() if documents}
