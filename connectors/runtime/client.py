import logging

import httpx2

_LIMITS = httpx2.Limits(max_connections=64, max_keepalive_connections=64, keepalive_expiry=30)
# At INFO httpx2 logs whole addresses, and an address may hold keys (Tryton's domains do); at
# DEBUG httpcore2 logs what comes in the head of an answer.
_TALKATIVE = ("httpx2", "httpcore2")


def source_client() -> httpx2.AsyncClient:
    """The HTTP client of one source; the caller closes it.

    One client per source: a source that hangs fills its own pool and nobody else's.  Proxies,
    certificates and passwords of the environment are ignored; redirects are not followed.
    """
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    return httpx2.AsyncClient(
        limits=_LIMITS,
        follow_redirects=False,
        trust_env=False,
        headers={"User-Agent": "profile-gateway"},
    )
