"""Tells the application which certificate a client has shown; uvicorn doesn't by itself."""

import asyncio
import ssl
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class CertificateProtocol(HttpToolsProtocol):
    """uvicorn's own, with the ASGI extension `tls` in the scope of each request.

    It holds the client's certificate alone, where TLS has asked for one and checked it.
    """

    _chain: tuple[str, ...] = ()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Look at the certificate once for all requests of a connection."""
        super().connection_made(transport)
        connected: ssl.SSLObject | None = transport.get_extra_info("ssl_object")
        shown = connected.getpeercert(binary_form=True) if connected is not None else None
        self._chain = (ssl.DER_cert_to_PEM_cert(shown),) if shown else ()

    def on_message_begin(self) -> None:
        """Begin the scope of a request."""
        super().on_message_begin()
        scope: dict[str, Any] = self.scope  # type: ignore[assignment]
        scope["extensions"] = {"tls": {"client_cert_chain": list(self._chain)}}
