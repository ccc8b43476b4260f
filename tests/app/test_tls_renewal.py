"""A certificate that is replaced while the gateway runs."""

import asyncio
import logging
import signal
import ssl

import pytest

from app.http.settings import TlsSettings
from app.tls import RenewableContext
from tests.support.certificates import (
    Authority,
    Connection,
    Pair,
    TlsFiles,
    client_context,
    handshake,
    presented_serial,
)
from tests.support.process import Running, address_in, running

SERVE = ("serve", "--port", "0")
WITHIN_S = 20


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority("Test CA")


@pytest.fixture(scope="module")
def first(authority) -> Pair:
    return authority.issue("first")


@pytest.fixture(scope="module")
def second(authority) -> Pair:
    return authority.issue("second")


@pytest.fixture
def files(tmp_path, first) -> TlsFiles:
    """The first certificate and its key."""
    made = TlsFiles(tmp_path)
    made.hold(first)
    return made


@pytest.fixture
def variables(files, document_server, tenant) -> dict[str, str]:
    store = {"STORE__URI": document_server.uri, "STORE__DATABASE": tenant}
    return {**files.variables, **store}


@pytest.fixture
def context(files) -> RenewableContext:
    return RenewableContext(TlsSettings(certificate=files.certificate, key=files.key))


async def until_presented(url: str, client: ssl.SSLContext, pair: Pair) -> None:
    """Poll, for at most 20 s."""
    for _ in range(10 * WITHIN_S):
        if await presented_serial(url, client) == pair.serial:
            return
        await asyncio.sleep(0.1)
    pytest.fail("the certificate stayed as it was")


async def warning(process: Running) -> str:
    """The next line on its standard error."""
    return (await asyncio.wait_for(process.process.stderr.readline(), WITHIN_S)).decode()


async def test_new_connections_get_the_new_certificate_and_open_ones_stay(
    variables, files, authority, first, second, tmp_path
):
    client = client_context(tmp_path, authority)

    async with running(*SERVE, folder=tmp_path, **variables) as gateway:
        url = address_in(await gateway.says("listening at "))
        before = await Connection.to(url, client)
        assert (before.serial, await before.status()) == (first.serial, 200)

        files.hold(second)
        await until_presented(url, client, second)

        assert (before.serial, await before.status()) == (first.serial, 200)
        await before.close()
        ended = await gateway.stopped(signal.SIGTERM)
    assert ended.code == 0


async def test_a_hangup_signal_renews_and_a_broken_pair_keeps_the_old_one(
    variables, files, authority, first, second, tmp_path
):
    client = client_context(tmp_path, authority)

    async with running(*SERVE, folder=tmp_path, **variables) as gateway:
        url = address_in(await gateway.says("listening at "))
        files.certificate.write_bytes(second.chain[:300])
        gateway.process.send_signal(signal.SIGHUP)
        told = await warning(gateway)
        broken = await presented_serial(url, client)
        files.hold(second)
        gateway.process.send_signal(signal.SIGHUP)
        await until_presented(url, client, second)
        ended = await gateway.stopped(signal.SIGTERM)

    assert broken == first.serial
    assert told == (
        f"WARNING gateway.tls: the certificate stays as it was: http.tls.certificate:"
        f" {files.certificate} holds no certificates that can be used, as PEM.\n"
    )
    assert ended.code == 0


@pytest.mark.parametrize("missing", ["certificate", "key", "both"])
@pytest.mark.parametrize("part", [0.0, 0.5, None], ids=["empty", "half", "absent"])
def test_half_of_a_replacement_changes_nothing(
    files, context, authority, first, second, tmp_path, missing, part
):
    files.hold(second)
    for name in ("certificate", "key") if missing == "both" else (missing,):
        file = getattr(files, name)
        content = file.read_bytes()
        file.unlink()
        if part is not None:
            file.write_bytes(content[: int(len(content) * part)])

    context.renew_if_changed()
    during = handshake(context, client_context(tmp_path, authority))
    files.hold(second)
    context.renew_if_changed()

    assert during == first.serial
    assert handshake(context, client_context(tmp_path, authority)) == second.serial


def test_between_its_two_files_the_old_pair_serves_and_it_is_told_once(
    files, context, authority, first, second, tmp_path, caplog
):
    files.certificate.write_bytes(second.chain)

    with caplog.at_level(logging.WARNING, "gateway.tls"):
        for _ in range(3):
            context.renew_if_changed()

    assert handshake(context, client_context(tmp_path, authority)) == first.serial
    why = f"{files.key} isn't the key of the certificate in {files.certificate}."
    assert caplog.messages == [f"the certificate stays as it was: http.tls.key: {why}"]


def test_a_client_ca_that_is_replaced_counts_from_then_on(files, authority, tmp_path):
    old, new = Authority("Old clients"), Authority("New clients")
    accepted = tmp_path / "clients.pem"
    accepted.write_bytes(old.pem)
    context = RenewableContext(
        TlsSettings(certificate=files.certificate, key=files.key, client_ca=accepted)
    )
    old_client = client_context(tmp_path, authority, old.issue("desk"))
    new_client = client_context(tmp_path, authority, new.issue("desk"))

    before = handshake(context, old_client)
    accepted.write_bytes(new.pem)
    context.renew_if_changed()

    assert handshake(context, new_client) == before
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(context, old_client)
