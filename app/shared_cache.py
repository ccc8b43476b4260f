"""The second level of every source's cache: Redis or Valkey, shared by the gateways of a store.

What is in it is sealed with a key of the tenant and named by keyed hashes, so the server tells
nothing of customers; who can write to it can make a gateway ask anew, and nothing else.
"""

import asyncio
import logging
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial
from typing import Any, Final, TypeVar
from urllib.parse import urlsplit

from aiocache import RedisCache
from aiocache.serializers import NullSerializer
from bson.errors import BSONError

from app.cache_settings import CacheSettings
from app.keys import resolve_secret
from app.store.sealing import Sealing, TenantSeal
from connectors.runtime.kept import Kept, Place, Seen
from graph.errors import StoreUnavailable
from policies.unreadable import Unreadable

_LOG = logging.getLogger("gateway.cache")
_LEFT_ALONE_S: Final = 5.0
_FORM: Final = 1

Given = TypeVar("Given")


class Server:
    """The server of the cache.  When it fails, it is left alone for a while, and nobody minds."""

    def __init__(
        self, cache: RedisCache, deadline_s: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.cache = cache
        self._deadline_s = deadline_s
        self._clock = clock
        self._alone_until = -math.inf

    async def tried(self, make: Callable[[], Awaitable[Given]]) -> Given | None:
        """What `make` gives; None where the server gives nothing in time."""
        if self._clock() < self._alone_until:
            return None
        try:
            async with asyncio.timeout(self._deadline_s):
                return await make()
        except Exception as error:  # noqa: BLE001 - whatever is wrong with it, nobody needs it
            # What it says may quote a name; the class is enough.
            _LOG.warning("The shared cache gives no answer (%s).", type(error).__qualname__)
            self._alone_until = self._clock() + _LEFT_ALONE_S
            return None


@asynccontextmanager
async def opened_server(settings: CacheSettings) -> AsyncIterator[Server | None]:
    """The server that the settings name; None where they name none."""
    if settings.uri is None:
        yield None
        return
    parts = urlsplit(settings.uri)
    password = settings.password and resolve_secret(settings.password, "cache.password")
    tls = {"ssl_ca_certs": str(settings.tls_ca)} if settings.tls_ca else {}
    cache = RedisCache(
        endpoint=parts.hostname,
        port=parts.port or 6379,
        db=int(parts.path.strip("/") or 0),
        password=password,
        ssl=parts.scheme == "rediss",
        create_connection_timeout=settings.deadline_s,
        connection_pool_kwargs=tls,
        timeout=0,  # ours is around it
        serializer=NullSerializer(encoding=None),
    )
    try:
        yield Server(cache, settings.deadline_s)
    finally:
        await cache.client.aclose()  # its own `close` calls what redis-py deprecates


class SharedCache:
    """What gateways tell each other of one source's records, as `connectors.runtime.shared` says.

    What they tell is kept for `keep_s`, in seconds.
    """

    def __init__(
        self, server: Server, sealing: Sealing, tenant: str, source: str, keep_s: float
    ) -> None:
        self._server = server
        self._sealing = sealing
        self._tenant = tenant
        self._source = source
        self._keep_s = max(keep_s, 0.001)

    async def known(self, places: Sequence[Place]) -> Mapping[Place, Kept]:
        """What is known of these, where anything is."""
        seal = await self._seal()
        if seal is None:
            return {}
        names = [self._name(seal, place) for place in places]
        sealed = await self._server.tried(lambda: self._server.cache.multi_get(names)) or ()
        found = {}
        for place, name, one in zip(places, names, sealed, strict=False):
            kept = _understood(seal.opened(name, one)) if one is not None else None
            if kept is not None:
                found[place] = kept
        return found

    async def keep(self, fresh: Mapping[Place, Kept]) -> None:
        """Tell what a source said just now."""
        seal = await self._seal() if fresh else None
        pairs = list(self._sealed(seal, fresh)) if seal else []
        if pairs:
            ttl_s = float(self._keep_s)
            await self._server.tried(lambda: self._server.cache.multi_set(pairs, ttl=ttl_s))

    async def forget(self, places: Sequence[Place]) -> None:
        """Drop what is known of these."""
        seal = await self._seal() if places else None
        if seal:
            for place in places:
                name = self._name(seal, place)
                await self._server.tried(partial(self._server.cache.delete, name))

    async def _seal(self) -> TenantSeal | None:
        try:
            return await self._sealing.tenant(self._tenant)
        except StoreUnavailable:
            return None

    def _sealed(self, seal: TenantSeal, fresh: Mapping[Place, Kept]) -> Iterator[tuple[str, bytes]]:
        for place, kept in fresh.items():
            name = self._name(seal, place)
            # A value that BSON can't hold isn't told: it is asked again.
            with suppress(BSONError, OverflowError):
                yield name, seal.seal(name, _document(kept))

    def _name(self, seal: TenantSeal, place: Place) -> str:
        object_, key = place
        named = seal.keys.index(f"live:{self._source}:{object_}:{key.kind}", key.value)
        return f"profile-gateway:{self._tenant}:{named}"


def _document(kept: Kept) -> dict[str, Any]:
    values = {name: [one.at, one.value, one.is_there] for name, one in kept.values.items()}
    return {
        "form": _FORM,
        "at": kept.at,
        "id": kept.id,
        "values": values,
        "modifiedAt": kept.modified_at,
        "etag": kept.etag,
    }


def _understood(document: Any) -> Kept | None:  # noqa: ANN401 - what BSON holds
    """What another gateway told; None where it can't be read."""
    if document is Unreadable.DAMAGED or not isinstance(document, dict):
        return None
    if document.get("form") != _FORM:
        return None
    values = {
        name: Seen(at, value, is_there=is_there)
        for name, (at, value, is_there) in document["values"].items()
    }
    at, modified_at = document["at"], document["modifiedAt"]
    return Kept(at, document["id"], values, modified_at, document["etag"])
