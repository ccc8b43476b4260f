"""Where a source may be, and that nobody gets anywhere else."""

import asyncio
import gzip
import resource
import socket
from ipaddress import IPv4Address, ip_address, ip_network

import httpcore2
import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Call
from connectors.errors import BadPayload, Unavailable, WrongSettings
from connectors.runtime.addresses import LOOPBACK, is_allowed
from connectors.runtime.budget import Budget
from connectors.runtime.call import Request, ask
from connectors.runtime.client import source_client
from connectors.runtime.network import GuardedBackend, RefusedAddress
from tests.support.scripted_http import body, json_of, status

PRIVATE = [
    *("0.0.0.0", "0.0.0.1", "10.0.0.1", "100.64.0.1", "100.100.100.200", "127.0.0.1"),  # noqa: S104
    *("127.255.255.254", "168.63.129.16", "169.254.169.254", "169.254.170.2", "172.16.0.1"),
    *("192.0.0.192", "192.0.2.1", "192.168.1.1", "198.18.0.1", "203.0.113.1", "224.0.0.1"),
    *("240.0.0.1", "255.255.255.255", "::", "::1", "::127.0.0.1", "::ffff:127.0.0.1"),
    *("::ffff:10.0.0.1", "::ffff:169.254.169.254", "64:ff9b::a9fe:a9fe", "2002:7f00:1::"),
    *("64:ff9b:1::1", "100::1", "2001:db8::1", "fc00::1", "fd00:ec2::254", "fe80::1", "fec0::1"),
    *("ff02::1", "2001::1", "5f00::1", "3fff::1"),
]
PUBLIC = [
    *("1.1.1.1", "8.8.8.8", "104.16.0.1", "2606:4700::1111", "2a00:1450::1"),
    *("::ffff:8.8.8.8", "64:ff9b::808:808", "2002:808:808::1"),
]


@pytest.mark.parametrize("text", PRIVATE)
def test_a_source_is_not_in_a_private_network(text):
    assert not is_allowed(ip_address(text))


@pytest.mark.parametrize("text", PUBLIC)
def test_a_source_is_anywhere_on_the_internet(text):
    assert is_allowed(ip_address(text))


def test_a_network_of_the_settings_is_allowed_and_its_neighbour_is_not():
    networks = [ip_network("10.1.0.0/16"), ip_network("fd12::/16")]

    allowed = [
        text
        for text in ("10.1.2.3", "10.2.0.1", "::ffff:10.1.2.3", "fd12::1", "fd13::1", "127.0.0.1")
        if is_allowed(ip_address(text), networks)
    ]

    assert allowed == ["10.1.2.3", "::ffff:10.1.2.3", "fd12::1"]


@given(st.ip_addresses(v=4))
def test_an_address_within_another_is_looked_at_as_what_it_is(address: IPv4Address):
    mapped = ip_address(f"::ffff:{address}")
    translated = ip_address(int(ip_address("64:ff9b::")) + int(address))

    assert is_allowed(mapped) == is_allowed(translated) == is_allowed(address)


async def asked(url, networks=()):
    async with source_client(networks) as http:
        return await ask("crm", Call(http, Budget(5)), Request("GET", url))


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "localhost", "127.1", "0x7f000001", "2130706433", "017700000001", "0"),
        *("[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "0.0.0.0"),  # noqa: S104
    ],
)
async def test_whatever_leads_to_this_machine_is_refused_and_never_asked(crm, host):
    crm.play(json_of(1))
    port = crm.url.rpartition(":")[2]

    with pytest.raises((WrongSettings, Unavailable)) as refused:
        await asked(f"http://{host}:{port}/?key=ada")

    assert crm.received == []
    assert "ada" not in str(refused.value)


async def test_a_refusal_says_what_to_do(crm):
    with pytest.raises(WrongSettings) as refused:
        await asked(crm.url)

    assert str(refused.value) == (
        "crm: base_url leads to an address that isn't allowed: check networks"
    )


async def test_a_source_in_a_network_of_its_settings_is_asked(crm):
    crm.play(json_of(7))

    assert await asked(crm.url, ["127.0.0.0/8"]) == 7


async def test_a_name_is_resolved_once_and_the_address_that_was_checked_is_taken(crm, monkeypatch):
    crm.play(json_of(7))
    host, port = crm.url.removeprefix("http://").split(":")
    loop = asyncio.get_running_loop()
    answers = iter([[host], ["10.0.0.1"]])

    async def resolved(name, given_port, **_):
        assert name == "crm.example.com"
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, given_port))
            for address in next(answers)
        ]

    monkeypatch.setattr(loop, "getaddrinfo", resolved, raising=False)
    backend = GuardedBackend(LOOPBACK)
    stream = await backend.connect_tcp("crm.example.com", int(port), 5)
    address = stream.get_extra_info("server_addr")
    await stream.aclose()

    with pytest.raises(RefusedAddress):
        await backend.connect_tcp("crm.example.com", int(port), 5)

    assert address[:2] == (host, int(port))


async def test_redirects_to_elsewhere_are_not_followed(crm):
    crm.play(status(302, Location="http://169.254.169.254/latest/meta-data/"))

    with pytest.raises(WrongSettings, match="redirects are not followed"):
        await asked(crm.url, LOOPBACK)

    assert len(crm.received) == 1


async def test_no_source_is_a_socket_of_this_machine():
    with pytest.raises(RefusedAddress):
        await GuardedBackend(LOOPBACK).connect_unix_socket("/run/docker.sock")


async def test_a_name_without_an_address_is_a_source_that_cannot_be_reached():
    with pytest.raises(Unavailable, match="the connection failed"):
        await asked("http://nobody.invalid")
    with pytest.raises(httpcore2.ConnectError):
        await GuardedBackend().connect_tcp("a" * 70 + ".example", 80, 5)


async def test_a_compressed_answer_is_never_inflated(crm):
    bomb = gzip.compress(bytes(300_000_000), compresslevel=9, mtime=0)
    crm.play(body(bomb, headers={"Content-Encoding": "gzip"}))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

    for _ in range(3):
        with pytest.raises(BadPayload, match="compressed"):
            await asked(crm.url, LOOPBACK)

    assert len(bomb) < 300_000
    assert crm.received[0].headers["accept-encoding"] == "identity"
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 20_000  # KB


async def test_tls_asks_for_the_name_and_not_for_the_address(monkeypatch):
    asked_for = []

    class Stream(httpcore2.AsyncNetworkStream):
        async def start_tls(self, ssl_context, server_hostname=None, timeout=None):  # noqa: ASYNC109
            del ssl_context, timeout
            asked_for.append(server_hostname)
            raise httpcore2.ConnectError

        async def aclose(self):
            pass

    async def connected(_, host, *__, **___):
        asked_for.append(host)
        return Stream()

    monkeypatch.setattr(httpcore2.AnyIOBackend, "connect_tcp", connected)
    async with source_client(LOOPBACK) as http:
        with pytest.raises(httpx2.ConnectError):
            await http.get("https://localhost/")

    assert asked_for[0] in {"127.0.0.1", "::1"}
    assert asked_for[1] == "localhost"
