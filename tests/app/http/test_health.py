"""Whether it lives, and whether it can answer, told to whoever asks."""

import pytest

from tests.support.gateway import crm, running_gateway
from tests.support.sandbox import running_sandbox


async def test_a_running_gateway_lives_and_is_ready(gateway):
    alive = await gateway.client.get("/livez")
    ready = await gateway.client.get("/readyz")

    assert (alive.status_code, alive.json()) == (200, {"alive": True})
    assert (ready.status_code, ready.json()) == (200, {"ready": True, "store": "ok", "sources": {}})


async def test_a_crm_that_is_down_is_told_and_costs_no_readiness(document_server, tmp_path, tenant):
    with running_sandbox([]) as sandbox:
        sources = {
            "up": crm(sandbox.base_url, tenant, secret=sandbox.token),
            "down": crm("http://127.0.0.1:9", f"{tenant}-x", secret="none"),
        }
        async with running_gateway(
            document_server.uri, tmp_path, sources=sources, database=tenant
        ) as running:
            ready = await running.client.get("/readyz")

    assert (ready.status_code, ready.json()) == (
        200,
        {
            "ready": True,
            "store": "ok",
            "sources": {"up": "ok", "down": "SOURCE_UNAVAILABLE"},
        },
    )


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
async def test_health_is_read_only(gateway, path):
    response = await gateway.client.post(path)

    assert response.status_code == 405


@pytest.mark.parametrize("path", ["/", "/graphql/x", "/admin", "/livez/x"])
async def test_what_is_not_there_is_not_found(gateway, path):
    response = await gateway.client.get(path)

    assert response.status_code == 404
