"""A CRM that is a drawer of cards: a true connector, without a network behind it."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from connectors.base import Call, Key, Outcome, Record, SourceSettings
from connectors.errors import SourceError
from connectors.runtime.matching import one_kind


@dataclass(frozen=True, slots=True)
class Asked:
    """One call: the object, the keys' values in order, and the attributes in order."""

    object: str
    keys: tuple[str, ...]
    attributes: tuple[str, ...]


@dataclass(slots=True)
class Drawer:
    """What the cards say, and how the drawer behaves.

    `cards` are attributes by the key's value; `torn` the errors that single keys cost; `jammed`
    the error that every call costs.  A call sets `came` and waits until `open` is set; `asked`
    are the calls so far, answered or not.
    """

    cards: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    torn: dict[str, SourceError] = field(default_factory=dict)
    jammed: SourceError | None = None
    open: asyncio.Event = field(default_factory=asyncio.Event)
    came: asyncio.Event = field(default_factory=asyncio.Event)
    asked: list[Asked] = field(default_factory=list)


class CardIndex:
    """A connector to one drawer; it takes three keys at a time."""

    max_keys: ClassVar[int] = 3

    def __init__(self, settings: SourceSettings) -> None:
        self.settings = settings
        self.drawer = Drawer()
        self.drawer.open.set()

    async def fetch(
        self, call: Call, object: str, keys: Sequence[Key], attributes: Collection[str]
    ) -> Mapping[Key, Outcome]:
        """One outcome for each of `keys`."""
        del call
        one_kind(keys, self.max_keys)
        drawer = self.drawer
        asked = Asked(object, tuple(key.value for key in keys), tuple(sorted(attributes)))
        drawer.asked.append(asked)
        drawer.came.set()
        await drawer.open.wait()
        if drawer.jammed:
            raise drawer.jammed
        return {key: self._card(key, attributes) for key in keys}

    async def ping(self, call: Call) -> None:
        """Return when the drawer can be opened."""
        del call
        if self.drawer.jammed:
            raise self.drawer.jammed

    def _card(self, key: Key, attributes: Collection[str]) -> Outcome:
        if key.value in self.drawer.torn:
            return self.drawer.torn[key.value]
        card = self.drawer.cards.get(key.value)
        if card is None:
            return None
        return Record(key.value, {name: card[name] for name in attributes if name in card})
