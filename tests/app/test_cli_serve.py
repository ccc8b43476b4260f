"""`profile-gateway serve`: how it starts, and that nothing is left when it stops."""

import asyncio
import base64
import secrets
import signal
import socket
import time

import httpx2
import pytest

from app.auth.development import DevelopmentIssuer
from tests.support.process import address_in, command, has_ended, running, serving

SERVE = ("serve", "--port", "0")


async def until(condition) -> None:
    """Poll, for at most 20 s."""
    for _ in range(400):
        if condition():
            return
        await asyncio.sleep(0.05)
    pytest.fail("it never came to that")


async def status(url: str, token: str = "") -> int:
    async with httpx2.AsyncClient(base_url=url, trust_env=False) as http:
        answer = await http.post(
            "/graphql",
            json={"query": "{ viewer { subject } }"},
            headers={"authorization": f"Bearer {token}"},
        )
    return answer.status_code


def is_refused(url: str) -> bool:
    """Whether nobody takes connections there any more."""
    host, _, port = url.removeprefix("http://").rpartition(":")
    with socket.socket() as client:
        return client.connect_ex((host, int(port))) != 0


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_stops_it_and_its_embedded_server(tmp_path, number):
    async with running(*SERVE, folder=tmp_path) as gateway:
        said = await gateway.says("listening at ")
        children = gateway.children
        idle = httpx2.AsyncClient(base_url=address_in(said), trust_env=False)
        assert (await idle.get("/livez")).status_code == 200
        began = time.monotonic()

        ended = await gateway.stopped(number)

        took_s = time.monotonic() - began
        await idle.aclose()
    assert (ended.code, ended.err) == (0, "")
    assert len(children) == 1
    assert has_ended(children[0])
    assert took_s < 10
    assert not (tmp_path / "data" / "server-address").exists()


async def test_a_kill_leaves_no_embedded_server_and_the_next_start_keeps_the_data(tmp_path):
    async with running(*SERVE, folder=tmp_path) as gateway:
        await gateway.says("listening at ")
        children = gateway.children

        ended = await gateway.stopped(signal.SIGKILL)
        await until(lambda: all(map(has_ended, children)))

    assert ended.code == -signal.SIGKILL
    assert len(children) == 1
    doctor = await command("doctor", folder=tmp_path)
    assert (doctor.code, "ok   indexes: complete" in doctor.out) == (0, True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
async def test_a_signal_during_the_start_stops_it_too(tmp_path, number):
    async with running(*SERVE, folder=tmp_path) as gateway:
        await until(lambda: gateway.children)
        children = gateway.children

        ended = await gateway.stopped(number)

    assert (ended.code, ended.out, ended.err) == (0, "", "")
    assert all(map(has_ended, children))


async def test_a_request_that_does_not_end_holds_it_up_until_the_second_signal(tmp_path):
    async with running(*SERVE, folder=tmp_path) as gateway:
        url = address_in(await gateway.says("listening at "))
        _, writer = await asyncio.open_connection("127.0.0.1", int(url.rpartition(":")[2]))
        issuer = DevelopmentIssuer.load_or_create(tmp_path / "data")
        writer.write(
            b"POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
            b"authorization: Bearer " + issuer.token(["agent"], "acme").encode() + b"\r\n"
            b"content-length: 100\r\n\r\n{"
        )
        await writer.drain()
        assert await status(url, issuer.token(["agent"], "acme")) == 200
        gateway.process.send_signal(signal.SIGTERM)
        await until(lambda: is_refused(url))
        assert gateway.process.returncode is None
        began = time.monotonic()

        ended = await gateway.stopped(signal.SIGTERM)

        took_s = time.monotonic() - began
        writer.close()
    assert ended.code == 0
    assert took_s < 8


async def test_a_second_gateway_on_the_same_data_is_refused_and_the_first_goes_on(tmp_path):
    async with serving(tmp_path / "data") as first:
        refused = await command(*SERVE, folder=tmp_path)

        assert await status(first.url, first.token("agent")) == 200
    assert (refused.code, refused.out) == (1, "")
    assert f"is in use by another gateway (process {first.pid})." in refused.err


async def test_production_serves_with_a_key_of_its_own_and_knows_no_development_token(
    document_server, tmp_path, tenant
):
    key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    (tmp_path / "key").write_text(key)
    production = {
        "ENV": "production",
        "AUTH__DEVELOPMENT": "false",
        "AUTH__ISSUERS": '[{"issuer": "https://login.example.com"}]',
        "KEYS__ROOT": "file:key",
        "STORE__URI": document_server.uri,
        "STORE__DATABASE": tenant,
    }
    token = DevelopmentIssuer.load_or_create(tmp_path / "data").token(["agent"], "acme")

    async with running(*SERVE, folder=tmp_path, **production) as gateway:
        said = await gateway.says("listening at ")
        answered = await status(address_in(said), token)
        children = gateway.children
        ended = await gateway.stopped(signal.SIGTERM)

    assert said.startswith("listening at http://127.0.0.1:")
    assert answered == 401
    assert children == []
    assert (ended.code, ended.err) == (0, "")
    assert key not in said


async def test_it_says_that_the_embedded_server_is_for_trying_out(tmp_path):
    async with running(*SERVE, "--host", "localhost", folder=tmp_path) as gateway:
        said = await gateway.says("listening at ")

    assert said.splitlines()[:2] == [
        f"store: the embedded server in {tmp_path / 'data'}, for trying out and development;",
        "       set GATEWAY_STORE__URI to a MongoDB for anything you must not lose",
    ]


def _has_ipv6() -> bool:
    try:
        with socket.create_server(("::1", 0), family=socket.AF_INET6):
            return True
    except OSError:
        return False


@pytest.mark.skipif(not _has_ipv6(), reason="this machine has no IPv6")
async def test_an_ipv6_address_stands_in_brackets(document_server, tmp_path, tenant):
    store = {"STORE__URI": document_server.uri, "STORE__DATABASE": tenant}
    async with running(*SERVE, "--host", "::1", folder=tmp_path, **store) as gateway:
        url = address_in(await gateway.says("listening at "))
        async with httpx2.AsyncClient(base_url=url, trust_env=False) as http:
            answer = await http.get("/readyz")

    assert url.startswith("http://[::1]:")
    assert answer.status_code == 200
