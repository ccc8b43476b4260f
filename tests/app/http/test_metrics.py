"""What Prometheus is told of the CRMs."""

from prometheus_client.parser import text_string_to_metric_families

from connectors.runtime.quota import Quota
from tests.support.gateway import crm, running_gateway
from tests.support.sandbox import running_sandbox


async def told(running) -> dict[tuple[str, str, str], float]:
    """Each sample by its name, its source and its further label."""
    response = await running.client.get("/metrics")
    assert response.status_code == 200
    assert response.headers["content-type"].startswith("text/plain; version=")
    return {
        (
            sample.name.removeprefix("profile_gateway_source_"),
            sample.labels["source"],
            sample.labels.get("state") or sample.labels.get("code") or "",
        ): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }


async def test_prometheus_is_told_how_each_crm_fares(document_server, tmp_path, tenant):
    with running_sandbox([]) as sandbox:
        sources = {
            "up": crm(sandbox.base_url, tenant, secret=sandbox.token),
            "down": crm("http://127.0.0.1:9", f"{tenant}-x", secret="none"),
        }
        async with running_gateway(
            document_server.uri, tmp_path, sources=sources, database=tenant
        ) as running:
            before = await told(running)
            for _ in range(5):
                await running.client.get("/readyz")
            running.gateway.wiring.sources[tenant]["up"].gate.quota = Quota(18, 5000)
            after = await told(running)

    assert before["calls_total", "up", ""] == 0
    assert (after["calls_total", "up", ""], after["calls_total", "down", ""]) == (5, 5)
    assert after["failures_total", "down", "SOURCE_UNAVAILABLE"] == 5
    assert ("failures_total", "up", "SOURCE_UNAVAILABLE") not in after
    states = {key[1:]: value for key, value in after.items() if key[0] == "circuit" and value}
    assert states == {("up", "CLOSED"): 1, ("down", "OPEN"): 1}
    assert (after["quota_used", "up", ""], after["quota_limit", "up", ""]) == (18, 5000)
    assert ("quota_used", "down", "") not in after
    assert after["records", "up", ""] == 0


async def test_a_gateway_without_crms_has_nothing_to_tell(gateway):
    assert await told(gateway) == {}
