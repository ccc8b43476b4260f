"""Every step of connectors/GUIDE.md, as it stands there, against a small real CRM."""

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from app.settings import Settings
from connectors.abilities import Change, ChangeKind, Webhook
from connectors.base import Call, Key, SourceSettings
from connectors.errors import BadSignature, Conflict
from connectors.registry import connector_of
from connectors.runtime.addresses import LOOPBACK
from connectors.runtime.budget import Budget
from connectors.runtime.client import source_client
from tests.support.acme_crm import KEY, REGION, WEBHOOK_SECRET, running_acme, signed
from tests.support.gateway import a_profile, running_gateway
from tests.support.process import command

GUIDE = (Path(__file__).parents[2] / "connectors/GUIDE.md").read_text("utf-8")
SENT_AT = "2026-11-27T12:00:00Z"


def blocks(language):
    """The pieces of the guide in one language, in order."""
    return re.findall(rf"```{language}\n(.*?)```", GUIDE, re.DOTALL)


NEW, TEST, *FIELDS = [
    line.split()[1:] for text in blocks("sh") for line in text.splitlines() if line
]
BEGINNING, REST = blocks("yaml")
[TOML] = blocks("toml")
[QUERY] = blocks("graphql")
[REPORT] = blocks("text")


@pytest.fixture
async def acme():
    async with running_acme() as running:
        yield running


@pytest.fixture
def folder(acme, tmp_path):
    """A directory with the guide's settings, for Acme as it runs here."""
    text = TOML.replace("https://api.acme.example", acme.url)
    (tmp_path / "gateway.toml").write_text(text, encoding="utf-8")
    return tmp_path


def connector_with(text, folder, acme):
    (folder / "acme.yaml").write_text(text, encoding="utf-8")
    settings = SourceSettings(
        *("acme", acme.url, KEY), {"region": REGION}, webhook_secret=WEBHOOK_SECRET
    )
    return connector_of(str(folder / "acme.yaml"))(settings)


@pytest.fixture
async def call():
    async with source_client(LOOPBACK) as http:
        yield Call(http, Budget(10.0))


async def test_the_guide_is_followed_from_an_empty_directory_to_an_answer(
    acme, folder, document_server, tenant, monkeypatch
):
    monkeypatch.setenv("ACME_KEY", KEY)
    store = {"STORE__URI": document_server.uri, "STORE__DATABASE": tenant}

    begun = await command(*NEW, folder=folder)
    again = await command(*NEW, folder=folder)
    (folder / "acme.yaml").write_text(BEGINNING, encoding="utf-8")
    tested = await command(*TEST, folder=folder, **store)
    listed, defined = [await command(*words, folder=folder, **store) for words in FIELDS]
    answer = await _answered(acme, folder, document_server, tenant, monkeypatch)

    assert [ended.code for ended in (begun, again, tested, listed, defined)] == [0, 1, 0, 0, 0]
    assert again.err == "acme.yaml is there already; it was left as it is.\n"
    assert without_ms(tested.out) == without_ms(REPORT)
    assert defined.out == "defined: tier (tier)\ndefined: visits (visits)\n"
    fields = answer["profile"]["fields"]
    assert {field["key"]: field["value"] for field in fields} == {"tier": "gold", "visits": 3}
    assert [field["error"] for field in fields] == [None, None]


async def _answered(acme, folder, document_server, tenant, monkeypatch):
    monkeypatch.chdir(folder)
    sources = {"acme": {"connector": "./acme.yaml", "tenant": "demo", "base_url": acme.url}}
    sources["acme"] |= {"secret": "env:ACME_KEY", "options": {"region": REGION}}
    given = Settings.model_validate({"sources": sources}).sources
    async with running_gateway(
        document_server.uri, folder / "data", sources=given, database=tenant
    ) as gateway:
        link = {"source": "acme", "object": "customers", "recordId": "1001"}
        ada = await a_profile(gateway.as_role("service", tenant="demo"), links=[link])
        return await gateway.as_role("agent", tenant="demo").data(QUERY, {"id": ada})


def without_ms(report):
    return re.sub(r" \(\d+ ms\)", "", report)


async def test_changes_are_followed_page_by_page(acme, folder, call):
    connector = connector_with(BEGINNING + REST, folder, acme)
    cursor, pages = None, []

    while not pages or not pages[-1].is_last:
        pages.append(await connector.changed(call, "customers", cursor, {"name"}))
        cursor = pages[-1].cursor
    acme.add("1004", name="Dot")
    after = await connector.changed(call, "customers", cursor, {"name"})

    assert [[change.id for change in page.changes] for page in pages] == [
        ["1001", "1002"],
        ["1003"],
    ]
    assert [change.record.values for change in after.changes] == [{"name": "Dot"}]


async def test_a_customer_is_changed_where_nobody_was_faster(acme, folder, call):
    connector = connector_with(BEGINNING + REST, folder, acme)
    key = Key("id", "1002")
    known = (await connector.fetch(call, "customers", [key], {"tier"}))[key]

    record = await connector.write(call, "customers", "1002", {"tier": "gold"}, if_match=known.etag)
    with pytest.raises(Conflict):
        await connector.write(call, "customers", "1002", {"tier": None}, if_match=known.etag)

    assert (record.values, record.etag) == ({"tier": "gold"}, "2")
    assert acme.customers["1002"]["tier"] == "gold"


def test_a_webhook_of_acme_s_is_believed_and_no_other(acme, folder):
    connector = connector_with(BEGINNING + REST, folder, acme)
    content = json.dumps({"events": [{"id": "e1", "what": "removed", "customer": "1003"}]}).encode()
    at = datetime(2026, 11, 27, 12, 1, tzinfo=UTC)

    told = connector.received(Webhook("POST", signed(content, SENT_AT), content, at))

    assert told == [Change(ChangeKind.DELETED, "customers", "1003", event_id="e1")]
    with pytest.raises(BadSignature):
        connector.received(Webhook("POST", signed(content, SENT_AT, "guessed"), content, at))


async def test_a_customer_is_found_by_e_mail_whatever_the_case(acme, folder, call):
    connector = connector_with(BEGINNING, folder, acme)
    acme.customers["1001"]["email"] = "ada@example.com"
    key = Key("email", "Ada@Example.com")

    outcomes = await connector.fetch(call, "customers", [key], {"visits"})

    assert (outcomes[key].id, outcomes[key].values) == ("1001", {"visits": 3})
