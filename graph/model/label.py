"""Labels: short words that classify a customer, and who put them there."""

from collections.abc import Iterable
from dataclasses import astuple, dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Final

from graph.model.errors import BadValue, LimitReached
from graph.model.filter import folded
from policies.classification import DataClass, classified

MAX_LABELS: Final = 50
_LONGEST: Final = 50
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)


class LabelOrigin(Enum):
    """Who puts a label on a customer."""

    AGENT = "AGENT"
    CRM = "CRM"
    RULE = "RULE"


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """One label.  `source` is the client or CRM that told it, `by` who did; `at` is UTC.

    `origins` are the absorbed profiles that brought it; none: the profile's own.
    """

    name: str | None = classified(DataClass.BEHAVIOURAL)
    origin: LabelOrigin | None = classified(DataClass.BEHAVIOURAL, default=LabelOrigin.AGENT)
    at: datetime | None = classified(DataClass.BEHAVIOURAL, default=None)
    source: str | None = classified(DataClass.INTERNAL, default=None)
    by: str | None = classified(DataClass.INTERNAL, default=None)
    origins: tuple[str, ...] = classified(DataClass.INTERNAL, default=())


def checked_label(name: str, where: str = "name") -> str:
    """A label's name as it is kept: without outer blanks.

    Raises:
        BadValue: it is empty, too long or not printable.
    """
    kept = name.strip()
    if not 1 <= len(kept) <= _LONGEST or not kept.isprintable() or not folded(kept):
        raise BadValue(where, f"expected 1 to {_LONGEST} printable characters")
    return kept


def label_key(name: str | None) -> str:
    """What makes two labels the same one: their name without case and accents."""
    return folded(name or "")


def labelled(held: tuple[Label, ...], new: Label) -> tuple[Label, ...]:
    """Labels with one more; `held` itself where it is among them.

    Raises:
        LimitReached: there are `MAX_LABELS`.
    """
    if any(label_key(one.name) == label_key(new.name) for one in held):
        return held
    if len(held) >= MAX_LABELS:
        raise LimitReached(f"A profile has at most {MAX_LABELS} labels.")
    return united_labels(held, (new,))


def unlabelled(held: tuple[Label, ...], name: str) -> tuple[Label, ...]:
    """Labels without the one of this name."""
    return tuple(one for one in held if label_key(one.name) != label_key(name))


def united_labels(one: Iterable[Label], other: Iterable[Label]) -> tuple[Label, ...]:
    """The labels of two who are one person: each once, as it was put there first."""
    found: dict[str, Label] = {}
    for item in (*one, *other):
        key = label_key(item.name)
        found[key] = min(found.get(key, item), item, key=_total)
    return tuple(sorted(found.values(), key=_total))


def _total(label: Label) -> tuple[str, ...]:
    return ((label.at or _EARLIEST).isoformat(), *map(str, astuple(label)))
