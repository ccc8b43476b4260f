"""What gateways tell each other of a source's records: the second level, which is never missed."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from connectors.runtime.kept import Kept, Place


class Shared(Protocol):
    """Where gateways keep what a source said; none of these raises, nor takes long.

    Nothing in it is needed: who finds nothing asks the source.
    """

    async def known(self, places: Sequence[Place]) -> Mapping[Place, Kept]:
        """What is known of these, where anything is."""

    async def keep(self, fresh: Mapping[Place, Kept]) -> None:
        """Tell what a source said just now."""

    async def forget(self, places: Sequence[Place]) -> None:
        """Drop what is known of these."""


class _Nothing:
    """No other gateway."""

    async def known(self, places: Sequence[Place]) -> Mapping[Place, Kept]:
        del places
        return {}

    async def keep(self, fresh: Mapping[Place, Kept]) -> None:
        del fresh

    async def forget(self, places: Sequence[Place]) -> None:
        del places


NOTHING_SHARED: Shared = _Nothing()
