import logging
from collections.abc import Iterable

import httpcore2
import httpx2

from connectors.runtime.network import GuardedBackend

_MAX_CONNECTIONS = 64
_IDLE_S = 30
# At INFO httpx2 logs whole addresses, and an address may hold keys (Tryton's domains do); at
# DEBUG httpcore2 logs what comes in the head of an answer.
_TALKATIVE = ("httpx2", "httpcore2")


class _GuardedTransport(httpx2.AsyncHTTPTransport):
    """HTTP over connections to checked addresses."""

    def __init__(self, networks: Iterable[str]) -> None:
        super().__init__(trust_env=False)
        # httpx2 has no parameter for it; its own pool has opened nothing yet.
        self._pool = httpcore2.AsyncConnectionPool(
            ssl_context=httpx2.create_ssl_context(trust_env=False),
            max_connections=_MAX_CONNECTIONS,
            max_keepalive_connections=_MAX_CONNECTIONS,
            keepalive_expiry=_IDLE_S,
            network_backend=GuardedBackend(networks),
        )


def source_client(networks: Iterable[str] = ()) -> httpx2.AsyncClient:
    """The HTTP client of one source; the caller closes it.

    It connects to addresses of the internet and to those in `networks`.  One client per source: a
    source that hangs fills its own pool and nobody else's.  Proxies, certificates and passwords of
    the environment are ignored; redirects are not followed.
    """
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    return httpx2.AsyncClient(
        transport=_GuardedTransport(networks),
        follow_redirects=False,
        trust_env=False,
        headers={"User-Agent": "profile-gateway"},
    )
