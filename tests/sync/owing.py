"""What an office owes its Tryton, and wishes there."""

from datetime import timedelta
from typing import Any

from app.store.outbox import Outgoing
from app.store.queues import Queue
from tests.sync.office import PARTY, UPDATE, Office, parties_of

WRITE = """
mutation ($input: WriteToSourceInput!) {
  writeToSource(input: $input) { state profile { custom { crmName } } }
}
"""


async def rename(office: Office, party: str, name: str) -> None:
    """Change the field that the profile owns."""
    given = {"id": office.profiles[party], "custom": {"ours": name}}
    await office.caller("service").data(UPDATE, {"input": given})


async def wish(office: Office, party: str, **custom: Any) -> str:
    """Wish for values that Tryton owns; what became of them."""
    given = {"id": office.profiles[party], "custom": custom}
    data = await office.caller("supervisor").data(WRITE, {"input": given})
    return str(data["writeToSource"]["state"])


async def kept_wish(office: Office, party: str, after: timedelta, name: str) -> Outgoing:
    """A wish for the name, to be sent after a while."""
    syncing, tenant, profile = office.syncing, office.tenant, office.profiles[party]
    document = (await syncing.profiles.of_ids(tenant, [profile]))[profile]
    seal = (await syncing.profiles.seals(tenant, [document]))[profile]
    schema = await syncing.definitions.current(tenant)
    [field] = [one for one in schema.fields if one.key == "crmName"]
    place, due = ("erp", PARTY), syncing.now() + after
    return await syncing.outbox.wish(tenant, seal, place, {field.id: name}, due)


async def lease(office: Office, after: timedelta = timedelta(), source: str = "erp") -> Any:
    """What a worker takes up so much later, of what is owed to a source; None: nothing."""
    queue = Queue(office.tenant, source)
    leases = office.syncing.outbox.leases(queue, lambda: office.syncing.now() + after)
    return await anext(leases, None)


async def outbox_of(office: Office) -> list[dict[str, Any]]:
    """What waits to be sent for the test's customers, or was refused."""
    kept = office.gateway.gateway.database["outbox"]
    return await kept.find({"profile": {"$in": [*office.profiles.values()]}}).to_list()


async def name_of(office: Office, party: str) -> Any:
    """The name that the party has in Tryton."""
    return (await parties_of(office.tryton))[party]["crmName"]
