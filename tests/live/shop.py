"""A shop for tests: its CRM (a sandbox over real HTTP) and its customers, known to both sides."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx2

from tests.support.gateway import Caller, TestGateway, a_profile, define
from tests.support.sandbox import Sandbox

CONTACTS = "/crm/objects/2026-09/contacts"
# The attributes of the CRM; only `profile_id` can name a record.
SEED = (
    {"object": "contacts", "property": {"name": "profile_id", "hasUniqueValue": True}},
    *(
        {"object": "contacts", "property": {"name": name, "label": name}}
        for name in ("loyalty", "nps", "joined", "vip", "card", "diagnosis")
    ),
)
# Key, kind, data class, attribute: an agent reads BEHAVIOURAL and DEMOGRAPHIC, sees FINANCIAL
# masked and SENSITIVE not at all.
LIVE = (
    ("tier", "CHOICE", "BEHAVIOURAL", "loyalty"),
    ("city", "STRING", "DEMOGRAPHIC", "city"),
    ("score", "NUMBER", "BEHAVIOURAL", "nps"),
    ("since", "DATE", "BEHAVIOURAL", "joined"),
    ("vip", "BOOLEAN", "BEHAVIOURAL", "vip"),
    ("card", "STRING", "FINANCIAL", "card"),
    ("diagnosis", "STRING", "SENSITIVE", "diagnosis"),
)


class Crm:
    """The CRM's own side: its records, what it was asked, and how it misbehaves."""

    def __init__(self, sandbox: Sandbox) -> None:
        self.sandbox = sandbox
        headers = {"Authorization": f"Bearer {sandbox.token}"}
        self._http = httpx2.AsyncClient(base_url=sandbox.base_url, headers=headers)

    async def stats(self) -> dict[str, Any]:
        """What it was asked since the last `forget`."""
        return (await self._http.get("/_sandbox/stats")).json()

    async def calls(self) -> int:
        """How many HTTP calls it got since the last `forget`."""
        return (await self.stats())["calls"]

    async def asked_for(self) -> list[str]:
        """The attributes of the last read."""
        return (await self.stats())["last_properties"]

    async def forget(self) -> None:
        """Count from zero."""
        await self._http.delete("/_sandbox/stats")

    async def misbehave(self, **faults: Any) -> None:
        """Go wrong from now on; nothing named: work well again."""
        response = await self._http.put("/_sandbox/faults", json=faults)
        assert response.status_code == 200, response.text

    async def add(self, records: Sequence[Mapping[str, object]]) -> list[str]:
        """The ids of new contacts, in the order of `records`; at most 100."""
        inputs = [{"properties": record} for record in records]
        response = await self._http.post(f"{CONTACTS}/batch/create", json={"inputs": inputs})
        assert response.status_code == 201, response.text
        ids = [one["id"] for one in response.json()["results"]]
        await self.forget()
        return ids

    async def aclose(self) -> None:
        """Close the connections of this side."""
        await self._http.aclose()


@dataclass(frozen=True, slots=True)
class Shop:
    """One tenant whose source `crm` is matched by `match`, and those who ask in it."""

    gateway: TestGateway
    tenant: str
    match: str
    crm: Crm
    source: str = "crm"

    def caller(self, role: str) -> Caller:
        """Somebody in this role."""
        return self.gateway.as_role(role, tenant=self.tenant)

    async def define_fields(self, sources: Sequence[str]) -> None:
        """The live fields of each source (keys of further ones begin with the source's name)."""
        await define(self.caller("admin"), [live_field(*field, self.source) for field in LIVE])
        for source in sources:
            await define(
                self.caller("admin"),
                [live_field(f"{source}_{key}", *rest, source) for key, *rest in LIVE],
            )
        nickname = {"key": "nickname", "kind": "STRING", "dataClass": "BEHAVIOURAL"}
        await define(self.caller("admin"), [nickname])

    async def customers(self, *records: Mapping[str, object]) -> list[str]:
        """The profile ids of new customers, the CRM holding these values of each."""
        if self.match != "link":
            ids = [await self._customer(number) for number in range(len(records))]
            pairs = zip(ids, records, strict=True)
            await self.crm.add([{"profile_id": own, **record} for own, record in pairs])
            return ids
        links = [
            [{"source": self.source, "object": "contacts", "recordId": record_id}]
            for record_id in await self.crm.add(records)
        ]
        return [await self._customer(number, links=own) for number, own in enumerate(links)]

    async def _customer(self, number: int, **more: object) -> str:
        custom = {"nickname": f"Nick {number}"}
        return await a_profile(self.caller("service"), custom=custom, **more)


def live_field(key: str, kind: str, data_class: str, attribute: str, source: str) -> dict[str, Any]:
    """The definition of a field that the CRM's contacts hold."""
    field = {
        "key": key,
        "kind": kind,
        "dataClass": data_class,
        "source": {
            "kind": "LIVE",
            "connector": source,
            "object": "contacts",
            "attribute": attribute,
        },
    }
    return {**field, "choices": ["gold", "silver"]} if kind == "CHOICE" else field
