"""The first page's query, pasted as it stands into a shell beside the demo."""

import asyncio
import json
import os
import re
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest_asyncio

from tests.support.process import address_in, running

PAGE = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
CURL = re.search(r"```sh\n(curl .*?)```", PAGE, re.DOTALL)[1]
ANSWER = json.loads(re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)[1])


@dataclass(frozen=True, slots=True)
class Demo:
    """A demo at `url` that keeps its data under `data`."""

    url: str
    data: Path


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def demo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("demo")
    async with running("demo", "--port", "0", "--customers", "5", folder=folder) as process:
        yield Demo(address_in(await process.says("listening at ")), folder / "data")


async def pasted(demo, role: str) -> dict:
    """What the page's command prints, with the demo's own address and this Python's command."""
    command = (
        CURL.replace("http://127.0.0.1:8080", demo.url)
        .replace(".venv/bin/profile-gateway", f"{sys.executable} -m app.cli")
        .replace("--role agent", f"--role {role}")
    )
    environment = {**os.environ, "GATEWAY_STORE__PATH": str(demo.data)}
    shell = await asyncio.create_subprocess_exec(
        *("bash", "-c", command), env=environment, stdout=asyncio.subprocess.PIPE
    )
    output, _ = await asyncio.wait_for(shell.communicate(), 30)
    assert shell.returncode == 0
    return json.loads(output)


def without_ms(answer: dict) -> dict:
    """An answer without what is different each time."""
    for report in answer["extensions"]["sources"]:
        assert report.pop("ms") > 0
    return answer


async def test_the_query_on_the_first_page_gives_the_answer_beside_it(demo):
    answer = await pasted(demo, "agent")

    assert without_ms(answer) == without_ms(ANSWER)


async def test_the_same_query_shows_a_supervisor_everything(demo):
    answer = await pasted(demo, "supervisor")

    profile = answer["data"]["identify"]["profile"]
    assert [identity["value"] for identity in profile["identities"]] == [
        "+12025550143",
        "ada.lovelace.0@example.org",
    ]
    assert profile["custom"]["lifetimeValue"] > 0
    assert "errors" not in answer


async def test_to_a_partner_the_birth_date_and_the_identities_are_unknown(demo):
    answer = await pasted(demo, "partner")

    assert "data" not in answer
    assert [error["message"] for error in answer["errors"]] == [
        "Cannot query field 'birthDate' on type 'Profile'.",
        "Cannot query field 'identities' on type 'Profile'.",
        "Cannot query field 'lifetimeValue' on type 'CustomFields'.",
    ]


async def test_the_same_query_refuses_a_reviewer_the_birth_date_and_the_values(demo):
    answer = await pasted(demo, "reviewer")

    assert answer == {
        "errors": [
            {
                "message": "no role of yours may call identify.",
                "extensions": {"code": "FORBIDDEN", "field": "Query.identify"},
            }
        ]
    }
