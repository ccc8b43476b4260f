"""`profile-gateway connector`, as users run it, where something isn't as it should be."""

import json
import re
from pathlib import Path

import pytest

from connectors.declarative.loading import load
from tests.support.acme_crm import KEY, REGION, running_acme
from tests.support.process import command

ROOT = Path(__file__).parents[2]
ACME = re.search(
    r"```yaml\n(.*?)```", (ROOT / "connectors/GUIDE.md").read_text("utf-8"), re.DOTALL
)[1]
SOURCE = """
[sources.acme]
connector = "{connector}"
tenant = "demo"
base_url = "{url}"
secret = "env:ACME_KEY"
options = {options}
"""


@pytest.fixture
async def acme():
    async with running_acme() as running:
        yield running


@pytest.fixture
def connector(acme, tmp_path, monkeypatch):
    """Runs a subcommand of `connector` with settings for Acme, or others."""

    async def _run(*words, key=KEY, text=ACME, connector="./acme.yaml", url=None, **store):
        monkeypatch.setenv("ACME_KEY", key)
        options = f'{{region = "{REGION}"}}' if connector.endswith(".yaml") else "{}"
        source = SOURCE.format(connector=connector, url=url or acme.url, options=options)
        (tmp_path / "gateway.toml").write_text(source, encoding="utf-8")
        (tmp_path / "acme.yaml").write_text(text, encoding="utf-8")
        return await command("connector", *words, folder=tmp_path, **store)

    return _run


def results(ended):
    return {step["step"]: step["result"] for step in json.loads(ended.out)}


async def test_every_step_of_a_trial_is_told_as_json(connector):
    ended = await connector("test", "acme", "--key", "ada@example.com", "--kind", "email", "--json")

    assert ended.code == 0
    assert results(ended) == {
        "settings": "ok",
        "address": "ok",
        "auth": "ok",
        "describe": "ok",
        "fetch": "ok",
        "facts": "skipped",
        "changes": "skipped",
    }
    assert "Ada" not in ended.out
    assert all(step["ms"] is None or step["ms"] > 0 for step in json.loads(ended.out))


async def test_a_refused_key_ends_the_trial_with_a_hint(connector, acme):
    ended = await connector("test", "acme", "--key", "1001", key="a-wrong-key")

    assert ended.code == 1
    assert "ok   address: the source answers" in ended.out
    assert "FAIL auth: acme: our credentials are refused (401)\n     check the secret" in ended.out
    assert "fetch" not in ended.out
    assert "a-wrong-key" not in ended.out + ended.err
    assert acme.asked == ["GET /v1/me"]


async def test_a_record_that_is_not_there_fails_only_its_step(connector):
    ended = await connector("test", "acme", "--key", "7", "--json")

    assert ended.code == 1
    assert [name for name, result in results(ended).items() if result == "failed"] == ["fetch"]


async def test_an_address_where_nobody_is_fails_before_anything_is_asked(connector):
    ended = await connector("test", "acme", "--json", url="http://127.0.0.1:9")

    assert ended.code == 1
    assert results(ended) == {"settings": "ok", "address": "failed", "auth": "skipped"}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"text": ACME.replace("modified:", "modifed:")}, "acme.yaml:24:5: no such key: `modifed`"),
        ({"connector": "acmee.yaml"}, "acmee.yaml: can't be read: No such file or directory"),
        ({"connector": "hubspott"}, "hubspott: no such connector; did you mean hubspot?"),
    ],
)
async def test_a_connector_that_can_not_be_made_is_told(given, told, connector):
    ended = await connector("test", "acme", **given)

    assert ended.code == 1
    assert f"FAIL settings: {told}" in ended.out


@pytest.mark.parametrize("words", [("test", "acmee"), ("fields", "acmee", "customers")])
async def test_a_source_that_is_not_configured_is_wrong_usage(words, connector):
    ended = await connector(*words)

    assert ended.code == 2
    assert "known: acme" in ended.err


async def test_a_connector_that_does_not_describe_says_so(connector):
    text = re.sub(r"    describe:\n(      .*\n)+", "", ACME)

    ended = await connector("fields", "acme", "customers", text=text)

    assert (ended.code, ended.out) == (1, "")
    assert ended.err == "acme: the connector ./acme.yaml can't tell which attributes there are\n"


async def test_an_attribute_that_is_unknown_defines_nothing(connector, document_server, tenant):
    store = {"STORE__URI": document_server.uri, "STORE__DATABASE": tenant}

    words = ("fields", "acme", "customers")
    refused = await connector(*words, "--define", "tier", "--define", "teir", **store)
    listed = await connector(*words, "--json", **store)

    assert refused.code == 1
    assert refused.err == "acme: no such attribute: `teir`; did you mean `tier`?\n"
    assert {one["attribute"]: one["definedAs"] for one in json.loads(listed.out)} == dict.fromkeys(
        ("email", "name", "since", "tier", "visits")
    )


async def test_attributes_are_listed_with_what_they_would_become(
    connector, document_server, tenant
):
    store = {"STORE__URI": document_server.uri, "STORE__DATABASE": tenant}

    await connector("fields", "acme", "customers", "--define", "tier", **store)
    again = await connector("fields", "acme", "customers", "--define", "tier", **store)
    listed = await connector("fields", "acme", "customers", "--json", **store)

    found = {one["attribute"]: one for one in json.loads(listed.out)}
    assert (again.code, again.out) == (0, "defined: tier (tier)\n")
    assert found["tier"] == {
        "attribute": "tier",
        "label": "Loyalty tier",
        "type": "CHOICE",
        "vendorType": "enum",
        "isWritable": True,
        "isUnique": False,
        "key": "tier",
        "kind": "CHOICE",
        "isList": False,
        "dataClass": "BEHAVIOURAL",
        "definedAs": "tier",
    }
    assert (found["email"]["kind"], found["email"]["dataClass"]) == ("EMAIL", "CONTACT")


@pytest.mark.parametrize(
    ("name", "code", "told"),
    [("hubspot", 1, "a connector hubspot already"), ("A-B", 2, "lower case"), ("9x", 2, "letters")],
)
async def test_a_name_that_can_not_be_one_begins_no_connector(name, code, told, tmp_path):
    ended = await command("connector", "new", name, folder=tmp_path)

    assert ended.code == code
    assert told in ended.err
    assert list(tmp_path.glob("*.yaml")) == []


async def test_a_file_that_is_there_is_left_as_it_is(tmp_path):
    (tmp_path / "globex.yaml").write_text("mine", encoding="utf-8")

    ended = await command("connector", "new", "globex", folder=tmp_path)

    assert (ended.code, ended.out) == (1, "")
    assert ended.err == "globex.yaml is there already; it was left as it is.\n"
    assert (tmp_path / "globex.yaml").read_text("utf-8") == "mine"


async def test_what_a_connector_begins_with_is_a_sound_connector(tmp_path):
    ended = await command("connector", "new", "globex", folder=tmp_path)

    assert ended.out == "globex.yaml is written. In the settings: connector = 'globex.yaml'\n"
    assert load(tmp_path / "globex.yaml").about == "globex"
