"""What refuses to open, and what is left behind when it does."""

import asyncio
import base64
import secrets

import pytest

from app.auth.development import development_issuer
from app.auth.settings import AuthSettings, IssuerSettings
from app.build import open_gateway
from app.configuration import WrongSettings
from app.key_settings import KeySettings
from app.keyring.errors import RootKeyMissing
from app.keys import RefusedInProduction
from app.settings import Settings, StoreSettings
from app.store.address import store_uri
from app.store.attach import attached_store
from app.store.errors import StoreMismatch
from app.store.meta import check_store, claim_store
from tests.support.gateway import a_profile, running_gateway
from tests.support.sealing import a_sealing

PASSWORD = "Zq7canary"


def stored_at(uri: str | None, env: str = "production") -> Settings:
    return Settings(env=env, store=StoreSettings(uri=uri), auth=AuthSettings(development=False))


@pytest.fixture
def reference(monkeypatch) -> KeySettings:
    """A reference to a root key of one's own."""
    key = base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()
    monkeypatch.setenv("PROFILE_GATEWAY_TEST_ROOT", key)
    return KeySettings(root="env:PROFILE_GATEWAY_TEST_ROOT")


@pytest.mark.parametrize(
    "uri",
    [
        "mongodb://db.example.com/?tls=true",
        "mongodb://db.example.com/?ssl=true",
        "mongodb://db.example.com?TLS=true",
        f"mongodb://ada:{PASSWORD}@a.example.com,b.example.com:27018/?replicaSet=rs&tls=true",
        "mongodb://10.0.0.1/?tls=true&someOptionOfTomorrow=1",
        "mongodb+srv://db.example.com",
        f"mongodb+srv://ada:{PASSWORD}@db.example.com/?retryWrites=true",
        "mongodb://localhost",
        "mongodb://127.0.0.1:27017/?directConnection=true",
        "mongodb://127.8.9.1,localhost:27018",
        "mongodb://[::1]:27017",
        "mongodb://%2Ftmp%2Fmongodb-27017.sock",
        None,
    ],
)
def test_production_takes_a_store_nobody_can_listen_to(uri):
    assert store_uri(stored_at(uri)) == uri


@pytest.mark.parametrize(
    "uri",
    [
        "mongodb://db.example.com",
        f"mongodb://ada:{PASSWORD}@db.example.com/",
        "mongodb://10.0.0.1",
        "mongodb://localhost.example.com",
        "mongodb://127.0.0.1.example.com",
        "mongodb://[::2]",
        "mongodb://0.0.0.0",
        "mongodb://localhost,db.example.com",
        "mongodb://db.example.com/?tls=false",
        "mongodb://db.example.com/?ssl=false",
        "mongodb://db.example.com/tls=true",
        "mongodb://tls=true@db.example.com",
        "mongodb://db.example.com/?tls=true&tlsAllowInvalidCertificates=true",
        "mongodb://db.example.com/?tls=true&tlsInsecure=true",
        "mongodb+srv://db.example.com/?tls=false",
        "mongodb+srv://db.example.com/?tlsInsecure=true",
        "mongodb+srv://localhost/?ssl=false",
    ],
)
def test_production_refuses_a_store_elsewhere_without_tls(uri):
    with pytest.raises(RefusedInProduction) as refused:
        store_uri(stored_at(uri))

    assert str(refused.value) == (
        "Refused because env is production: store.uri leads to another machine, so it must say"
        " tls=true and must not switch the check of certificates off."
    )
    assert store_uri(stored_at(uri, env="development")) == uri


@pytest.mark.parametrize("env", ["development", "production"])
@pytest.mark.parametrize(
    "uri",
    [
        "",
        f"http://ada:{PASSWORD}@db.example.com",
        f"mongodb://ada:{PASSWORD}@db.example.com:port",
        f"mongodb://ada:{PASSWORD}%@db.example.com",
        f"mongodb://ada:{PASSWORD}/x@db.example.com",
        f"mongodb://ada:{PASSWORD}@/?tls=true",
        f"mongodb://ada:{PASSWORD}@db.example.com/?tls",
        f"mongodb://ada:{PASSWORD}@db.example.com/?tls=true&ssl=false",
        f"mongodb+srv://ada:{PASSWORD}@db.example.com/?tls",
    ],
)
def test_what_is_no_connection_string_is_refused_and_not_told(uri, env):
    with pytest.raises(WrongSettings, match=r"^store\.uri can't be used") as refused:
        store_uri(stored_at(uri, env))

    assert PASSWORD not in str(refused.value)
    assert refused.value.__suppress_context__


@pytest.mark.parametrize(
    "uri",
    [
        f"mongodb://ada:{PASSWORD}@127.0.0.1/?maxPoolSize={PASSWORD}",
        f"mongodb://127.0.0.1/?authMechanism={PASSWORD}",
        f"mongodb://127.0.0.1/?authMechanismProperties={PASSWORD}",
        "mongodb://127.0.0.1/?retryWrite=false",
        "mongodb://127.0.0.1,localhost/?directConnection=true",
        f"mongodb+srv://ada:{PASSWORD}@db.example.com:27017",
    ],
)
async def test_what_the_driver_cannot_use_is_refused_and_not_told(uri, tmp_path):
    settings = Settings(store=StoreSettings(uri=uri, path=tmp_path))

    with pytest.raises(WrongSettings, match=r"^store\.uri can't be used") as refused:
        async with open_gateway(settings):
            pass
    with pytest.raises(WrongSettings):
        async with attached_store(settings):
            pass

    assert PASSWORD not in str(refused.value)


async def test_nothing_is_opened_before_production_has_looked_at_the_settings(tmp_path, reference):
    refused = [
        Settings(env="production", store=StoreSettings(path=tmp_path), keys=reference),
        Settings(
            env="production",
            store=StoreSettings(path=tmp_path, uri="mongodb://db.example.com"),
            auth=AuthSettings(development=False),
            keys=reference,
        ),
        Settings(
            env="production",
            store=StoreSettings(path=tmp_path),
            auth=AuthSettings(development=False),
        ),
        Settings(
            env="production",
            store=StoreSettings(path=tmp_path),
            auth=AuthSettings(
                development=False, issuers=(IssuerSettings(issuer="http://localhost:8080"),)
            ),
            keys=reference,
        ),
    ]

    for settings in refused:
        with pytest.raises(RefusedInProduction):
            async with open_gateway(settings):
                pass

    assert list(tmp_path.iterdir()) == []


async def test_a_command_in_production_refuses_such_a_store_as_well():
    settings = stored_at("mongodb://db.example.com")

    with pytest.raises(RefusedInProduction):
        async with attached_store(settings):
            pass


async def test_production_opens_with_a_key_of_its_own_and_no_development_tokens(
    document_server, tmp_path, reference, tenant
):
    settings = Settings(
        env="production",
        store=StoreSettings(uri=document_server.uri, path=tmp_path, database=tenant),
        auth=AuthSettings(development=False),
        keys=reference,
    )

    async with open_gateway(settings) as gateway:
        issuer = development_issuer(gateway.settings)

    assert issuer is None
    assert list(tmp_path.iterdir()) == []


async def test_another_root_key_is_refused_and_changes_nothing(
    document_server, tmp_path, reference, tenant
):
    first, second = tmp_path / "first", tmp_path / "second"
    voice = [{"channel": "VOICE", "value": "+12025550143"}]
    who = '{ identify(channel: VOICE, value: "+12025550143") { outcome } }'
    async with running_gateway(document_server.uri, first, database=tenant) as gateway:
        await a_profile(gateway.as_role("service", tenant=tenant), identities=voice)

    for path, keys in ((second, KeySettings()), (first, reference)):
        with pytest.raises(RootKeyMissing, match="wrapped a key that is stored"):
            async with running_gateway(document_server.uri, path, database=tenant, keys=keys):
                pass

    async with running_gateway(document_server.uri, first, database=tenant) as gateway:
        found = await gateway.as_role("agent", tenant=tenant).data(who)
    assert found == {"identify": {"outcome": "KNOWN"}}


async def test_the_first_gateway_decides_the_key_and_looking_does_not(document_server, tenant):
    settings = Settings(store=StoreSettings(uri=document_server.uri, database=tenant))
    async with attached_store(settings) as store:
        first, second = (a_sealing(store.database, key=key * 32).keyring for key in (b"1", b"2"))
        beside = first.database
        await check_store(store.database, second)
        looked_at = [await store.database.meta.find().to_list(), await beside.meta.find().to_list()]
        await claim_store(store.database, first)
        claimed = await beside.meta.find().to_list()
        await claim_store(store.database, first)

        for refuse in (claim_store, check_store):
            with pytest.raises(RootKeyMissing):
                await refuse(store.database, second)
        own = await store.database.meta.find().to_list()
        kept = await beside.meta.find().to_list()

    assert looked_at == [[], []]
    assert own == [{"_id": "keyring", "keyring": claimed[0]["keyring"]}]
    assert kept == claimed
    assert [one["by"] for one in kept] == [first.roots.current_id]


async def test_data_is_not_opened_with_another_keyring_than_its_own(document_server, tenant):
    settings = Settings(store=StoreSettings(uri=document_server.uri, database=tenant))
    async with attached_store(settings) as store:
        other = store.client[f"{tenant}-other"]
        for database in (store.database, other):
            await claim_store(database, a_sealing(database).keyring)
        known = await other.meta.find().to_list()

        for act in (claim_store, check_store):
            with pytest.raises(StoreMismatch, match=f"{tenant}-other-keyring is another one"):
                await act(store.database, a_sealing(other).keyring)
            with pytest.raises(StoreMismatch, match=f"{tenant}-none-keyring holds none"):
                await act(store.database, a_sealing(store.client[f"{tenant}-none"]).keyring)

        assert await other.meta.find().to_list() == known
        assert await store.client[f"{tenant}-none-keyring"].list_collection_names() == []


async def test_gateways_that_begin_at_once_make_one_keyring(document_server, tenant):
    settings = Settings(store=StoreSettings(uri=document_server.uri, database=tenant))
    async with attached_store(settings) as store:
        keyrings = [a_sealing(store.database).keyring for _ in range(8)]

        await asyncio.gather(*(claim_store(store.database, one) for one in keyrings))

        [made] = await keyrings[0].database.meta.find().to_list()
        assert await store.database.meta.find().to_list() == [
            {"_id": "keyring", "keyring": made["keyring"]}
        ]


async def test_data_that_an_early_version_left_unsealed_is_refused(document_server, tenant):
    settings = Settings(store=StoreSettings(uri=document_server.uri, database=tenant))
    async with attached_store(settings) as store:
        await store.database.meta.insert_one({"_id": "identity-key", "check": "x"})

        with pytest.raises(StoreMismatch, match="early version that sealed nothing"):
            await claim_store(store.database, a_sealing(store.database).keyring)


async def test_half_a_restore_is_not_served(document_server, tmp_path, tenant):
    settings = Settings(store=StoreSettings(uri=document_server.uri, database=tenant))
    async with attached_store(settings) as store:
        beside = a_sealing(store.database).keyring.database
        for database in (store.database, beside):
            await database.restore.insert_one({"_id": "restore", "sha256": "x"})

            told = f"restore into the database {database.name} was interrupted"
            with pytest.raises(StoreMismatch, match=told):
                async with running_gateway(document_server.uri, tmp_path, database=tenant):
                    pass
            await database.restore.drop()
