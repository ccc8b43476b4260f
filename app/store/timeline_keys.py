"""Where an interaction stands in a timeline: keys that ascend from the newest to the oldest.

A timeline is read along *lanes*: all interactions of a profile, those of one channel, of one kind,
of one agent.  In each, an interaction has a key, `tenant/owner/[value/]position`; a position is
the inverted instant and the id, so that it means the same in every lane and of every owner.

Every 32nd interaction or so is a mark, and every 32nd mark a high mark: chosen by its id, and with
a second and third key.  Marks tell where a lane must be cut so that what is read is short, for a
server that gathers all of a range before it gives the first of it.  No statistics are kept, and
nothing is moved.
"""

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from app.store.names import key_of
from graph.model.interaction import Interaction

KEYS: Final = "keys"
OPEN: Final = "open"
LINK: Final = "link"
LANES: Final = ("all", "channel", "kind", "agent")
LEVELS: Final = ("", "1", "2")
EVERY: Final = 32
LAST: Final = ":"
"""Comes behind every position, which begins with a digit."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST_MS: Final = 253_402_300_799_999  # the end of the year 9999
_MS: Final = timedelta(milliseconds=1)


@dataclass(frozen=True, slots=True)
class Lane:
    """A lane of one owner: what its keys begin with, and between which positions it is read."""

    name: str
    base: str
    low: str = ""
    high: str = LAST

    def path(self, level: int = 0) -> str:
        """Where an interaction keeps its key in this lane, or that of a mark."""
        return f"{KEYS}.{self.name}{LEVELS[level]}"

    def position(self, key: str) -> str:
        """The position in a key of this lane."""
        return key[len(self.base) :]


def lane_of(tenant: str, owner: str, name: str, value: str | None = None) -> Lane:
    """A lane of an owner; `value` is its channel, kind or agent."""
    parts = (owner,) if value is None else (owner, quote(value, safe=""))
    return Lane(name, key_of(tenant, *parts, ""))


def instant_position(moment: datetime) -> str:
    """What the positions of an instant begin with."""
    return f"{_LATEST_MS - (moment - _EPOCH) // _MS:015d}"


def position_of(moment: datetime, id: str) -> str:
    """Where an interaction stands among all."""
    return f"{instant_position(moment)}/{id}"


def id_at(position: str) -> str:
    """The id of the interaction at a position."""
    return position.partition("/")[2]


def keys_of(tenant: str, item: Interaction) -> dict[str, Any]:
    """The keys of an interaction, by lane; it must have begun."""
    assert item.started_at is not None  # noqa: S101 - whoever records it says when
    position = position_of(item.started_at, item.id)
    values = {
        "all": None,
        "channel": item.channel.value if item.channel else "",
        "kind": item.kind.value if item.kind else "",
        "agent": item.agent or "",
    }
    level = _level(item.id)
    return {
        f"{name}{suffix}": lane_of(tenant, item.owner, name, value).base + position
        for name, value in values.items()
        if value != ""
        for suffix in LEVELS[: level + 1]
    }


def open_key(tenant: str, owner: str, agent: str) -> str:
    """What names a live conversation of an agent with a customer."""
    return key_of(tenant, owner, quote(agent, safe=""))


def link_key(tenant: str, agent: str) -> str:
    """What names the live conversations that link an agent to customers."""
    return key_of(tenant, quote(agent, safe=""))


def _level(id: str) -> int:
    number = int.from_bytes(hashlib.blake2b(id.encode(), digest_size=8).digest())
    if number % (EVERY * EVERY) == 0:
        return 2
    return int(number % EVERY == 0)
