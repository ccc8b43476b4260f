"""Fills an empty gateway with the demo's customers, through the same door as everybody."""

import asyncio
import hashlib
import random
from collections import deque
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import httpx2

from app.build import Gateway
from app.demo.customers import FIELDS, customers
from app.demo.interactions import interactions
from graph.errors import GatewayError
from graph.execution.operation import answer
from graph.execution.request import Request
from policies.principal import Principal

TENANT: Final = "demo"
_AT_ONCE: Final = 8
_BATCH: Final = 100
_TIERS: Final = ("bronze", "silver", "gold", "platinum")
_CREATE: Final = """
mutation ($input: CreateProfileInput!) { createProfile(input: $input) { profile { id } } }
"""
_DEFINE: Final = """
mutation ($input: DefineFieldInput!) { defineField(input: $input) { field { key } } }
"""
_RECORD: Final = """
mutation ($input: RecordInteractionInput!) { recordInteraction(input: $input) { __typename } }
"""
_PAGE: Final = """
query ($after: String) {
  profiles(first: 100, after: $after) {
    edges { node { id name { given family } } }
    pageInfo { hasNextPage endCursor }
  }
}
"""


class SeedFailed(GatewayError):
    """The demo's data can't be written."""


async def seed(gateway: Gateway, count: int, progress: Callable[[int, int], None]) -> None:
    """Define the demo's fields and create `count` customers with what happened with them.

    Nothing where there are customers already.
    """
    found = await _ask(gateway, "admin", "{ profiles(first: 1) { edges { cursor } } }")
    if found["profiles"]["edges"]:
        return
    for field in FIELDS:
        await _ask(gateway, "admin", _DEFINE, {"input": field})
    waiting, done, now = deque(enumerate(customers(count))), 0, gateway.wiring.now()

    async def work() -> None:
        nonlocal done
        while waiting:
            number, given = waiting.popleft()
            made = await _ask(gateway, "service", _CREATE, {"input": given})
            for told in interactions(number, made["createProfile"]["profile"]["id"], now):
                await _ask(gateway, "service", _RECORD, {"input": told})
            done += 1
            progress(done, count)

    try:
        # When one fails, or all are told to stop, none goes on behind our back.
        async with asyncio.TaskGroup() as group:
            working = [group.create_task(work()) for _ in range(_AT_ONCE)]
            try:
                await asyncio.wait(working, return_when=asyncio.FIRST_EXCEPTION)
            finally:
                # A transaction that is being committed may outlive being told to stop.
                waiting.clear()
    except ExceptionGroup as failures:
        raise failures.exceptions[0] from None


async def fill_crm(gateway: Gateway, base_url: str, token: str) -> None:
    """Tell the sandbox CRM about every customer; it finds them by `profile_id`.

    What it knows follows from the profile's id, so it is the same after each start.
    """
    headers = {"authorization": f"Bearer {token}"}
    async with httpx2.AsyncClient(base_url=base_url, headers=headers, trust_env=False) as crm:
        async for nodes in _pages(gateway):
            inputs = [{"properties": _properties(node)} for node in nodes]
            answered = await crm.post(
                "/crm/objects/2026-09/contacts/batch/create", json={"inputs": inputs}
            )
            if answered.is_error:
                raise SeedFailed(f"The sandbox CRM answered {answered.status_code}.")


def crm_seed() -> Iterable[Mapping[str, Any]]:
    """The properties that the sandbox CRM declares before it has records."""
    unique = {"name": "profile_id", "hasUniqueValue": True, "type": "string"}
    tier = {"name": "loyalty_tier", "type": "string"}
    value = {"name": "lifetime_value", "type": "number"}
    for property_ in (unique, tier, value):
        yield {"object": "contacts", "property": property_}


def _properties(node: Mapping[str, Any]) -> dict[str, str]:
    chance = random.Random(hashlib.sha256(node["id"].encode()).digest())  # noqa: S311 - invented
    name = node["name"] or {}
    is_ada = name.get("given") == "Ada" and name.get("family") == "Lovelace"
    return {
        "profile_id": node["id"],
        "firstname": name.get("given") or "",
        "lastname": name.get("family") or "",
        "loyalty_tier": "gold" if is_ada else chance.choice(_TIERS),
        "lifetime_value": f"{chance.uniform(10, 20_000):.2f}",
    }


async def _pages(gateway: Gateway) -> Any:  # noqa: ANN401 - an async generator of node lists
    after = None
    while True:
        found = await _ask(gateway, "supervisor", _PAGE, {"after": after})
        page = found["profiles"]
        yield [edge["node"] for edge in page["edges"]]
        if not page["pageInfo"]["hasNextPage"]:
            return
        after = page["pageInfo"]["endCursor"]


async def _ask(
    gateway: Gateway, role: str, query: str, variables: Mapping[str, Any] | None = None
) -> Any:  # noqa: ANN401 - GraphQL data
    principal = Principal(TENANT, "demo", frozenset({role}), has_second_factor=True)
    schema = await gateway.schemas.of(TENANT)
    found = await answer(Request(query, None, variables or {}), schema, principal, gateway.wiring)
    if "errors" in found.body:
        raise SeedFailed(f"The demo's data can't be written: {found.body['errors'][0]['message']}")
    return found.body["data"]
