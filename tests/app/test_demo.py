"""`profile-gateway demo`: started, its own commands pasted, stopped, and started again."""

import asyncio
import json
import os
import re
import signal
import stat
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import httpx2
import phonenumbers
import pytest_asyncio

from app.demo.customers import customers
from app.demo.seed import seed
from app.store.client import open_client
from policies.matrix import ROLES
from tests.support.gateway import crm, running_gateway
from tests.support.process import Ended, Running, address_in, has_ended, running

DEMO = ("demo", "--port", "0", "--customers", "30")
MASKED = [
    {"channel": "VOICE", "value": "•••• 0143"},
    {"channel": "EMAIL", "value": "a•••@•••.org"},
]
IN_CLEAR = [
    {"channel": "VOICE", "value": "+12025550143"},
    {"channel": "EMAIL", "value": "ada.lovelace.0@example.org"},
]
FICTION = {
    "US": re.compile(r"\+1[2-9]\d\d55501\d\d"),
    "GB": re.compile(r"\+447700900\d{3}"),
    "DE": re.compile(r"\+493023125\d{3}"),
    "FR": re.compile(r"\+3363998\d{4}"),
    "SE": re.compile(r"\+46313900[6-9]\d\d"),
}


@dataclass(frozen=True, slots=True)
class Demo:
    """A running demo, and somebody with a shell in the directory where it was started."""

    folder: Path
    said: str
    process: Running

    def command(self, begin: str) -> str:
        """The printed command that begins like this, with the lines that belong to it."""
        lines = self.said.splitlines()
        first = next(at for at, line in enumerate(lines) if line.strip().startswith(begin))
        last = next(at for at in range(first, len(lines)) if not lines[at].endswith("\\"))
        return "\n".join(lines[first : last + 1])

    async def paste(self, *commands: str) -> str:
        """What a shell prints that is given these commands."""
        shell = await asyncio.create_subprocess_exec(
            *("bash", "-c", "\n".join(commands)),
            cwd=self.folder,
            env={"PATH": os.environ["PATH"]},
            stdout=asyncio.subprocess.PIPE,
        )
        out, _ = await asyncio.wait_for(shell.communicate(), 30)
        assert shell.returncode == 0
        return out.decode()

    async def ask_as(self, role: str) -> dict:
        """The answer to the printed query."""
        query = self.command("curl -s http://127.0.0.1").replace("$AGENT", f"${role}")
        return json.loads(await self.paste(self.command(". "), query))


@dataclass(frozen=True, slots=True)
class Story:
    """What the demo said and answered on its first run, and on the next one on the same data."""

    said: str
    ready_s: float
    roles: dict[str, list[str]]
    env_mode: int
    answers: dict[str, dict]
    without_crm: dict
    crm_again: dict
    ended: Ended
    children: list[int]
    next_said: str
    next_answers: dict[str, dict]
    next_total: int


@asynccontextmanager
async def demonstrating(folder: Path) -> AsyncIterator[Demo]:
    # As people start it: the data is below the directory, and named from there.
    async with running(*DEMO, folder=folder, STORE__PATH="data") as process:
        yield Demo(folder, await process.says("listening at "), process)


async def viewer_roles(demo: Demo) -> dict[str, list[str]]:
    """Whose each printed token is."""
    url = address_in(demo.said)
    found = {}
    async with httpx2.AsyncClient(base_url=url, trust_env=False) as http:
        for name, token in re.findall(r"^  ([A-Z_]+)=(\S+)$", demo.said, re.MULTILINE):
            answer = await http.post(
                "/graphql",
                json={"query": "{ viewer { roles } }"},
                headers={"authorization": f"Bearer {token}"},
            )
            found[name] = answer.json()["data"]["viewer"]["roles"]
    return found


async def total(demo: Demo) -> int:
    """How many customers there are."""
    query = '\'{"query": "{ profiles(first: 1) { totalCount } }"}\''
    printed = demo.command("curl -s http://127.0.0.1").partition("-d ")[0]
    ask = f"{printed.replace('$AGENT', '$SUPERVISOR')}-d {query}"
    found = json.loads(await demo.paste(demo.command(". "), ask))
    return found["data"]["profiles"]["totalCount"]


async def asked(demo: Demo) -> dict[str, dict]:
    return {role: await demo.ask_as(role) for role in ("AGENT", "SUPERVISOR", "PARTNER")}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def story(tmp_path_factory) -> Story:
    folder = tmp_path_factory.mktemp("a demo")
    began = time.monotonic()
    async with demonstrating(folder) as demo:
        ready_s = time.monotonic() - began
        first = {
            "said": demo.said,
            "ready_s": ready_s,
            "roles": await viewer_roles(demo),
            "env_mode": stat.S_IMODE((folder / "data" / "demo.env").stat().st_mode),
            "answers": await asked(demo),
        }
        await demo.paste(demo.command("curl -s -X PUT"))
        first["without_crm"] = await demo.ask_as("AGENT")
        await demo.paste(demo.command("curl -s -X DELETE"))
        first["crm_again"] = await demo.ask_as("AGENT")
        first["children"] = demo.process.children
        first["ended"] = await demo.process.stopped(signal.SIGINT)
    async with demonstrating(folder) as demo:
        return Story(
            **first,
            next_said=demo.said,
            next_answers=await asked(demo),
            next_total=await total(demo),
        )


def profile(answer: dict) -> dict:
    assert answer["data"]["identify"]["outcome"] == "KNOWN"
    return answer["data"]["identify"]["profile"]


def codes(answer: dict) -> list[str]:
    return [error["extensions"]["code"] for error in answer.get("errors", [])]


def test_it_prints_where_everything_is_and_is_ready_soon(story):
    url = address_in(story.said)

    assert f"gateway      {url}/graphql     (health: {url}/readyz)\n" in story.said
    assert re.search(r"^sandbox CRM  http://127\.0\.0\.1:\d+$", story.said, re.MULTILINE)
    assert story.said.endswith(f"Ctrl-C stops all of it.\nlistening at {url}/graphql\n")
    assert story.ready_s < 45


def test_it_prints_a_token_for_every_role_and_keeps_them_to_itself(story):
    assert story.roles == {role.upper(): [role] for role in ROLES}
    assert len(story.roles) == 9
    assert story.env_mode == 0o600


def test_the_printed_command_shows_an_agent_the_caller_with_a_mask(story):
    found = profile(story.answers["AGENT"])

    assert codes(story.answers["AGENT"]) == []
    assert found["name"] == {"full": "Ada Lovelace"}
    assert found["identities"] == MASKED
    assert found["custom"]["loyaltyTier"] == "gold"
    assert found["custom"]["lifetimeValue"] is None
    [told] = found["fields"]
    fresh = {"value": "gold", "source": "crm", "age": 0, "stale": False, "error": None}
    assert told == fresh


def test_the_printed_command_shows_a_supervisor_everything_in_clear(story):
    found = profile(story.answers["SUPERVISOR"])

    assert codes(story.answers["SUPERVISOR"]) == []
    assert found["identities"] == IN_CLEAR
    assert found["custom"]["lifetimeValue"] > 0


def test_the_printed_command_asks_for_what_a_partner_knows_nothing_of(story):
    answer = story.answers["PARTNER"]

    assert codes(answer) == ["BAD_INPUT"] * 3
    assert "data" not in answer


def test_with_the_crm_off_the_profile_comes_and_says_what_is_old(story):
    found = profile(story.without_crm)

    assert found["identities"] == MASKED
    assert found["custom"]["loyaltyTier"] == "gold"
    assert found["custom"]["vip"] is profile(story.answers["AGENT"])["custom"]["vip"]
    [told] = found["fields"]
    assert (told["value"], told["stale"]) == ("gold", True)
    assert told["error"] == {"code": "SOURCE_UNAVAILABLE"}
    assert codes(story.without_crm) == []


def test_with_the_crm_on_again_so_is_its_knowledge(story):
    assert profile(story.crm_again) == profile(story.answers["AGENT"])


def test_ctrl_c_stops_all_of_it(story):
    assert (story.ended.code, story.ended.err) == (0, "")
    assert len(story.children) == 1
    assert all(map(has_ended, story.children))


def test_the_next_start_keeps_the_customers_and_the_crm_knows_them_again(story):
    assert story.next_total == 30
    for role in ("AGENT", "SUPERVISOR"):
        assert profile(story.next_answers[role]) == profile(story.answers[role])
    assert story.next_said != story.said


async def test_ctrl_c_while_it_invents_customers_stops_it_at_once(tmp_path):
    async with running("demo", "--port", "0", folder=tmp_path) as demo:
        await until_there_are_profiles(tmp_path / "data" / "server-address")
        children = demo.children
        began = time.monotonic()

        ended = await demo.stopped(signal.SIGINT)

        took_s = time.monotonic() - began
    assert (ended.code, ended.out, ended.err) == (0, "", "")
    assert len(children) == 1
    assert all(map(has_ended, children))
    assert took_s < 10


async def until_there_are_profiles(address: Path) -> None:
    """Return when the gateway whose server has this address holds a profile."""
    uri = await once(lambda: asyncio.to_thread(text_of, address))
    async with open_client(uri, 5) as client:
        await once(client.profile_gateway.profiles.estimated_document_count)


def text_of(file: Path) -> str:
    return file.read_text() if file.exists() else ""


async def once(question):
    """The first answer that isn't empty; asked again and again."""
    for _ in range(3_000):
        if answer := await question():
            return answer
        await asyncio.sleep(0.02)
    raise AssertionError("there was none")


async def test_the_gateway_takes_all_five_hundred_customers(document_server, tmp_path, tenant):
    done = []
    source = {"crm": crm("http://127.0.0.1:9", "demo", secret="none")}
    async with running_gateway(
        document_server.uri, tmp_path, sources=source, database=tenant
    ) as gateway:
        await seed(gateway.gateway, 500, lambda at, of: done.append((at, of)))
        await seed(gateway.gateway, 500, lambda at, of: done.append((at, of)))
        supervisor = gateway.as_role("supervisor", tenant="demo")
        found = await supervisor.data("{ profiles(first: 1) { totalCount } }")

    assert found == {"profiles": {"totalCount": 500}}
    assert done[-1] == (500, 500)
    assert len(done) == 500


def test_customers_are_the_same_at_every_run():
    assert list(customers(500)) == list(customers(500))
    assert list(customers(30)) == list(islice(customers(500), 30))


def test_their_numbers_are_possible_and_reserved_for_fiction_in_five_countries():
    numbers = [values(customer, "VOICE")[0] for customer in customers(500)]

    parsed = [phonenumbers.parse(number) for number in numbers]
    regions = [phonenumbers.region_code_for_country_code(item.country_code) for item in parsed]
    assert all(map(phonenumbers.is_possible_number, parsed))
    assert len(set(numbers)) == 500
    assert {region: regions.count(region) for region in FICTION} == dict.fromkeys(FICTION, 100)
    assert [
        number
        for number, region in zip(numbers, regions, strict=True)
        if not FICTION[region].fullmatch(number)
    ] == []


def test_their_mail_goes_to_example_domains_and_each_has_an_address_of_their_own():
    mails = [values(customer, "EMAIL")[0] for customer in customers(500)]

    assert len(set(mails)) == 500
    assert [mail for mail in mails if not re.fullmatch(r"[a-z0-9.]+@example\.org", mail)] == []


def test_whoever_has_whatsapp_has_it_at_their_own_number_and_handles_are_distinct():
    invented = list(customers(500))
    handles = [handle for customer in invented for handle in values(customer, "INSTAGRAM")]

    assert all(
        number in values(customer, "VOICE")
        for customer in invented
        for number in values(customer, "WHATSAPP")
    )
    assert len(set(handles)) == len(handles) > 0


def test_the_first_customer_is_ada():
    ada = next(customers(1))

    assert ada["name"] == {"given": "Ada", "family": "Lovelace"}
    assert values(ada, "VOICE") == ["+12025550143"]


def values(customer: dict, channel: str) -> list[str]:
    return [item["value"] for item in customer["identities"] if item["channel"] == channel]
