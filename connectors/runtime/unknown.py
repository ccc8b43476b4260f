"""Attributes that a source doesn't have: one of them must not cost the answer to all others."""

import logging
import time
from collections.abc import Awaitable, Callable, Collection
from typing import Final, TypeVar

from cachetools import TTLCache

from connectors.errors import UnknownField

REMEMBERED_S: Final = 600.0
MOST_DROPPED: Final = 3

_LOG = logging.getLogger("gateway.connectors")
_MOST_REMEMBERED = 1_000
_T = TypeVar("_T")


class Dropped(Exception):
    """The source refused a question because of the attributes `names`; `error` says so."""

    def __init__(self, error: UnknownField, names: Collection[str]) -> None:
        super().__init__()
        self.error, self.names = error, names


class KnownAttributes:
    """Asks for what the source has, or shows us.

    What it refused is remembered for ten minutes, and not asked for meanwhile.
    """

    def __init__(self, source: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._source = source
        self._unknown: TTLCache[tuple[str, str], bool] = TTLCache(
            _MOST_REMEMBERED, REMEMBERED_S, timer=clock
        )

    async def ask(
        self,
        object: str,
        attributes: Collection[str],
        read: Callable[[Collection[str]], Awaitable[_T]],
    ) -> _T:
        """What `read` gives for those of `attributes` that the source knows.

        `read` raises `Dropped` for those that it doesn't; it is called four times at most.

        Raises:
            UnknownField: the source goes on refusing others.
        """
        told = UnknownField(self._source, "no such field")
        for _ in range(1 + MOST_DROPPED):
            wanted = [name for name in attributes if (object, name) not in self._unknown]
            try:
                return await read(wanted)
            except Dropped as dropped:
                told = dropped.error
                for name in dropped.names:
                    _LOG.warning("%s: no field `%s` of `%s`", self._source, name, object)
                    self._unknown[object, name] = True
        raise told
