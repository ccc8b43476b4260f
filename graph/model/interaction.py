"""Interactions: what happened between a customer and the business, on any channel."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum
from typing import Any, Final

from graph.model.channel import Channel
from graph.model.errors import BadValue, LimitReached
from graph.model.profile import Profile
from policies.classification import DataClass, classified

MAX_TOPICS: Final = 20
_LONGEST: Final = {
    "agent": 200,
    "queue": 100,
    "outcome": 100,
    "subject": 200,
    "summary": 4_000,
    "transcript": 1_000,
    "recording": 1_000,
    "source": 200,
    "external_id": 200,
}
_LONGEST_TOPIC: Final = 100
_TEXT_BREAKS: Final = dict.fromkeys(map(ord, "\n\r\t\u200c\u200d"))
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_AHEAD: Final = timedelta(days=1)


class InteractionKind(Enum):
    """What an interaction is: a conversation, or an activity that another system tells of."""

    CALL = "CALL"
    CHAT = "CHAT"
    MESSAGE = "MESSAGE"
    EMAIL = "EMAIL"
    VISIT = "VISIT"
    CASE = "CASE"
    ORDER = "ORDER"
    NOTE = "NOTE"
    OTHER = "OTHER"


class Direction(Enum):
    """Who began: the customer or the business."""

    INBOUND = "INBOUND"
    OUTBOUND = "OUTBOUND"


CONVERSATIONS: Final = frozenset(
    {
        InteractionKind.CALL,
        InteractionKind.CHAT,
        InteractionKind.MESSAGE,
        InteractionKind.EMAIL,
        InteractionKind.VISIT,
    }
)
"""The kinds in which an agent and a customer talk: while one is open, it is live."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """One conversation with a customer, or one activity of theirs in another system.

    `owner` is the profile that it is filed under, for ever; `agent` the subject of who served
    them.  Without `ended_at` it is open.  `transcript` and `recording` say where those are.
    `is_vouched` where somebody whose word counts has told who the agent is (else None).
    Attributes that were not asked for are None; instants are aware, UTC, in milliseconds.
    """

    id: str = classified(DataClass.PUBLIC)
    owner: str = classified(DataClass.PUBLIC, default="")
    kind: InteractionKind | None = classified(DataClass.BEHAVIOURAL, default=None)
    channel: Channel | None = classified(DataClass.BEHAVIOURAL, default=None)
    direction: Direction | None = classified(DataClass.BEHAVIOURAL, default=None)
    started_at: datetime | None = classified(DataClass.BEHAVIOURAL, default=None)
    ended_at: datetime | None = classified(DataClass.BEHAVIOURAL, default=None)
    agent: str | None = classified(DataClass.BEHAVIOURAL, default=None)
    queue: str | None = classified(DataClass.BEHAVIOURAL, default=None)
    outcome: str | None = classified(DataClass.BEHAVIOURAL, repr=False, default=None)
    topics: tuple[str, ...] | None = classified(DataClass.CONVERSATION, repr=False, default=None)
    subject: str | None = classified(DataClass.CONVERSATION, repr=False, default=None)
    summary: str | None = classified(DataClass.CONVERSATION, repr=False, default=None)
    transcript: str | None = classified(DataClass.CONVERSATION, repr=False, default=None)
    recording: str | None = classified(DataClass.RECORDING, repr=False, default=None)
    source: str | None = classified(DataClass.INTERNAL, default=None)
    external_id: str | None = classified(DataClass.INTERNAL, repr=False, default=None)
    is_vouched: bool | None = classified(DataClass.INTERNAL, default=None)

    @property
    def is_live(self) -> bool:
        """Whether an agent and the customer are talking now."""
        return self.ended_at is None and self.agent is not None and self.kind in CONVERSATIONS


@dataclass(frozen=True, slots=True)
class TimelineQuery:
    """A page of a timeline: of whom, how long, behind which interaction, and narrowed by what.

    None narrows nothing, an empty set finds nothing; `since` is in the time that is asked for,
    `until` isn't any more.
    """

    owners: tuple[str, ...]
    first: int
    after: str | None = None
    channels: frozenset[Channel] | None = None
    kinds: frozenset[InteractionKind] | None = None
    agent: str | None = None
    since: datetime | None = None
    until: datetime | None = None

    @property
    def is_narrowed(self) -> bool:
        """Whether it has a condition beside those of time."""
        return not (self.channels is None and self.kinds is None and self.agent is None)

    @property
    def is_bounded(self) -> bool:
        """Whether it has a condition of time."""
        return not (self.since is None and self.until is None)


# What happens later; the rest of an interaction is as it was when it began.
_LATER: Final = (
    *("ended_at", "agent", "queue", "outcome", "topics"),
    *("subject", "summary", "transcript", "recording"),
)
_BEGINNING: Final = ("kind", "channel", "direction", "started_at")


def owners_of(profile: Profile) -> tuple[str, ...]:
    """The profile ids whose interactions are a profile's timeline."""
    return (profile.id, *profile.members)


def checked_interaction(item: Interaction, now: datetime) -> Interaction:
    """An interaction as it is kept: texts without outer blanks, empty ones as None.

    Raises:
        BadValue: names the attribute and says what it can hold.
        LimitReached: it has too many topics.
    """
    texts: dict[str, Any] = {
        name: _text(name, getattr(item, name), most) for name, most in _LONGEST.items()
    }
    begun, ended = _moment("startedAt", item.started_at, now), item.ended_at
    ended = _moment("endedAt", ended, now)
    if ended is not None and ended < (begun or now - _AHEAD):
        raise BadValue("endedAt", "expected an instant after the beginning")
    topics = None if item.topics is None else _topics(item.topics)
    return replace(item, **texts, topics=topics, started_at=begun, ended_at=ended)


def contradicts(told: Interaction, kept: Interaction) -> bool:
    """Whether what is told of an interaction can't be the one that was kept."""
    return any(getattr(told, name) not in (None, getattr(kept, name)) for name in _BEGINNING)


def news_of(told: Interaction, kept: Interaction) -> Mapping[str, object]:
    """What is told of a kept interaction and wasn't known; what isn't told stays.

    So does the agent whom somebody has told whose word counts, until another such one tells.
    """
    found: dict[str, object] = {
        name: value
        for name in _LATER
        if (value := getattr(told, name)) not in (None, getattr(kept, name))
    }
    if kept.is_vouched and not told.is_vouched:
        found.pop("agent", None)
    if told.is_vouched and not kept.is_vouched:
        found["is_vouched"] = True
    return found


def _text(name: str, value: str | None, longest: int) -> str | None:
    text = (value or "").strip()
    if len(text) > longest or not text.translate(_TEXT_BREAKS).isprintable():
        raise BadValue(_input_name(name), f"expected at most {longest} printable characters")
    return text or None


def _input_name(name: str) -> str:
    return "externalId" if name == "external_id" else name


def _topics(given: tuple[str, ...]) -> tuple[str, ...]:
    kept = dict.fromkeys(_text("topics", one, _LONGEST_TOPIC) for one in given)
    found = tuple(one for one in kept if one)
    if len(found) > MAX_TOPICS:
        raise LimitReached(f"An interaction has at most {MAX_TOPICS} topics.")
    return found


def _moment(name: str, moment: datetime | None, now: datetime) -> datetime | None:
    if moment is None:
        return None
    if not _EARLIEST <= moment <= now + _AHEAD:
        raise BadValue(name, "expected an instant from 1970 to tomorrow")
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)
