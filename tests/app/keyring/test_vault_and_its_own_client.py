"""Vault's own client is the judge of the stand-in, and what one wraps the other unwraps."""

import base64

import hvac
import pytest
from hvac.exceptions import Forbidden, InvalidPath, InvalidRequest, VaultDown

from app.key_settings import KeySettings, VaultSettings
from app.keyring.root_keys import open_root_keys
from app.settings import Settings
from tests.support.transit import ROOT_TOKEN

TENANT_KEY = bytes(range(32))
CONTEXT = b"tenant acme"


def encoded(content):
    return base64.b64encode(content).decode()


@pytest.fixture
def client(transit):
    client = hvac.Client(url=transit.address, token=ROOT_TOKEN)
    yield client
    client.adapter.close()


@pytest.fixture
def engine(client):
    return client.secrets.transit


@pytest.fixture
async def roots(transit, tmp_path):
    vault = VaultSettings(address=transit.address, key="gateway", token="env:VAULT_TOKEN")
    roots = await open_root_keys(Settings(keys=KeySettings(vault=vault)), tmp_path)
    yield roots
    await roots.aclose()


def test_a_key_is_created_rotated_and_described(engine):
    engine.create_key("fresh", key_type="aes256-gcm96")
    engine.rotate_key("fresh")

    described = engine.read_key("fresh")["data"]
    assert (described["name"], described["type"]) == ("fresh", "aes256-gcm96")
    assert (described["latest_version"], described["derived"]) == (2, False)
    assert list(described["keys"]) == ["1", "2"]


def test_the_client_reads_what_it_wrote_in_any_version(engine):
    first = engine.encrypt_data("gateway", encoded(b"one"), associated_data=encoded(CONTEXT))
    engine.rotate_key("gateway")
    second = engine.encrypt_data("gateway", encoded(b"two"), associated_data=encoded(CONTEXT))

    texts = [answer["data"]["ciphertext"] for answer in (first, second)]
    read = [
        engine.decrypt_data("gateway", text, associated_data=encoded(CONTEXT)) for text in texts
    ]
    assert [text[:9] for text in texts] == ["vault:v1:", "vault:v2:"]
    assert [second["data"]["key_version"], *(answer["data"]["plaintext"] for answer in read)] == [
        2,
        encoded(b"one"),
        encoded(b"two"),
    ]


def test_the_client_knows_every_refusal(transit, client, engine):
    written = engine.encrypt_data("gateway", encoded(b"one"))["data"]["ciphertext"]
    engine.rotate_key("gateway")
    engine.update_key_configuration("gateway", min_decryption_version=2)

    with pytest.raises(InvalidRequest, match="too old"):
        engine.decrypt_data("gateway", written)
    with pytest.raises(InvalidRequest, match="key not found"):
        engine.encrypt_data("absent", encoded(b"one"))
    with pytest.raises(InvalidPath):
        engine.read_key("absent")
    with pytest.raises(InvalidPath, match="no handler for route"):
        engine.read_key("gateway", mount_point="elsewhere")
    client.token = "hvs.stranger"
    with pytest.raises(Forbidden, match="permission denied"):
        engine.read_key("gateway")
    transit.is_sealed = True
    with pytest.raises(VaultDown, match="sealed"):
        engine.read_key("gateway")


async def test_vault_s_client_unwraps_what_we_wrapped(engine, roots):
    wrapped = await roots.wrap(TENANT_KEY, CONTEXT)

    answer = engine.decrypt_data(
        "gateway", wrapped.content.decode(), associated_data=encoded(CONTEXT)
    )
    assert answer["data"]["plaintext"] == encoded(TENANT_KEY)
    with pytest.raises(InvalidRequest, match="message authentication failed"):
        engine.decrypt_data(
            "gateway", wrapped.content.decode(), associated_data=encoded(b"tenant globex")
        )


async def test_we_unwrap_what_vault_s_client_wrapped(engine, roots):
    answer = engine.encrypt_data("gateway", encoded(TENANT_KEY), associated_data=encoded(CONTEXT))
    content = answer["data"]["ciphertext"].encode()

    ours = await roots.wrap(TENANT_KEY, CONTEXT)
    assert ours.by == "vault:transit/gateway:v1"
    assert await roots.unwrap(type(ours)(ours.by, content), CONTEXT) == TENANT_KEY
