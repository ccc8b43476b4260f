"""`profile-gateway keys issue|list|revoke`, as an operator runs them beside a gateway."""

import asyncio
import json
import re
import time
from datetime import UTC, datetime, timedelta

import httpx2
import pytest
from typer.testing import CliRunner

from app.auth.key_form import key_id
from app.cli import cli
from app.http.routes import create_app
from app.http.settings import HttpSettings
from tests.support.gateway import Caller, a_profile, running_gateway
from tests.support.process import command

WHO = """
{
  viewer { subject tenant roles hasSecondFactor }
  identify(channel: VOICE, value: "+12025550143") { profile { id name { full } } }
}
"""
ISSUE = ("keys", "issue", "--tenant", "acme", "--role", "partner", "--name", "Billing Inc.")


@pytest.fixture
def keys(document_server, tmp_path, tenant):
    """Runs a command on a database of the test's own."""
    store = {"STORE__URI": document_server.uri, "STORE__DATABASE": tenant}

    async def run(*words: str):
        return await command(*words, folder=tmp_path, **store)

    return run


@pytest.fixture
async def gateway(document_server, tmp_path, tenant):
    http = HttpSettings(trusted_proxies=("10.0.0.1",))
    path = tmp_path / "data"
    async with running_gateway(document_server.uri, path, database=tenant, http=http) as running:
        await a_profile(
            running.as_role("service", tenant="acme"),
            identities=[{"channel": "VOICE", "value": "+12025550143"}],
        )
        yield running


def at(gateway, address: str) -> httpx2.AsyncClient:
    """A client that comes from `address`."""
    transport = httpx2.ASGITransport(create_app(gateway.gateway), client=(address, 4711))
    return httpx2.AsyncClient(transport=transport, base_url="http://gateway")


async def test_an_issued_key_lets_a_partner_see_what_partners_may_see(keys, gateway):
    issued = await keys(*ISSUE)
    key = issued.out.strip()

    answer = await Caller(gateway.client, key).ask(WHO)

    assert issued.code == 0, issued.err
    assert re.fullmatch(rf"{key_id(key)} counts until [0-9 :-]+ UTC\n", issued.err)
    assert answer["data"]["viewer"] == {
        "subject": key_id(key),
        "tenant": "acme",
        "roles": ["partner"],
        "hasSecondFactor": False,
    }
    profile = answer["data"]["identify"]["profile"]
    assert profile["name"] == {"full": "••• •••"}
    assert answer["extensions"]["masked"] == ["identify.profile.name.full"]
    assert "errors" not in answer


async def test_a_partner_may_not_do_what_is_not_granted_to_partners(keys, gateway):
    key = (await keys(*ISSUE)).out.strip()

    codes = await Caller(gateway.client, key).codes("{ profiles { totalCount } }")

    assert codes == ["BAD_INPUT"]  # to partners there is no such field


async def test_a_revoked_key_is_refused_within_three_seconds(keys, gateway):
    key = (await keys(*ISSUE)).out.strip()
    partner = Caller(gateway.client, key)
    before = (await partner.post(WHO)).status_code

    revoked = await keys("keys", "revoke", key_id(key))
    began = time.monotonic()
    while (answer := await partner.post(WHO)).status_code == 200:
        assert time.monotonic() - began < 4, "it is still served after 4 s"
        await asyncio.sleep(0.05)

    assert (before, revoked.code, revoked.out) == (200, 0, "revoked\n")
    assert answer.json()["errors"] == [
        {"message": "The key was revoked.", "extensions": {"code": "UNAUTHENTICATED"}}
    ]


async def test_a_key_counts_from_its_networks_alone(keys, gateway):
    key = (await keys(*ISSUE, "--network", "192.0.2.0/24")).out.strip()

    async def status(peer: str, forwarded: str | None = None) -> int:
        headers = {"x-forwarded-for": forwarded} if forwarded else {}
        headers["authorization"] = f"Bearer {key}"
        async with at(gateway, peer) as client:
            return (await client.post("/graphql", json={"query": WHO}, headers=headers)).status_code

    assert await status("192.0.2.9") == 200
    assert await status("198.51.100.1") == 401
    assert await status("198.51.100.1", "192.0.2.9") == 401
    assert await status("10.0.0.1", "192.0.2.9") == 200
    assert await status("10.0.0.1", "192.0.2.9, 198.51.100.1") == 401


async def test_keys_are_listed_without_what_would_let_anybody_use_them(keys):
    first = json.loads((await keys(*ISSUE, "--days", "3", "--json")).out)
    second = json.loads(
        (
            await keys(
                *("keys", "issue", "--tenant", "globex", "--name", "Robots", "--json"),
                *("--role", "service", "--role", "agent", "--network", "10.0.0.0/8"),
            )
        ).out
    )
    await keys("keys", "revoke", first["id"])

    listed = {row["id"]: row for row in json.loads((await keys("keys", "list", "--json")).out)}
    of_tenant = json.loads((await keys("keys", "list", "--tenant", "globex", "--json")).out)
    told = await keys("keys", "list")

    lasting = datetime.fromisoformat(first["expiresAt"]) - datetime.now(UTC)
    assert timedelta(days=2, hours=23) < lasting < timedelta(days=3)
    assert {row["state"] for row in listed.values()} == {"revoked", "valid"}
    assert of_tenant == [listed[second["id"]]]
    assert {name: second[name] for name in ("tenant", "name", "roles", "networks")} == {
        "tenant": "globex",
        "name": "Robots",
        "roles": ["agent", "service"],
        "networks": ["10.0.0.0/8"],
    }
    assert "key" not in listed[second["id"]]
    assert first["key"].rpartition("_")[2] not in told.out
    assert sorted(line.split()[1] for line in told.out.splitlines()) == ["revoked", "valid"]


async def test_tokens_of_a_subject_are_refused_within_two_seconds_and_count_again(keys, gateway):
    agent = gateway.as_role("agent", tenant="acme", subject="ada")
    other = gateway.as_role("agent", tenant="acme", subject="bob")
    words = ("keys", "revoke", "--subject", "ada", "--tenant", "acme")
    before = (await agent.post(WHO)).status_code

    revoked = await keys(*words)
    refused_after_s = await _becomes(agent, 401)
    others = (await other.post(WHO)).status_code
    again = await keys(*words, "--hours", "0")
    await _becomes(agent, 200)

    assert (before, others, revoked.code) == (200, 200, 0)
    assert refused_after_s < 2
    assert re.fullmatch(r"refused until [0-9 :-]+ UTC\n", revoked.out)
    assert again.out == "counts again\n"


async def _becomes(caller, status: int) -> float:
    began = time.monotonic()
    while (await caller.post(WHO)).status_code != status:
        assert time.monotonic() - began < 4
        await asyncio.sleep(0.02)
    return time.monotonic() - began


@pytest.mark.parametrize(
    ("words", "code", "complaint"),
    [
        (("issue", "--tenant", "acme", "--name", "x", "--role", "boss"), 2, "no such role: boss"),
        (("issue", "--tenant", "Acme!", "--name", "x", "--role", "agent"), 2, "a tenant name is"),
        (("issue", "--tenant", "acme", "--name", " ", "--role", "agent"), 2, "a name is 1 to"),
        (("issue", "--tenant", "acme", "--name", "x"), 2, "--role"),
        ((*ISSUE[1:], "--network", "10.0.0.1/8"), 2, "must be a network"),
        ((*ISSUE[1:], "--days", "0"), 2, "--days"),
        (("revoke",), 2, "name one"),
        (("revoke", "abc", "--jti", "x", "--tenant", "acme"), 2, "name one"),
        (("revoke", "--subject", "x"), 2, "name the tenant"),
        (("revoke", "--subject", " ", "--tenant", "acme"), 2, "1 to 256 characters"),
    ],
)
def test_what_makes_no_sense_is_refused(words, code, complaint, monkeypatch, tmp_path):
    monkeypatch.setenv("GATEWAY_STORE__PATH", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "200")

    ended = CliRunner().invoke(cli, ["keys", *words])

    assert (ended.exit_code, ended.stdout) == (code, "")
    assert complaint in ended.stderr
    assert not (tmp_path / "data").exists()


async def test_a_key_that_nobody_has_is_not_revoked(keys):
    ended = await keys("keys", "revoke", "abc")

    assert (ended.code, ended.out, ended.err) == (1, "", "There is no key of this id.\n")
