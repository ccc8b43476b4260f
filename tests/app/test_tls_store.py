"""TLS between the gateway and its store: a proxy that asks for a certificate stands before it."""

import gc
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from urllib.parse import quote_plus

import httpx2
import pytest
import pytest_asyncio

from app.build import open_gateway
from app.configuration import WrongSettings
from app.http.routes import create_app
from app.settings import Settings, StoreSettings
from app.store.address import store_uri
from tests.support.certificates import Authority, Pair
from tests.support.gateway import TestGateway, a_profile
from tests.support.process import command, running
from tests.support.tls_proxy import TlsProxy, tls_proxy

# A client of the driver that is closed while it tries to connect forgets that attempt's socket.
pytestmark = pytest.mark.filterwarnings("ignore:unclosed:ResourceWarning")

REMOTE = "mongodb://db.example.com"


@pytest.fixture(autouse=True)
def _collected() -> Iterator[None]:
    """Have forgotten sockets collected where their warning is ignored."""
    yield
    gc.collect()


@pytest.fixture(scope="module")
def stores() -> Authority:
    """The CA of the store."""
    return Authority("Stores")


@pytest.fixture(scope="module")
def clients() -> Authority:
    """The CA of those who may use the store."""
    return Authority("Store clients")


@pytest.fixture(scope="module")
def store_pair(stores) -> Pair:
    return stores.issue("store")


@pytest.fixture
def ca(tmp_path, stores):
    file = tmp_path / "stores.pem"
    file.write_bytes(stores.pem)
    return file


@pytest.fixture
def certificate(tmp_path, clients):
    return written(tmp_path, clients.issue("gateway"))


@pytest_asyncio.fixture
async def proxy(document_server, tmp_path, store_pair, clients):
    async with tls_proxy(tmp_path, port_of(document_server.uri), store_pair, clients) as started:
        yield started


@pytest.fixture
def through(proxy, document_server, tenant):
    """Settings of a gateway that reaches its store through the proxy, as variables."""
    return {
        "STORE__URI": moved(document_server.uri, proxy),
        "STORE__DATABASE": tenant,
        "STORE__DEADLINE_S": "5",
    }


def written(folder, pair: Pair):
    """A file with the certificate and its key."""
    file = folder / f"{pair.serial}.pem"
    file.write_bytes(pair.chain + pair.key)
    return file


@asynccontextmanager
async def gateway_on(store: StoreSettings) -> AsyncIterator[TestGateway]:
    async with open_gateway(Settings(store=store)) as opened:
        transport = httpx2.ASGITransport(create_app(opened))
        async with httpx2.AsyncClient(transport=transport, base_url="http://gateway") as client:
            yield TestGateway(opened, client)


def port_of(uri: str) -> int:
    return int(re.search(r":(\d+)/", uri)[1])


def moved(uri: str, proxy: TlsProxy) -> str:
    return uri.replace(f":{port_of(uri)}/", f":{proxy.port}/")


async def test_a_gateway_and_every_command_show_their_certificate_to_the_store(
    through, proxy, ca, certificate, tmp_path
):
    through |= {"STORE__TLS_CA": str(ca), "STORE__TLS_CERTIFICATE": str(certificate)}

    async with running("serve", "--port", "0", folder=tmp_path, **through) as gateway:
        await gateway.says("listening at ")
    served = len(proxy.shown)
    doctor = await command("doctor", folder=tmp_path, **through)
    backup = await command("backup", "all.jsonl", folder=tmp_path, **through)

    assert 0 < served < len(proxy.shown)
    assert set(proxy.shown) == {"gateway"}
    assert (doctor.code, backup.code) == (0, 0), doctor.out + backup.err
    assert "ok   certificate: store.tls_certificate is valid until " in doctor.out
    assert (tmp_path / "all.jsonl").exists()


@pytest.mark.parametrize("fault", ["wrong ca", "no certificate", "certificate of another ca"])
async def test_without_trust_on_both_sides_no_gateway_starts(
    through, proxy, ca, certificate, tmp_path, fault
):
    through |= {"STORE__TLS_CA": str(ca), "STORE__DEADLINE_S": "2"}
    if fault == "wrong ca":
        ca.write_bytes(Authority("Others").pem)
    if fault == "certificate of another ca":
        certificate = written(tmp_path, Authority("Others").issue("gateway"))
    if fault != "no certificate":
        through["STORE__TLS_CERTIFICATE"] = str(certificate)

    ended = await command("serve", "--port", "0", folder=tmp_path, **through)
    doctor = await command("doctor", folder=tmp_path, **through)

    assert (ended.code, ended.out) == (1, "")
    assert ended.err.splitlines()[-1].startswith("The store gives no answer")
    assert "FAIL store: gives no answer" in doctor.out
    assert ("; its certificate isn't of a CA that we trust" in doctor.out) == (fault == "wrong ca")
    assert proxy.shown == []


async def test_a_store_that_turns_into_somebody_else_gives_no_answer_until_it_is_itself_again(
    proxy, document_server, store_pair, ca, certificate, tmp_path, tenant
):
    asked = '{ identify(channel: VOICE, value: "+12025550143") { outcome } }'
    voice = [{"channel": "VOICE", "value": "+12025550143"}]
    store = StoreSettings(
        uri=moved(document_server.uri, proxy),
        path=tmp_path,
        database=tenant,
        deadline_s=2,
        tls_ca=ca,
        tls_certificate=certificate,
    )

    async with gateway_on(store) as gateway:
        service = gateway.as_role("service", tenant=tenant)
        await a_profile(service, identities=voice)
        await proxy.stop()
        await proxy.start(Authority("Others").issue("store"))
        impostor = await service.codes(asked)
        await proxy.stop()
        await proxy.start(store_pair)
        found = await service.data(asked)

    assert impostor == ["STORE_UNAVAILABLE"]
    assert found == {"identify": {"outcome": "KNOWN"}}


@pytest.mark.parametrize(
    ("uri", "complete"),
    [
        ("mongodb://db.example.com", "mongodb://db.example.com/?{files}&tls=true"),
        ("mongodb://db.example.com/", "mongodb://db.example.com/?{files}&tls=true"),
        ("mongodb://db.example.com/?", "mongodb://db.example.com/?{files}&tls=true"),
        ("mongodb://db.example.com/?w=1", "mongodb://db.example.com/?w=1&{files}&tls=true"),
        ("mongodb://db.example.com?tls=true", "mongodb://db.example.com?tls=true&{files}"),
        ("mongodb://db.example.com/?ssl=true", "mongodb://db.example.com/?ssl=true&{files}"),
        ("mongodb+srv://db.example.com", "mongodb+srv://db.example.com/?{files}&tls=true"),
        ("mongodb://a,b:1/x?tls=true", "mongodb://a,b:1/x?tls=true&{files}"),
    ],
)
@pytest.mark.parametrize("env", ["development", "production"])
def test_the_files_are_options_of_the_connection_and_mean_tls(
    uri, complete, env, stores, clients, tmp_path
):
    folder = tmp_path / "a b+c&tls=false%"
    folder.mkdir()
    (folder / "ca").write_bytes(stores.pem)
    pair = written(folder, clients.issue("gateway"))
    files = (
        f"tlsCAFile={quote_plus(str(folder / 'ca'))}&tlsCertificateKeyFile={quote_plus(str(pair))}"
    )
    store = StoreSettings(uri=uri, tls_ca=folder / "ca", tls_certificate=pair)

    assert store_uri(Settings(env=env, store=store)) == complete.format(files=files)


@pytest.mark.parametrize(
    ("uri", "told"),
    [
        (f"{REMOTE}/?tls=false", "store.tls_ca is for TLS, which store.uri switches off."),
        (f"{REMOTE}/?ssl=false", "store.tls_ca is for TLS, which store.uri switches off."),
        (
            f"{REMOTE}/?tlsCAFile=other.pem",
            "store.tls_ca and tlsCAFile in store.uri say the same: leave one.",
        ),
        (
            "mongodb+srv://db.example.com/?TLSCAFILE=other.pem",
            "store.tls_ca and tlsCAFile in store.uri say the same: leave one.",
        ),
        (None, "store.tls_ca and store.tls_certificate need a store.uri."),
    ],
)
def test_what_contradicts_the_files_is_refused(uri, told, ca):
    with pytest.raises(WrongSettings) as refused:
        store_uri(Settings(store=StoreSettings(uri=uri, tls_ca=ca)))

    assert str(refused.value) == told


@pytest.mark.parametrize("setting", ["tls_ca", "tls_certificate"])
@pytest.mark.parametrize("content", [None, b"", b"-----BEGIN CERTIFICATE-----\nZq7canary\n"])
def test_a_file_that_cannot_be_used_is_named_and_not_quoted(setting, content, tmp_path):
    file = tmp_path / "file.pem"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(WrongSettings) as refused:
        store_uri(Settings(store=StoreSettings(uri=REMOTE, **{setting: file})))

    assert str(refused.value).startswith(f"store.{setting}: {file} ")
    assert "Zq7canary" not in str(refused.value)


def test_a_certificate_without_its_key_is_refused(tmp_path, clients):
    file = tmp_path / "file.pem"
    file.write_bytes(clients.issue("gateway").chain)

    with pytest.raises(WrongSettings, match=r"^store\.tls_certificate: .* no PEM private key"):
        store_uri(Settings(store=StoreSettings(uri=REMOTE, tls_certificate=file)))
