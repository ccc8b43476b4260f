"""The battery of attacks: each is refused, costs little, and leaves nothing behind."""

import asyncio
import os
import time
from pathlib import Path

import httpx2
import pytest

from tests.flow.attacks import VIEWER, Attack, all_attacks
from tests.support.process import serving

ATTACKS = all_attacks()
ROUNDS = int(os.environ.get("ATTACK_ROUNDS", "4"))
TRIES = 8
MOST_CPU_S = 0.050
MOST_GROWTH_KB = 20_000
PLAIN = Attack("plain", b'{"query": "{ profiles(first: 1) { totalCount } }"}')
_TICK_S = 1 / os.sysconf("SC_CLK_TCK")


class Target:
    """A gateway in a process of its own, a client of it, and what it uses."""

    def __init__(self, process, client):
        self.process, self.client = process, client
        self.headers = {"authorization": f"Bearer {process.token('service')}"}

    async def send(self, attack):
        request = self.client.build_request(
            attack.method,
            attack.target,
            content=attack.content,
            headers={**self.headers, **attack.headers},
        )
        return await self.client.send(request)

    @property
    def cpu_s(self):
        """Seconds of processor that the gateway has used: finer than a tick of `stat`."""
        nanoseconds = 0
        for task in Path(f"/proc/{self.process.pid}/task").iterdir():
            nanoseconds += int((task / "schedstat").read_text("ascii").split()[0])
        return nanoseconds / 1e9

    @property
    def memory_kb(self):
        status = Path(f"/proc/{self.process.pid}/status").read_text("ascii")
        return int(status.partition("VmRSS:")[2].split()[0])

    async def cost_s(self, attack):
        """What one request costs at best: others on this machine, and a collection of garbage,
        cost some of them more.
        """
        costs = []
        for _ in range(TRIES):
            before = self.cpu_s
            await self.send(attack)
            costs.append(self.cpu_s - before)
            if costs[-1] < MOST_CPU_S:
                break
        return min(costs)


@pytest.fixture(scope="module")
async def target(tmp_path_factory, document_server):
    """It has no other work: the store is in another process."""
    environment = {
        "GATEWAY_STORE__URI": document_server.uri,
        "GATEWAY_STORE__DATABASE": "attacked",
    }
    data = tmp_path_factory.mktemp("attacked") / "data"
    async with (
        serving(data, environment) as process,
        httpx2.AsyncClient(base_url=process.url, timeout=30) as client,
    ):
        found = Target(process, client)
        await found.send(PLAIN)
        yield found


def test_there_are_more_than_a_hundred_attacks_and_each_has_a_name():
    assert len(ATTACKS) > 100
    assert len({attack.name for attack in ATTACKS}) == len(ATTACKS)


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: attack.name)
async def test_an_attack_is_refused_and_costs_little(target, attack):
    response = await target.send(attack)
    cost_s = await target.cost_s(attack)
    plain_s = 0.0 if cost_s < MOST_CPU_S else await target.cost_s(PLAIN)

    assert _is_refused(response), (response.status_code, response.text[:500])
    assert cost_s < max(MOST_CPU_S, 3 * plain_s)


async def test_the_whole_battery_leaves_the_gateway_as_it_was(target):
    async def battery():
        for attack in ATTACKS:
            await target.send(attack)

    await battery()
    before_kb = target.memory_kb
    for _ in range(ROUNDS):
        await battery()
    grown_kb = target.memory_kb - before_kb
    answered = await target.send(Attack("viewer", b'{"query": "' + VIEWER.encode() + b'"}'))

    assert grown_kb < MOST_GROWTH_KB
    assert answered.json()["data"]["viewer"]["subject"]


LIES = {
    "a chunk that is longer than it says": b"5\r\n{}{}{}{}{}\r\n0\r\n\r\n",
    "a chunk without a length": b"zz\r\n{}\r\n0\r\n\r\n",
    "a negative chunk": b"-1\r\n{}\r\n0\r\n\r\n",
    "a chunk of any length": b"ffffffffffffffffff\r\n{}\r\n",
    "an endless extension": b"2;" + b"a" * 90_000 + b"\r\n{}\r\n0\r\n\r\n",
    "more than fits": b"".join(b"2710\r\n" + b" " * 10_000 + b"\r\n" for _ in range(12)),
}
HEADS = {
    "two lengths": b"content-length: 2\r\ncontent-length: 3\r\n",
    "a length and chunks": b"content-length: 2\r\ntransfer-encoding: chunked\r\n",
    "a length that is no number": b"content-length: +2\r\n",
    "a folded header": b"a: b\r\n c\r\n",
    "a header without a name": b": a\r\n",
    "a NUL": b"a: \0\r\n",
    "a long header": b"a: " + b"b" * 100_000 + b"\r\n",
    "many headers": b"".join(b"a%d: b\r\n" % number for number in range(5_000)),
}


async def raw(target, sent):
    """What the gateway says to these bytes."""
    host, port = target.process.url.removeprefix("http://").split(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    try:
        writer.write(sent)
        async with asyncio.timeout(15):
            return await reader.read()
    except ConnectionError:
        return b""
    finally:
        writer.transport.abort()


@pytest.mark.parametrize("lie", LIES.values(), ids=LIES)
async def test_chunks_that_lie_are_refused(target, lie):
    head = b"POST /graphql HTTP/1.1\r\nhost: gateway\r\ncontent-type: application/json\r\n"
    token = target.headers["authorization"].encode()
    head += b"authorization: " + token + b"\r\nconnection: close\r\n"
    began = time.monotonic()

    said = await raw(target, head + b"transfer-encoding: chunked\r\n\r\n" + lie)

    assert b" 200 " not in said.split(b"\r\n")[0]
    assert time.monotonic() - began < 14


@pytest.mark.parametrize("lines", HEADS.values(), ids=HEADS)
async def test_heads_that_lie_get_nothing(target, lines):
    head = b"POST /graphql HTTP/1.1\r\nhost: gateway\r\nconnection: close\r\n"

    said = await raw(target, head + lines + b"\r\n{}")

    assert said.split(b" ")[1:2] in ([b"400"], [b"401"], [b"415"], [b"431"], [])


async def test_a_host_header_changes_nothing(target):
    for host in ("evil.example", "gateway/graphql?", "a b", "[::1", "x" * 2_000):
        response = await target.client.get("/livez", headers={"host": host})

        assert response.json() == {"alive": True}


def _is_refused(response):
    if 400 <= response.status_code < 500:
        return True
    errors = response.json().get("errors")
    return response.status_code == 200 and all(
        error["extensions"]["code"] in {"BAD_INPUT", "QUERY_TOO_COMPLEX"} for error in errors
    )
