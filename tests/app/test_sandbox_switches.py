import asyncio
import subprocess
import sys

import httpx2
import pytest

from tests.support.sandbox import TOKEN, running_sandbox, sandbox_client

CONTACTS = "/crm/objects/2026-09/contacts"
ADA = {"object": "contacts", "id": "7", "properties": {"email": "ada@example.com", "tier": "gold"}}
BATCH = {"inputs": [{"id": "7"}, {"id": "8"}], "properties": ["tier"]}
AS_IT_SHOULD = {
    "latency_ms": 0,
    "error_rate": None,
    "status": None,
    "rate_limit": None,
    "hang": False,
    "down": False,
    "garbage": False,
}


@pytest.fixture
async def crm():
    async with sandbox_client([ADA]) as client:
        yield client


async def test_calls_are_counted_by_path_with_the_keys_and_properties_asked_for(crm):
    await crm.post(f"{CONTACTS}/batch/read", json=BATCH)
    await crm.get(f"{CONTACTS}/7", params={"properties": "email,tier"})
    await crm.get(f"{CONTACTS}/8", headers={"Authorization": "Bearer wrong"})

    counted = (await crm.get("/_sandbox/stats", headers={"Authorization": ""})).json()

    assert counted == {
        "calls": 3,
        "paths": {f"POST {CONTACTS}/batch/read": 1, f"GET {CONTACTS}/{{id}}": 2},
        "keys_read": 3,
        "last_properties": ["email", "tier"],
    }


async def test_counts_begin_anew_when_they_are_deleted(crm):
    await crm.post(f"{CONTACTS}/batch/read", json=BATCH)

    deleted = await crm.delete("/_sandbox/stats")

    assert deleted.status_code == 204
    counted = (await crm.get("/_sandbox/stats")).json()
    assert counted == {"calls": 0, "paths": {}, "keys_read": 0, "last_properties": None}


@pytest.mark.parametrize(
    ("switches", "told"),
    [
        ({"latency": 5}, "no such switch: latency"),
        ({"rate_limit": {"calls": 1, "per_s": 1, "burst": 2}}, "no such switch: rate_limit.burst"),
        ({"latency_ms": "5"}, "latency_ms: "),
        ({"latency_ms": -1}, "latency_ms: "),
        ({"error_rate": 1.5}, "error_rate: "),
        ({"status": 200}, "status: "),
        ({"down": "yes"}, "down: "),
        ({"rate_limit": {"calls": 0, "per_s": 1}}, "rate_limit.calls: "),
        ([], "body: "),
    ],
)
async def test_a_switch_that_is_not_there_or_cannot_be_set_so_is_refused_by_name(
    crm, switches, told
):
    refused = await crm.put("/_sandbox/faults", json=switches)

    assert refused.status_code == 400
    assert told in refused.json()["message"]
    assert (await crm.get("/_sandbox/faults")).json() == AS_IT_SHOULD


async def test_while_it_is_down_every_path_of_the_crm_answers_503(crm):
    await crm.put("/_sandbox/faults", json={"down": True})

    answered = [await crm.get(path) for path in (CONTACTS, "/crm/v3/properties/contacts", "/crm/x")]

    assert [one.status_code for one in answered] == [503, 503, 503]
    assert (await crm.get("/")).status_code == 200
    await crm.delete("/_sandbox/faults")
    assert (await crm.get(CONTACTS)).status_code == 200


async def test_new_switches_replace_the_old_ones(crm):
    await crm.put("/_sandbox/faults", json={"down": True})

    in_force = await crm.put("/_sandbox/faults", json={"latency_ms": 1})

    assert in_force.json() == AS_IT_SHOULD | {"latency_ms": 1}
    assert (await crm.get(CONTACTS)).status_code == 200


async def test_the_error_rate_is_kept_exactly(crm):
    await crm.put("/_sandbox/faults", json={"error_rate": 0.25, "status": 502})

    statuses = [(await crm.get(CONTACTS)).status_code for _ in range(12)]

    assert statuses == [200, 200, 200, 502] * 3


async def test_a_status_alone_is_every_answer_s(crm):
    await crm.put("/_sandbox/faults", json={"status": 504})

    assert [(await crm.get(CONTACTS)).status_code for _ in range(3)] == [504, 504, 504]


async def test_garbage_claims_to_be_json_and_is_not(crm):
    await crm.put("/_sandbox/faults", json={"garbage": True})

    answered = await crm.get(CONTACTS)

    assert (answered.status_code, answered.headers["Content-Type"]) == (200, "application/json")
    with pytest.raises(ValueError, match="Expecting value"):
        answered.json()


async def test_latency_comes_before_the_answer(crm):
    await crm.put("/_sandbox/faults", json={"latency_ms": 60_000})
    asked = asyncio.ensure_future(crm.get(CONTACTS))

    done, _ = await asyncio.wait({asked}, timeout=0.1)

    assert done == set()
    asked.cancel()


async def test_a_call_that_hangs_goes_on_when_the_switch_is_taken_back(crm):
    await crm.put("/_sandbox/faults", json={"hang": True})
    asked = asyncio.ensure_future(crm.get(CONTACTS))
    done, _ = await asyncio.wait({asked}, timeout=0.1)

    await crm.delete("/_sandbox/faults")

    assert done == set()
    assert (await asyncio.wait_for(asked, 10)).status_code == 200


async def test_calls_beyond_the_limit_are_told_which_and_how_long_to_wait(crm):
    await crm.put("/_sandbox/faults", json={"rate_limit": {"calls": 2, "per_s": 30}})

    admitted = [await crm.get(CONTACTS) for _ in range(2)]
    refused = await crm.get(CONTACTS)

    remaining = [one.headers["X-HubSpot-RateLimit-Remaining"] for one in admitted]
    assert ([one.status_code for one in admitted], remaining) == ([200, 200], ["1", "0"])
    assert (refused.status_code, refused.json()["policyName"]) == (429, "TEN_SECONDLY_ROLLING")
    assert 1 <= int(refused.headers["Retry-After"]) <= 30
    assert refused.headers["X-HubSpot-RateLimit-Max"] == "2"
    assert refused.headers["X-HubSpot-RateLimit-Interval-Milliseconds"] == "30000"


async def test_a_daily_limit_is_named_as_such(crm):
    limit = {"calls": 1, "per_s": 86_400, "policy": "DAILY"}
    await crm.put("/_sandbox/faults", json={"rate_limit": limit})
    await crm.get(CONTACTS)

    refused = await crm.get(CONTACTS)

    assert refused.json()["policyName"] == "DAILY"
    assert refused.headers["X-HubSpot-RateLimit-Daily-Remaining"] == "0"


async def test_a_search_tells_nothing_of_the_limit(crm):
    await crm.put("/_sandbox/faults", json={"rate_limit": {"calls": 2, "per_s": 30}})

    found = await crm.post(f"{CONTACTS}/search", json={})

    assert found.status_code == 200
    assert [name for name in found.headers if "ratelimit" in name] == []


async def test_calls_are_admitted_again_after_the_interval(crm):
    await crm.put("/_sandbox/faults", json={"rate_limit": {"calls": 1, "per_s": 0.05}})

    async def statuses_until_admitted_again():
        seen = [(await crm.get(CONTACTS)).status_code]
        while seen.count(200) < 2:
            seen.append((await crm.get(CONTACTS)).status_code)
        return seen

    seen = await asyncio.wait_for(statuses_until_admitted_again(), 10)
    assert seen[0] == seen[-1] == 200


def test_a_process_serves_its_seed_and_stops_though_a_call_hangs():
    with running_sandbox([ADA]) as sandbox:
        headers = {"Authorization": f"Bearer {sandbox.token}"}
        with httpx2.Client(base_url=sandbox.base_url, headers=headers) as client:
            found = client.get(f"{CONTACTS}/7", params={"properties": "tier"})
            client.put("/_sandbox/faults", json={"hang": True})
            with pytest.raises(httpx2.ReadTimeout):
                client.get(CONTACTS, timeout=0.1)

    assert found.json()["properties"]["tier"] == "gold"
    with pytest.raises(httpx2.ConnectError):
        httpx2.get(sandbox.base_url)


@pytest.mark.parametrize(
    ("seed", "complaint"),
    [
        ('{"object": "contacts", "properties": {}}\n\n{no json', "line 3 of the seed is not JSON"),
        ('{"object": "contacts"}', "record 1 of the seed: "),
        (None, "No such file"),
    ],
)
def test_a_bad_seed_is_told_in_one_line_before_anything_listens(tmp_path, seed, complaint):
    file = tmp_path / "seed.jsonl"
    if seed is not None:
        file.write_text(seed)

    ended = _run("--token", TOKEN, "--seed", str(file))

    assert (ended.returncode, ended.stdout) == (1, "")
    assert complaint in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


def test_a_token_must_be_given():
    ended = _run()

    assert ended.returncode == 2
    assert "--token" in ended.stderr


def _run(*arguments):
    command = [sys.executable, "-m", "app.demo.sandbox_crm", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
