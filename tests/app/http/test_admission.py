"""Who asks too often, over HTTP: by subject, by role, by address of refused tokens."""

from ipaddress import ip_address

import httpx2
import pytest

from app.http.admission import network_of
from app.http.settings import HttpSettings
from app.limit_settings import LimitSettings, RoleLimitSettings
from tests.support.gateway import Caller, TestGateway, with_settings

VIEWER = "{ viewer { tenant } }"
FEW = LimitSettings(
    requests_per_minute=1,
    burst=3,
    roles={
        "partner": RoleLimitSettings(requests_per_minute=1, burst=1),
        "service": RoleLimitSettings(requests_per_minute=2, burst=6),
    },
    failures_per_minute=4,
)


async def statuses(caller: Caller, times: int) -> list[int]:
    return [(await caller.post(VIEWER)).status_code for _ in range(times)]


async def test_one_too_many_is_a_429_that_says_when_to_come_again(gateway, tenant):
    async with with_settings(gateway, limits=FEW) as limited:
        agent = limited.as_role("agent", tenant=tenant)
        served = await statuses(agent, 3)

        refused = await agent.post(VIEWER)

    (error,) = refused.json()["errors"]
    wait_s = error["extensions"].pop("retryAfterS")
    assert served == [200] * 3
    assert refused.status_code == 429
    assert error == {"message": "You ask too often.", "extensions": {"code": "RATE_LIMITED"}}
    assert 50 < wait_s <= 60
    assert int(refused.headers["retry-after"]) - 1 < wait_s <= int(refused.headers["retry-after"])


@pytest.mark.parametrize("accept", ["application/json", "application/graphql-response+json"])
async def test_a_refusal_has_the_media_type_that_was_asked_for(gateway, tenant, accept):
    async with with_settings(gateway, limits=FEW) as limited:
        agent = limited.as_role("agent", tenant=tenant)
        await statuses(agent, 3)

        refused = await limited.client.post(
            "/graphql",
            content=b"not even JSON",
            headers={"authorization": f"Bearer {agent.token}", "accept": accept},
        )

    assert (refused.status_code, refused.headers["content-type"]) == (429, accept)


async def test_others_of_the_tenant_and_the_same_name_elsewhere_are_not_concerned(gateway, tenant):
    async with with_settings(gateway, limits=FEW) as limited:
        agent = limited.as_role("agent", tenant=tenant)
        assert await statuses(agent, 4) == [200, 200, 200, 429]

        colleague = await statuses(limited.as_role("agent", tenant=tenant, subject="eve"), 3)
        elsewhere = await statuses(limited.as_role("agent", tenant=f"{tenant}-x"), 3)

    assert (colleague, elsewhere) == ([200] * 3, [200] * 3)


async def test_another_token_of_the_same_subject_is_counted_with_the_first(gateway, tenant):
    async with with_settings(gateway, limits=FEW) as limited:
        first = await statuses(limited.as_role("agent", tenant=tenant), 2)
        second = await statuses(limited.as_role("agent", tenant=tenant), 2)

    assert first + second == [200, 200, 200, 429]


@pytest.mark.parametrize(
    ("roles", "at_once"),
    [
        (("agent",), 3),
        (("service",), 6),
        (("partner",), 1),
        (("service", "agent"), 6),
        (("service", "partner"), 1),
        (("partner", "made-up"), 1),
    ],
)
async def test_a_role_may_have_a_rate_and_the_lowest_counts(gateway, tenant, roles, at_once):
    async with with_settings(gateway, limits=FEW) as limited:
        caller = limited.as_role(*roles, tenant=tenant)

        answered = await statuses(caller, at_once + 1)

    assert answered == [200] * at_once + [429]


async def test_refused_tokens_of_one_address_are_counted(gateway, tenant):
    async with with_settings(gateway, limits=FEW) as limited:
        known = limited.as_role("agent", tenant=tenant)
        assert await statuses(known, 1) == [200]
        stranger = Caller(limited.client, "a.b.c")

        refused = await statuses(stranger, 4)
        fresh = await limited.as_role("agent", tenant=tenant, subject="eve").post(VIEWER)
        signed_in = await statuses(known, 1)
        elsewhere = await _from("192.0.2.7", limited).post(VIEWER)

    assert refused == [401, 401, 429, 429]
    assert fresh.status_code == 429
    assert fresh.json()["errors"][0]["extensions"]["code"] == "RATE_LIMITED"
    assert signed_in == [200]
    assert elsewhere.status_code == 401


@pytest.mark.parametrize(
    "settings",
    [
        {"limits": LimitSettings(failures_per_minute=0)},
        {"limits": FEW, "http": HttpSettings(behind_proxy=True)},
    ],
)
async def test_refused_tokens_are_not_counted_where_the_settings_say_so(gateway, settings):
    async with with_settings(gateway, **settings) as limited:
        refused = await statuses(Caller(limited.client, "a.b.c"), 8)

    assert refused == [401] * 8


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3::4", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::", "2001:db8:1:2::/64"),
    ],
)
def test_an_address_counts_as_its_household(address, network):
    assert network_of(ip_address(address)) == network


async def test_behind_a_trusted_proxy_its_clients_are_counted_each(gateway):
    http = HttpSettings(behind_proxy=True, trusted_proxies=["127.0.0.1/32"])
    async with with_settings(gateway, limits=FEW, http=http) as limited:

        async def refused(client: str) -> int:
            headers = {"authorization": "Bearer a.b.c", "x-forwarded-for": client}
            asked = await limited.client.post("/graphql", json={}, headers=headers)
            return asked.status_code

        one = [await refused("192.0.2.7") for _ in range(4)]
        other = await refused("192.0.2.8")

    assert (one, other) == ([401, 401, 429, 429], 401)


def _from(host: str, gateway: TestGateway) -> Caller:
    """Somebody with a token of nobody, at another address of the same application."""
    app = gateway.client._transport.app
    transport = httpx2.ASGITransport(app, client=(host, 1))
    return Caller(httpx2.AsyncClient(transport=transport, base_url="http://gateway"), "a.b.c")
