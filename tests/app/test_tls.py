"""The gateway over TLS: who gets an answer, and which files refuse the start."""

import signal
import ssl
import time
import warnings
from datetime import timedelta

import httpx2
import pytest

from app.certificates import PemFile, expires_at
from app.configuration import WrongSettings
from app.doctor import Finding, examine
from app.http.settings import HttpSettings, TlsSettings
from app.settings import Settings, StoreSettings
from app.tls import server_context
from tests.support.certificates import (
    Authority,
    Connection,
    TlsFiles,
    client_context,
    handshake,
)
from tests.support.process import address_in, command, running, serving

VIEWER = {"query": "{ viewer { tenant } }"}
SERVE = ("serve", "--port", "0")


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority("Test CA")


@pytest.fixture
def files(tmp_path, authority) -> TlsFiles:
    """A certificate and its key."""
    made = TlsFiles(tmp_path)
    made.hold(authority.issue("gateway"))
    return made


@pytest.fixture
def variables(files, document_server, tenant) -> dict[str, str]:
    """Settings of a gateway with TLS, on a database of the test's own."""
    store = {"STORE__URI": document_server.uri, "STORE__DATABASE": tenant}
    return {**files.variables, **store}


@pytest.fixture
def environment(variables) -> dict[str, str]:
    return {f"GATEWAY_{name}": value for name, value in variables.items()}


async def test_who_knows_the_ca_asks_over_https(environment, authority, tmp_path):
    trusting, strange = client_context(tmp_path, authority), ssl.create_default_context()

    async with serving(tmp_path / "data", environment) as gateway:
        headers = {"authorization": f"Bearer {gateway.token('agent')}"}
        async with httpx2.AsyncClient(base_url=gateway.url, verify=trusting) as client:
            answer = await client.post("/graphql", json=VIEWER, headers=headers)
        async with httpx2.AsyncClient(base_url=gateway.url, verify=strange) as client:
            with pytest.raises(httpx2.ConnectError, match="CERTIFICATE_VERIFY_FAILED"):
                await client.get("/livez")

    assert gateway.url.startswith("https://127.0.0.1:")
    assert answer.json() == {"data": {"viewer": {"tenant": "demo"}}}


async def test_plain_http_gets_no_answer_and_disturbs_nobody(variables, authority, tmp_path):
    async with running(*SERVE, folder=tmp_path, **variables) as process:
        url = address_in(await process.says("listening at "))
        async with httpx2.AsyncClient(trust_env=False) as client:
            with pytest.raises(httpx2.TransportError):
                await client.get(url.replace("https:", "http:") + "/livez")
        connection = await Connection.to(url, client_context(tmp_path, authority))
        answered = await connection.status()
        await connection.close()
        ended = await process.stopped(signal.SIGTERM)

    assert answered == 200
    assert (ended.code, ended.err) == (0, "")


async def test_tls_1_2_is_the_oldest_that_is_spoken(environment, files, authority, tmp_path):
    old, older = client_context(tmp_path, authority), client_context(tmp_path, authority)
    old.maximum_version = ssl.TLSVersion.TLSv1_2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        older.minimum_version = older.maximum_version = ssl.TLSVersion.TLSv1_1
    older.set_ciphers("DEFAULT@SECLEVEL=0")  # or the client itself wouldn't offer it

    async with serving(tmp_path / "data", environment) as gateway:
        connection = await Connection.to(gateway.url, old)
        spoken = connection.tls.version()
        await connection.close()
        with pytest.raises(OSError, match=r"^$|reset|SSL"):
            await Connection.to(gateway.url, older)

    assert spoken == "TLSv1.2"
    # An event loop hangs up without a reason; this is the gateway's.
    with pytest.raises(ssl.SSLError) as refused:
        handshake(server_context(TlsSettings(certificate=files.certificate, key=files.key)), older)
    assert refused.value.reason == "UNSUPPORTED_PROTOCOL"


async def test_with_a_client_ca_only_its_certificates_get_an_answer(
    environment, authority, tmp_path
):
    clients, others = Authority("Clients"), Authority("Others")
    (tmp_path / "clients.pem").write_bytes(clients.pem)
    environment |= {"GATEWAY_HTTP__TLS__CLIENT_CA": str(tmp_path / "clients.pem")}
    ours, theirs = clients.issue("desk"), others.issue("desk")

    async def status(context: ssl.SSLContext) -> int:
        async with httpx2.AsyncClient(base_url=gateway.url, verify=context) as client:
            return (await client.get("/readyz")).status_code

    async with serving(tmp_path / "data", environment) as gateway:
        known = await status(client_context(tmp_path, authority, ours))
        with pytest.raises(httpx2.TransportError):
            await status(client_context(tmp_path, authority))
        with pytest.raises(httpx2.TransportError):
            await status(client_context(tmp_path, authority, theirs))
        still = await status(client_context(tmp_path, authority, ours))

    assert (known, still) == (200, 200)


def test_who_shows_no_certificate_or_one_of_another_ca_ends_the_handshake(
    files, authority, tmp_path
):
    clients, others = Authority("Clients"), Authority("Others")
    (tmp_path / "clients.pem").write_bytes(clients.pem)
    server = server_context(
        TlsSettings(
            certificate=files.certificate, key=files.key, client_ca=tmp_path / "clients.pem"
        )
    )
    late = clients.issue("desk", lasting=timedelta(days=-1))

    reasons = []
    for shown in (None, others.issue("desk"), late):
        with pytest.raises(ssl.SSLError) as refused:
            handshake(server, client_context(tmp_path, authority, shown))
        reasons.append(refused.value.reason)

    assert reasons == [
        "PEER_DID_NOT_RETURN_A_CERTIFICATE",
        "CERTIFICATE_VERIFY_FAILED",
        "CERTIFICATE_VERIFY_FAILED",
    ]


async def test_an_idle_connection_does_not_hold_up_the_end(variables, authority, tmp_path):
    async with running(*SERVE, folder=tmp_path, **variables) as process:
        url = address_in(await process.says("listening at "))
        idle = await Connection.to(url, client_context(tmp_path, authority))
        assert await idle.status() == 200
        began = time.monotonic()

        ended = await process.stopped(signal.SIGTERM)

        took_s = time.monotonic() - began
        await idle.close()
    assert (ended.code, ended.err) == (0, "")
    assert took_s < 10


async def test_a_key_of_another_certificate_refuses_the_start_before_anything_is_opened(
    files, authority, tmp_path
):
    files.key.write_bytes(authority.issue("other").key)

    ended = await command(*SERVE, folder=tmp_path, **files.variables)

    assert (ended.code, ended.out, ended.err) == (
        1,
        "",
        f"http.tls.key: {files.key} isn't the key of the certificate in {files.certificate}.\n",
    )
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize("file", ["gateway.pem", "gateway.key", "clients.pem"])
@pytest.mark.parametrize("content", ["absent", "folder", "empty", "half"])
def test_a_file_that_cannot_be_used_is_named_and_not_quoted(
    files, authority, tmp_path, file, content
):
    place = tmp_path / file
    (tmp_path / "clients.pem").write_bytes(authority.pem)
    whole = place.read_bytes()
    place.unlink()
    if content == "folder":
        place.mkdir()
    elif content != "absent":
        place.write_bytes(b"" if content == "empty" else whole[: len(whole) // 2])
    tls = TlsSettings(
        certificate=files.certificate, key=files.key, client_ca=tmp_path / "clients.pem"
    )

    with pytest.raises(WrongSettings) as refused:
        server_context(tls)

    setting = {"gateway.pem": "certificate", "gateway.key": "key", "clients.pem": "client_ca"}[file]
    told = str(refused.value)
    assert told.startswith(f"http.tls.{setting}: {place} ")
    assert whole.decode().splitlines()[1] not in told
    assert refused.value.__suppress_context__


def test_a_key_with_a_password_is_refused_without_asking_for_it(files, authority):
    pair = authority.issue("gateway")
    files.hold(pair)
    files.key.write_bytes(pair.locked_key(b"Zq7canary"))

    with pytest.raises(WrongSettings, match=r"^http\.tls\.key: .* or one with a password\.$"):
        server_context(TlsSettings(certificate=files.certificate, key=files.key))


def test_both_may_be_in_one_file(files, authority):
    pair = authority.issue("gateway")
    files.certificate.write_bytes(pair.key + pair.chain)

    server_context(TlsSettings(certificate=files.certificate, key=files.certificate))

    end = expires_at(PemFile("http.tls.certificate", files.certificate))
    assert end == pair.certificate.not_valid_after_utc


@pytest.mark.parametrize(
    ("days", "is_well", "told"),
    [
        (15, True, "http.tls.certificate is valid until {end}"),
        (13, False, "http.tls.certificate is valid until {end}, 12 days from now; renew it"),
        (-1, False, "http.tls.certificate ended on {end}; renew it"),
    ],
)
async def test_doctor_objects_to_a_certificate_that_ends_within_14_days(
    files, authority, document_server, tmp_path, tenant, days, is_well, told
):
    pair = authority.issue("gateway", lasting=timedelta(days=days))
    files.hold(pair)
    settings = Settings(
        http=HttpSettings(tls=TlsSettings(certificate=files.certificate, key=files.key)),
        store=StoreSettings(uri=document_server.uri, path=tmp_path, database=tenant),
    )

    found = [item async for item in examine(settings, fix=False) if item.subject == "certificate"]

    end = f"{pair.certificate.not_valid_after_utc:%Y-%m-%d}"
    assert found == [Finding("certificate", is_well=is_well, told=told.format(end=end))]


async def test_doctor_tells_of_files_that_would_refuse_the_start(files, document_server, tmp_path):
    files.key.write_bytes(b"")

    ended = await command(
        "doctor", folder=tmp_path, STORE__URI=document_server.uri, **files.variables
    )

    assert ended.code == 1
    assert f"FAIL certificate: http.tls.key: {files.key} holds no PEM private key" in ended.out
