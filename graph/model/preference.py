"""Preferences: how, when and whether at all a person wants to be contacted."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import UTC, datetime
from enum import Enum
from functools import cache
from typing import Any, Final
from zoneinfo import available_timezones

from graph.model.channel import Channel
from graph.model.consent import checked_purpose
from graph.model.errors import BadValue, LimitReached
from graph.model.language import checked_language
from policies.classification import DataClass, classified

MAX_TIMES: Final = 20
MAX_EXCLUSIONS: Final = 50
_TIME: Final = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]|24:00")
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Weekday(Enum):
    """A day of the week."""

    MONDAY = "MONDAY"
    TUESDAY = "TUESDAY"
    WEDNESDAY = "WEDNESDAY"
    THURSDAY = "THURSDAY"
    FRIDAY = "FRIDAY"
    SATURDAY = "SATURDAY"
    SUNDAY = "SUNDAY"


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactTime:
    """When contact is welcome: on these days (none: on all), from `begin` to before `end`.

    Times of day are `HH:MM` in the person's time zone; the latest end is `24:00`.
    """

    days: tuple[Weekday, ...] | None = classified(DataClass.BEHAVIOURAL, default=())
    begin: str | None = classified(DataClass.BEHAVIOURAL, default="00:00")
    end: str | None = classified(DataClass.BEHAVIOURAL, default="24:00")


@dataclass(frozen=True, slots=True, kw_only=True)
class Exclusion:
    """No contact on this channel, for this purpose, or for this purpose on this channel."""

    channel: Channel | None = classified(DataClass.BEHAVIOURAL, default=None)
    purpose: str | None = classified(DataClass.BEHAVIOURAL, default=None)
    at: datetime | None = classified(DataClass.BEHAVIOURAL, default=None)
    source: str | None = classified(DataClass.INTERNAL, default=None)
    by: str | None = classified(DataClass.INTERNAL, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """When one of the preferences was last said, and by whom."""

    attribute: str | None = classified(DataClass.BEHAVIOURAL)
    at: datetime | None = classified(DataClass.BEHAVIOURAL, default=None)
    source: str | None = classified(DataClass.INTERNAL, default=None)
    by: str | None = classified(DataClass.INTERNAL, default=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Preferences:
    """How a person wants to be contacted.

    `channels` are in order, the preferred first.  `said` has an entry for each of `channels`,
    `language`, `times` (with the time zone) and `do_not_contact` that was ever said.
    """

    channels: tuple[Channel, ...] | None = classified(DataClass.BEHAVIOURAL, default=())
    language: str | None = classified(DataClass.DEMOGRAPHIC, repr=False, default=None)
    time_zone: str | None = classified(DataClass.BEHAVIOURAL, default=None)
    times: tuple[ContactTime, ...] | None = classified(DataClass.BEHAVIOURAL, default=())
    do_not_contact: bool | None = classified(DataClass.BEHAVIOURAL, default=False)
    exclusions: tuple[Exclusion, ...] | None = classified(DataClass.BEHAVIOURAL, default=())
    said: tuple[Said, ...] | None = classified(DataClass.BEHAVIOURAL, default=())


_GROUPS: Final[Mapping[str, tuple[str, ...]]] = {
    "channels": ("channels",),
    "language": ("language",),
    "times": ("times", "time_zone"),
    "do_not_contact": ("do_not_contact",),
}
NO_PREFERENCES: Final = Preferences()


def checked_preferences(changes: Mapping[str, Any]) -> dict[str, Any]:
    """Preferences as they are kept: None as what nothing was said about.

    Raises:
        BadValue: names what can't be.
        LimitReached: too many times or exclusions.
    """
    given = {
        name: getattr(NO_PREFERENCES, name) if value is None else value
        for name, value in changes.items()
    }
    checks: Mapping[str, Callable[[Any], Any]] = {
        "channels": lambda channels: tuple(dict.fromkeys(channels)),
        "language": lambda language: checked_language(language) if language else None,
        "time_zone": _time_zone,
        "times": _times,
        "exclusions": _exclusions,
    }
    return {name: checks[name](value) if name in checks else value for name, value in given.items()}


def _time_zone(name: str | None) -> str | None:
    if name is not None and name not in _time_zones():
        raise BadValue("timeZone", "expected a time zone such as Europe/Vienna")
    return name


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _times(times: Sequence[ContactTime]) -> tuple[ContactTime, ...]:
    if len(times) > MAX_TIMES:
        raise LimitReached(f"A profile has at most {MAX_TIMES} times of contact.")
    return tuple(dict.fromkeys(map(_time, times)))


def _time(time: ContactTime) -> ContactTime:
    begin, end = time.begin or "", time.end or ""
    if not _TIME.fullmatch(begin) or not _TIME.fullmatch(end):
        raise BadValue("times", "expected times of day from 00:00 to 24:00, such as 09:30")
    if begin >= end:
        raise BadValue("times", "expected an end behind the beginning; a night is two of them")
    days = set(time.days or ())
    return replace(time, days=tuple(day for day in Weekday if day in days))


def _exclusions(exclusions: Sequence[Exclusion]) -> tuple[Exclusion, ...]:
    if len(exclusions) > MAX_EXCLUSIONS:
        raise LimitReached(f"A profile has at most {MAX_EXCLUSIONS} exclusions.")
    return tuple(map(_exclusion, exclusions))


def _exclusion(given: Exclusion) -> Exclusion:
    if given.channel is None and given.purpose is None:
        raise BadValue("exclusions", "expected a channel or a purpose; doNotContact is for all")
    if given.purpose is None:
        return given
    return replace(given, purpose=checked_purpose(given.purpose, "exclusions.purpose"))


def preferring(held: Preferences, changes: Mapping[str, Any], said: Said) -> Preferences:
    """Preferences after somebody said something; `held` itself where it isn't news.

    Raises:
        BadValue: there are times without a time zone.
    """
    kept = dict(changes)
    if "exclusions" in kept:
        known = {_pair(one): one for one in held.exclusions or ()}
        kept["exclusions"] = _once(known.get(_pair(one), one) for one in kept["exclusions"])
    then = replace(held, **kept)
    if then.times and not then.time_zone:
        raise BadValue("timeZone", "times of contact need a time zone")
    news = [name for name in _GROUPS if _values(held, name) != _values(then, name)]
    told = {one.attribute: one for one in held.said or ()}
    told |= {name: replace(said, attribute=name) for name in news}
    then = replace(then, said=tuple(told[name] for name in sorted(told, key=str)))
    return held if then == held else then


def united_preferences(one: Preferences, other: Preferences) -> Preferences:
    """The preferences of two who are one person: what was said last, of each.

    Whom one of them doesn't want to be contacted by, the person doesn't.
    """
    merged: dict[str, Any] = {}
    said: list[Said] = []
    for group, names in _GROUPS.items():
        last = max(one, other, key=lambda item: _weight(item, group))
        merged |= {name: getattr(last, name) for name in names}
        said += [told for told in last.said or () if told.attribute == group]
    said.sort(key=lambda told: str(told.attribute))
    exclusions = _once((*(one.exclusions or ()), *(other.exclusions or ())))
    return Preferences(**merged, exclusions=exclusions, said=tuple(said))


def refusals(preferences: Preferences, since: datetime) -> Preferences:
    """What was refused after an instant, and nothing else."""
    told = tuple(
        one
        for one in preferences.said or ()
        if one.attribute == "do_not_contact" and one.at and one.at > since
    )
    refuses = bool(told and preferences.do_not_contact)
    exclusions = tuple(one for one in preferences.exclusions or () if one.at and one.at > since)
    return Preferences(do_not_contact=refuses, said=told if refuses else (), exclusions=exclusions)


def _values(preferences: Preferences, group: str) -> tuple[object, ...]:
    return tuple(getattr(preferences, name) for name in _GROUPS[group])


def _weight(preferences: Preferences, group: str) -> tuple[Any, ...]:
    """The order in which two decide: refusals first, then who said it last, then by any order."""
    refuses = group == "do_not_contact" and bool(preferences.do_not_contact)
    told = next((one for one in preferences.said or () if one.attribute == group), None)
    at = told.at if told and told.at else _EARLIEST
    return (
        refuses,
        told is not None,
        at,
        str(told and astuple(told)),
        str(_values(preferences, group)),
    )


def _pair(exclusion: Exclusion) -> tuple[str, str]:
    return (exclusion.channel.value if exclusion.channel else "", exclusion.purpose or "")


def _once(exclusions: Iterable[Exclusion]) -> tuple[Exclusion, ...]:
    """Each pair once, as it was said first, in the order of the pairs."""
    found: dict[tuple[str, str], Exclusion] = {}
    for item in exclusions:
        found[_pair(item)] = min(found.get(_pair(item), item), item, key=_age)
    return tuple(found[pair] for pair in sorted(found))


def _age(exclusion: Exclusion) -> tuple[str, ...]:
    return ((exclusion.at or _EARLIEST).isoformat(), *map(str, astuple(exclusion)))
