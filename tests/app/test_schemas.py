"""Each tenant's schema: fresh, built once for all who wait, and let go when it isn't needed."""

import asyncio
import gc
import weakref
from dataclasses import dataclass, field

import pytest

import app.fresh
from app.schemas import Schemas
from graph.errors import StoreUnavailable
from graph.model.custom_field import CustomerSchema, FieldDefinition
from policies.classification import DataClass
from tests.support.gateway import define, running_gateway


def fields(*keys: str) -> CustomerSchema:
    """A customer schema with these fields; each raised the revision by one."""
    defined = [
        FieldDefinition(id=key, key=key, label=key, kind="STRING", data_class=DataClass.PUBLIC)
        for key in keys
    ]
    return CustomerSchema(len(defined), tuple(defined))


@dataclass(slots=True)
class Kept:
    """Definitions in memory, behind the port; they count what is asked, and fail or wait."""

    schemas: dict[str, CustomerSchema] = field(default_factory=dict)
    is_away: bool = False
    revisions: int = 0
    reads: int = 0
    gate: asyncio.Event | None = None

    async def revision(self, tenant: str) -> int:
        self.revisions += 1
        return (await self._answer(tenant)).revision

    async def current(self, tenant: str) -> CustomerSchema:
        self.reads += 1
        return await self._answer(tenant)

    async def _answer(self, tenant: str) -> CustomerSchema:
        found = self.schemas.get(tenant, CustomerSchema())
        if self.gate is not None:
            await self.gate.wait()
        if self.is_away:
            raise StoreUnavailable("The store gives no answer now; try again.")
        return found


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def schemas(kept, clock) -> Schemas:
    return Schemas(kept, clock)


async def until(condition) -> None:
    """Let the others go on until the condition holds."""
    for _ in range(100):
        if condition():
            return
        await asyncio.sleep(0)
    pytest.fail("it never came to that")


def keys(schema) -> list[str]:
    return [key for key in schema.graphql.type_map["CustomFields"].fields if key != "_keys"]


async def test_a_changed_field_is_seen_a_fifth_of_a_second_later(schemas, kept, clock):
    kept.schemas["acme"] = fields("city")
    before = await schemas.of("acme")
    kept.schemas["acme"] = fields("city", "tier")

    clock.now = 0.199
    still = await schemas.of("acme")
    clock.now = 0.2
    after = await schemas.of("acme")

    assert still is before
    assert keys(before) == ["city"]
    assert keys(after) == ["city", "tier"]


async def test_the_time_a_read_takes_counts_into_the_age_of_its_schema(schemas, kept, clock):
    kept.gate = asyncio.Event()
    asking = asyncio.create_task(schemas.of("acme"))
    await until(lambda: kept.reads)
    clock.now = 0.15
    kept.gate.set()
    await asking
    kept.schemas["acme"] = fields("tier")

    clock.now = 0.2

    assert keys(await schemas.of("acme")) == ["tier"]


async def test_a_schema_that_did_not_change_is_kept_with_its_documents(schemas, kept, clock):
    first = await schemas.of("acme")

    clock.now = 10.0
    second = await schemas.of("acme")

    assert second is first
    assert (kept.revisions, kept.reads) == (1, 1)


async def test_fifty_first_requests_build_one_schema(schemas, kept):
    found = await asyncio.gather(*(schemas.of("acme") for _ in range(50)))

    assert len(set(map(id, found))) == 1
    assert (kept.revisions, kept.reads) == (0, 1)


async def test_fifty_requests_for_an_old_schema_look_once(schemas, kept, clock):
    first = await schemas.of("acme")
    clock.now = 10.0

    found = await asyncio.gather(*(schemas.of("acme") for _ in range(50)))

    assert set(map(id, found)) == {id(first)}
    assert (kept.revisions, kept.reads) == (1, 1)


async def test_tenants_do_not_see_each_others_fields(schemas, kept):
    kept.schemas["acme"] = fields("city")
    kept.schemas["globex"] = fields("tier")

    acme, globex = await asyncio.gather(schemas.of("acme"), schemas.of("globex"))

    assert keys(acme) == ["city"]
    assert keys(globex) == ["tier"]


async def test_while_the_store_is_away_the_known_schema_serves(schemas, kept, clock):
    kept.schemas["acme"] = fields("city")
    known = await schemas.of("acme")
    kept.is_away = True
    clock.now = 10.0

    assert await schemas.of("acme") is known
    with pytest.raises(StoreUnavailable):
        await schemas.of("globex")


async def test_a_store_that_hangs_keeps_nobody_waiting_who_is_known(schemas, kept, clock):
    known = await schemas.of("acme")
    kept.gate = asyncio.Event()
    clock.now = 10.0

    found = await asyncio.wait_for(
        asyncio.gather(*(schemas.of("acme") for _ in range(5))), timeout=4
    )

    assert set(map(id, found)) == {id(known)}
    assert kept.revisions == 1


async def test_when_the_store_is_back_so_are_changes(schemas, kept, clock):
    await schemas.of("acme")
    kept.is_away = True
    clock.now = 10.0
    await schemas.of("acme")

    kept.is_away = False
    kept.schemas["acme"] = kept.schemas["globex"] = fields("tier")

    assert keys(await schemas.of("acme")) == ["tier"]
    assert keys(await schemas.of("globex")) == ["tier"]


async def test_an_expired_schema_is_looked_at_before_the_next_request(schemas, kept):
    await schemas.of("acme")
    kept.schemas["acme"] = fields("tier")

    schemas.expire("acme")

    assert keys(await schemas.of("acme")) == ["tier"]


@pytest.mark.parametrize("is_known", [True, False])
async def test_what_was_being_read_when_the_schema_expired_is_not_taken_for_new(
    schemas, kept, clock, is_known
):
    if is_known:
        await schemas.of("acme")
        clock.now = 10.0
    kept.gate = asyncio.Event()
    overtaken = asyncio.create_task(schemas.of("acme"))
    await until(lambda: kept.revisions if is_known else kept.reads)
    kept.schemas["acme"] = fields("tier")
    schemas.expire("acme")
    gate, kept.gate = kept.gate, None

    after_the_change = await schemas.of("acme")
    gate.set()
    before_the_change = await overtaken

    assert keys(after_the_change) == ["tier"]
    assert keys(before_the_change) == []
    assert await schemas.of("acme") is after_the_change


@pytest.mark.parametrize("is_known", [True, False])
async def test_a_tenant_that_changes_something_all_the_time_has_its_schema_built_once(
    schemas, kept, is_known
):
    if is_known:
        await schemas.of("acme")
        kept.schemas["acme"] = fields("tier")
    reads = kept.reads

    found = []
    for _ in range(5):
        schemas.expire("acme")
        asking = asyncio.create_task(schemas.of("acme"))
        await until(lambda: schemas._fresh._refreshes)
        schemas.expire("acme")
        found.append(await asking)

    assert set(map(id, found)) == {id(found[0])}
    assert keys(found[0]) == (["tier"] if is_known else [])
    assert kept.reads == reads + 1


async def test_expiring_an_unknown_tenant_does_nothing(schemas, kept):
    schemas.expire("acme")

    assert (kept.revisions, kept.reads) == (0, 0)


async def test_a_first_waiter_that_hangs_up_harms_nobody(schemas, kept):
    kept.gate = asyncio.Event()
    first = asyncio.create_task(schemas.of("acme"))
    await until(lambda: kept.reads)
    second = asyncio.create_task(schemas.of("acme"))
    await asyncio.sleep(0)

    first.cancel()
    await until(first.cancelled)
    kept.gate.set()
    found = await second

    assert first.cancelled()
    assert await schemas.of("acme") is found
    assert kept.reads == 1


async def test_a_failure_is_not_remembered(schemas, kept):
    kept.is_away = True
    failures = await asyncio.gather(*(schemas.of("acme") for _ in range(3)), return_exceptions=True)
    kept.is_away = False

    found = await schemas.of("acme")

    assert [type(failure) for failure in failures] == [StoreUnavailable] * 3
    assert kept.reads == 2
    assert keys(found) == []


async def test_the_tenants_that_came_last_are_kept(schemas, kept, clock, monkeypatch):
    monkeypatch.setattr(app.fresh, "_MAX_TENANTS", 3)
    for tenant in ("a", "b", "c"):
        await schemas.of(tenant)
    clock.now = 10.0
    await schemas.of("a")
    await schemas.of("d")
    reads = kept.reads

    for tenant in ("a", "c", "d"):
        await schemas.of(tenant)
    kept_reads = kept.reads
    await schemas.of("b")

    assert kept_reads == reads
    assert kept.reads == reads + 1


async def test_a_schema_that_was_replaced_or_dropped_is_freed(schemas, kept, monkeypatch):
    monkeypatch.setattr(app.fresh, "_MAX_TENANTS", 1)
    replaced = weakref.ref(await schemas.of("acme"))
    replaced().documents.get("{ viewer { subject } }")
    kept.schemas["acme"] = fields("tier")
    schemas.expire("acme")
    dropped = weakref.ref(await schemas.of("acme"))
    graphql = weakref.ref(dropped().graphql)

    await schemas.of("globex")
    for _ in range(100):  # what the loop and its threads hold of finished tasks goes soon
        gc.collect()
        if not any(one() for one in (replaced, dropped, graphql)):
            break
        await asyncio.sleep(0.01)

    assert replaced() is None
    assert dropped() is None
    assert graphql() is None


async def test_a_field_that_one_gateway_defines_is_soon_seen_by_another(
    document_server, tmp_path, tenant
):
    async with (
        running_gateway(document_server.uri, tmp_path, database=f"db-{tenant}") as one,
        running_gateway(document_server.uri, tmp_path, database=f"db-{tenant}") as other,
    ):
        elsewhere = other.as_role("admin", tenant=tenant)
        query = '{ customerSchema { revision } __type(name: "CustomFields") { fields { name } } }'
        assert (await elsewhere.data(query))["customerSchema"] == {"revision": 0}

        admin = one.as_role("admin", tenant=tenant)
        await define(admin, [{"key": "tier", "kind": "STRING", "dataClass": "BEHAVIOURAL"}])
        here = await admin.data(query)
        for _ in range(100):
            seen = await elsewhere.data(query)
            if seen == here:
                break
            await asyncio.sleep(0.05)

    assert seen == here
    assert [item["name"] for item in here["__type"]["fields"]] == ["_keys", "tier"]
