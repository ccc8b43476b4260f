"""The first page's query, pasted as it stands into a shell beside the demo."""

import json
import os
import re
import sys
from pathlib import Path

import pytest_asyncio

from tests.support.demo import command_output, demonstrating

PAGE = (Path(__file__).parents[2] / "README.md").read_text("utf-8")
CURL = re.search(r"```sh\n(curl .*?)```", PAGE, re.DOTALL)[1]
ANSWER = json.loads(re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)[1])


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def demo(tmp_path_factory):
    async with demonstrating(tmp_path_factory.mktemp("demo"), customers=5) as running:
        yield running


async def pasted(demo, role: str) -> dict:
    """What the page's command prints, with the demo's own address and this Python's command."""
    command = (
        CURL.replace("http://127.0.0.1:8080", demo.url)
        .replace(".venv/bin/profile-gateway", f"{sys.executable} -m app.cli")
        .replace("--role agent", f"--role {role}")
    )
    environment = {**os.environ, "GATEWAY_STORE__PATH": str(demo.data)}
    return json.loads(await command_output(["bash", "-c", command], environment))


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


async def test_the_same_query_refuses_a_partner_the_birth_date_and_the_identities(demo):
    answer = await pasted(demo, "partner")

    profile = answer["data"]["identify"]["profile"]
    assert profile["birthDate"] is None
    assert profile["identities"] is None
    assert profile["name"] == {"full": "••• •••"}
    assert [error["extensions"]["field"] for error in answer["errors"]] == [
        "Profile.birthDate",
        "Profile.identities",
        "CustomFields.lifetimeValue",
    ]
