"""TLS of the listener, with a certificate that is renewed while the gateway runs."""

import asyncio
import logging
import signal
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Self

from app.certificates import PemFile, load_authorities, load_pair
from app.configuration import WrongSettings
from app.http.settings import TlsSettings

_LOG = logging.getLogger("gateway.tls")
_LOOK_EVERY_S = 5.0

_Version = tuple[int, int, int] | None
"""What changes when a file does: time of change in ns, bytes, inode; None where there is none."""


def server_context(tls: TlsSettings) -> ssl.SSLContext:
    """What the files of the settings say, for TLS 1.2 and later; `certificate` and `key` are set.

    Raises:
        WrongSettings: a file can't be read or used.
    """
    if tls.certificate is None or tls.key is None:
        raise WrongSettings("http.tls: certificate and key must be set.")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_alpn_protocols(["http/1.1"])
    load_pair(
        context,
        PemFile("http.tls.certificate", tls.certificate),
        PemFile("http.tls.key", tls.key),
    )
    if tls.client_ca is not None:
        load_authorities(context, PemFile("http.tls.client_ca", tls.client_ca))
        context.verify_mode = ssl.CERT_REQUIRED
    return context


class RenewableContext(ssl.SSLContext):
    """Gives each new connection to a context of the newest files; open connections keep theirs.

    The files are never loaded into a context that is in use: OpenSSL forgets the certificate that
    it had when it meets a key that doesn't fit, as there is while the two files are replaced.
    """

    def __new__(cls, tls: TlsSettings) -> Self:  # noqa: D102, ARG004 - the base wants a protocol
        return super().__new__(cls, ssl.PROTOCOL_TLS_SERVER)

    def __init__(self, tls: TlsSettings) -> None:
        self._tls = tls
        self._versions = _versions(tls)
        self._newest = server_context(tls)

    def wrap_bio(
        self,
        incoming: ssl.MemoryBIO,
        outgoing: ssl.MemoryBIO,
        server_side: bool = False,
        server_hostname: str | bytes | None = None,
        session: ssl.SSLSession | None = None,
    ) -> ssl.SSLObject:
        """The TLS of a new connection; event loops call it for each."""
        return self._newest.wrap_bio(incoming, outgoing, server_side, server_hostname, session)

    def renew_if_changed(self) -> None:
        """Renew when a file isn't what it was when they were last read."""
        if _versions(self._tls) != self._versions:
            self.renew()

    def renew(self) -> None:
        """Use the files as they are now; where they can't be used, say so and stay as it is."""
        self._versions = _versions(self._tls)
        try:
            self._newest = server_context(self._tls)
        except WrongSettings as error:
            _LOG.warning("the certificate stays as it was: %s", error)


@asynccontextmanager
async def renewed_context(tls: TlsSettings) -> AsyncIterator[RenewableContext | None]:
    """A context that follows its files, at once on SIGHUP; None where no certificate is set.

    Raises:
        WrongSettings: a file can't be read or used.
    """
    if tls.certificate is None:
        yield None
        return
    context, loop = RenewableContext(tls), asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, context.renew)
    watching = asyncio.create_task(_watch(context))
    try:
        yield context
    finally:
        watching.cancel()
        loop.remove_signal_handler(signal.SIGHUP)


async def _watch(context: RenewableContext) -> None:
    while True:
        await asyncio.sleep(_LOOK_EVERY_S)
        context.renew_if_changed()


def _versions(tls: TlsSettings) -> list[_Version]:
    versions: list[_Version] = []
    for path in (tls.certificate, tls.key, tls.client_ca):
        try:
            found = path.stat() if path is not None else None
        except OSError:
            found = None
        versions.append(found and (found.st_mtime_ns, found.st_size, found.st_ino))
    return versions
