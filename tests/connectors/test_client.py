import logging

import pytest

from connectors.runtime.addresses import LOOPBACK
from connectors.runtime.client import source_client
from tests.support.scripted_http import json_of, scripted_server, status


async def test_redirects_are_not_followed(crm, http):
    crm.play(status(302, Location="/elsewhere"))

    answered = await http.get(crm.url)

    assert answered.status_code == 302
    assert [received.target for received in crm.received] == ["/"]


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "http_proxy", "ALL_PROXY"])
async def test_proxies_of_the_environment_are_ignored(crm, monkeypatch, variable):
    async with scripted_server() as proxy:
        proxy.play(json_of("from the proxy"))
        crm.play(json_of("from the source"))
        monkeypatch.setenv(variable, proxy.url)

        async with source_client(LOOPBACK) as client:
            answered = await client.get(crm.url)

        assert answered.json() == "from the source"
        assert proxy.received == []


async def test_passwords_of_the_environment_are_ignored(crm, monkeypatch, tmp_path):
    crm.play(json_of(1))
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login ada password secret\n", "utf-8")
    monkeypatch.setenv("NETRC", str(netrc))

    async with source_client(LOOPBACK) as client:
        await client.get(crm.url)

    assert "authorization" not in crm.received[0].headers


async def test_addresses_are_not_logged(crm, http, caplog):
    crm.play(json_of(1))

    with caplog.at_level(logging.DEBUG):
        await http.get(f"{crm.url}/?d=ada")

    assert "ada" not in caplog.text


async def test_connections_are_kept_for_the_next_request(crm, http):
    crm.play(json_of(1))

    first, second = [
        (await http.get(crm.url)).extensions["network_stream"].get_extra_info("client_addr")
        for _ in range(2)
    ]

    assert first == second
