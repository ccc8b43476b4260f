"""The official audit of GraphQL over HTTP, asked of the running gateway by graphql-http."""

from tests.support.node import run_script


async def test_every_audit_of_graphql_over_http_passes(gateway_process):
    environment = {
        "AUDIT_URL": f"{gateway_process.url}/graphql",
        "AUDIT_TOKEN": gateway_process.token("agent"),
    }

    audits = await run_script("audit.mjs", environment)

    assert [audit for audit in audits if audit["status"] != "ok"] == []
    assert len(audits) == 61
