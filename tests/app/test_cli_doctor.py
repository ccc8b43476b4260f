"""`profile-gateway doctor`: what it looks at, what it finds, and what it mends."""

import json
import re

import pytest

from app.settings import Settings, StoreSettings
from app.store.attach import attached_store
from app.store.indexes import INDEXES
from tests.app.auth.local_issuer import LocalIssuer
from tests.app.auth.local_issuer import running as issuing
from tests.support.gateway import a_profile, running_gateway
from tests.support.process import Ended, command, serving
from tests.support.provider import running_provider
from tests.support.sandbox import running_sandbox

DEVELOPMENT = "ok   keys: root key local:ID, made for development on this machine"
NAMES = ", ".join(
    f"{collection}.{index.document['name']}"
    for collection, declared in INDEXES.items()
    for index in declared
)
MISSING = f"missing: {NAMES}; `doctor --fix` makes them"


@pytest.fixture
def doctor(document_server, tmp_path, tenant):
    """Runs it on a database of the test's own."""
    store = {"STORE__URI": document_server.uri, "STORE__DATABASE": tenant}

    async def run(*words: str, **variables: str) -> Ended:
        return await command("doctor", *words, folder=tmp_path, **{**store, **variables})

    return run


def lines(ended: Ended) -> list[str]:
    """The lines it printed, but the one with the server's version; ID for ids of root keys."""
    assert ended.err == ""
    told = re.sub(r"\blocal:[\w-]{16}(?![\w-])", "local:ID", ended.out)
    return [line for line in told.splitlines() if not line.startswith("ok   store: embedded")]


async def test_all_is_well_beside_a_running_gateway_and_when_it_is_gone(tmp_path):
    async with serving(tmp_path / "data"):
        beside = await command("doctor", folder=tmp_path)
    alone = await command("doctor", folder=tmp_path)

    assert (beside.code, alone.code) == (0, 0)
    assert (
        lines(beside) == lines(alone) == [DEVELOPMENT, "ok   indexes: complete", "ok   profiles: 0"]
    )


async def test_missing_indexes_are_told_and_made_on_request(doctor):
    found = await doctor()
    mended = await doctor("--fix", "--json")
    after = await doctor()

    assert (found.code, mended.code, after.code) == (1, 0, 0)
    assert lines(found) == [DEVELOPMENT, f"FAIL indexes: {MISSING}", "ok   profiles: 0"]
    assert [(item["subject"], item["ok"]) for item in json.loads(mended.out)] == [
        ("keys", True),
        ("store", True),
        ("indexes", True),
        ("profiles", True),
    ]
    assert "ok   indexes: complete" in lines(after)


async def test_looking_leaves_an_empty_store_empty(doctor, document_server, tenant):
    ended = await doctor("--fix")

    settings = Settings(store=StoreSettings(uri=document_server.uri, database=tenant))
    async with attached_store(settings) as store:
        names = await store.database.list_collection_names()
        counts = {name: await store.database[name].count_documents({}) for name in names}
    assert ended.code == 0, ended.out
    assert counts == dict.fromkeys(INDEXES, 0)


async def test_data_of_another_root_key_is_told(doctor, document_server, tmp_path, tenant):
    async with running_gateway(document_server.uri, tmp_path / "elsewhere", database=tenant):
        pass

    ended = await doctor()

    assert ended.code == 1
    assert lines(ended) == [
        DEVELOPMENT,
        (
            "FAIL store: The root key local:ID is missing: it wrapped a key that is stored, and it"
            f" isn't in the file {tmp_path}/data/keys/root.key. Name it in keys.former_roots."
        ),
    ]


async def test_data_of_another_keyring_is_told(doctor, document_server, tmp_path, tenant):
    path, other = tmp_path / "data", f"{tenant}-other"
    for database in (tenant, other):
        async with running_gateway(document_server.uri, path, database=database):
            pass

    gone = await doctor(KEYS__DATABASE=f"{tenant}-none")
    another = await doctor(KEYS__DATABASE=f"{other}-keyring")
    own = await doctor()

    told = re.compile(
        f"FAIL store: The data in {tenant} was sealed with the keyring [0-9a-f]{{16}}, and the"
        rf" database ({tenant}-none holds none|{other}-keyring is another one)\."
        r" Restore the keyring's own backup with `profile-gateway restore --keyring FILE`, or name"
        r" its database in keys\.database\."
    )
    assert (gone.code, another.code, own.code) == (1, 1, 0)
    assert [told.fullmatch(lines(ended)[-1])[1] for ended in (gone, another)] == [
        f"{tenant}-none holds none",
        f"{other}-keyring is another one",
    ]


async def test_more_profiles_than_the_embedded_server_is_for_are_told(
    doctor, document_server, tmp_path, tenant
):
    path = tmp_path / "data"
    async with running_gateway(document_server.uri, path, database=tenant) as gateway:
        service = gateway.as_role("service", tenant=tenant)
        for _ in range(2):
            await a_profile(service)

    enough = await doctor(STORE__MAX_EMBEDDED_PROFILES="2")
    ended = await doctor("--json", STORE__MAX_EMBEDDED_PROFILES="1")

    assert (enough.code, ended.code) == (0, 1)
    assert "ok   profiles: 2" in lines(enough)
    assert json.loads(ended.out)[-1] == {
        "subject": "profiles",
        "ok": False,
        "message": "2; more than 1 belong in a MongoDB",
    }


async def test_each_source_is_asked_and_told(doctor, monkeypatch, tmp_path):
    monkeypatch.setenv("PROFILE_GATEWAY_TEST_WRONG", "Zq7canary")
    (tmp_path / "gateway.toml").write_text("")
    with running_sandbox() as crm:
        monkeypatch.setenv("PROFILE_GATEWAY_TEST_TOKEN", crm.token)
        (tmp_path / "gateway.toml").write_text(
            sources(
                well=(crm.base_url, "env:PROFILE_GATEWAY_TEST_TOKEN"),
                stranger=(crm.base_url, "env:PROFILE_GATEWAY_TEST_WRONG"),
                down=("http://127.0.0.1:9", "env:PROFILE_GATEWAY_TEST_TOKEN"),
                keyless=(crm.base_url, "env:PROFILE_GATEWAY_TEST_NOTHING"),
            )
        )
        ended = await doctor("--fix")

    told = {line.split(":")[0]: line for line in lines(ended) if "source" in line}
    assert ended.code == 1
    assert told["ok   source well"] == "ok   source well: hubspot answers"
    assert set(told) == {
        "ok   source well",
        "FAIL source stranger",
        "FAIL source down",
        "FAIL source keyless",
    }
    assert "Zq7canary" not in ended.out


def sources(**named: tuple[str, str]) -> str:
    """Settings of these sources, each with an address and a secret."""
    return "".join(
        f'[sources.{name}]\nconnector = "hubspot"\ntenant = "acme"\n'
        f'base_url = "{address}"\nsecret = "{secret}"\n'
        for name, (address, secret) in named.items()
    )


async def test_each_issuer_is_asked_for_its_keys(doctor, tmp_path):
    issuer = LocalIssuer()
    with issuing(issuer):
        (tmp_path / "gateway.toml").write_text(
            f'[[auth.issuers]]\nissuer = "{issuer.address}"\n'
            f'[[auth.issuers]]\nissuer = "https://a.example"\njwks_uri = "{issuer.address}/keys"\n'
            '[[auth.issuers]]\nissuer = "http://127.0.0.1:9"\n'
        )
        ended = await doctor("--fix")
        issuer.is_down = True
        away = await doctor()

    assert ended.code == 1
    assert lines(ended)[-3:] == [
        f"ok   issuer {issuer.address}: its key set is there",
        "ok   issuer https://a.example: its key set is there",
        "FAIL issuer http://127.0.0.1:9: gives no answer (ConnectError)",
    ]
    assert lines(away)[-3] == f"FAIL issuer {issuer.address}: status 503"


async def test_an_issuer_with_introspection_is_asked_about_a_token_that_nobody_has(
    doctor, tmp_path, monkeypatch
):
    async with running_provider({}) as provider:
        (tmp_path / "gateway.toml").write_text(
            f'[[auth.issuers]]\nissuer = "{provider.issuer}"\n'
            'introspection = {client_id = "gateway", client_secret = "env:OUR_SECRET"}\n'
        )
        monkeypatch.setenv("OUR_SECRET", "gateway-secret")
        well = await doctor("--fix")
        monkeypatch.setenv("OUR_SECRET", "Zq7canary")
        refused = await doctor()
        monkeypatch.delenv("OUR_SECRET")
        without = await doctor()

    subject = f"issuer {provider.issuer}"
    told = [ended.out.splitlines()[-1] for ended in (well, refused, without)]
    assert [ended.code for ended in (well, refused, without)] == [0, 1, 1]
    assert told == [
        f"ok   {subject}: its key set is there, and it tells about opaque tokens",
        f"FAIL {subject}: it doesn't tell us about opaque tokens",
        (
            f"FAIL {subject}: auth.issuers[].introspection.client_secret: no secret found in the"
            " environment variable OUR_SECRET."
        ),
    ]
    assert "canary" not in refused.out + refused.err


async def test_what_production_refuses_is_told_at_once_and_the_rest_is_looked_at(doctor):
    ended = await doctor("--fix", ENV="production")

    assert ended.code == 1
    assert lines(ended) == [
        (
            "FAIL keys: Refused because env is production: auth.development must be false:"
            " development tokens are for one's own machine. Refused because env is production:"
            " keys.root must refer to a key of your own, or keys.vault to one in Vault."
        ),
        "ok   indexes: complete",
        "ok   profiles: 0",
    ]


async def test_a_store_elsewhere_without_tls_is_told_in_production(doctor):
    ended = await doctor(ENV="production", STORE__URI="mongodb://db.example.com")

    assert ended.code == 1
    assert "FAIL store: Refused because env is production: store.uri" in ended.out
