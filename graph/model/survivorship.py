"""Survivorship: which value a merged profile shows where those that it is made of differ."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from typing import Final

from graph.model.provenance import UNKNOWN, Provenance


class Rule(Enum):
    """How the value that survives is chosen.

    PROFILE_WINS    the surviving profile's
    MOST_RECENT     the one written last; of two as old, the surviving profile's
    MOST_FREQUENT   the one that most of the profiles have; of two as frequent, by MOST_RECENT
    SOURCE_PRIORITY the one of the source that stands first in the settings; else by MOST_RECENT
    UNION           of lists: all that are in either; of other values, by PROFILE_WINS
    """

    PROFILE_WINS = "profile_wins"
    MOST_RECENT = "most_recent"
    MOST_FREQUENT = "most_frequent"
    SOURCE_PRIORITY = "source_priority"
    UNION = "union"


class Reason(Enum):
    """Why a merged profile shows what it shows: a rule, somebody's choice, or no alternative."""

    PROFILE_WINS = "PROFILE_WINS"
    MOST_RECENT = "MOST_RECENT"
    MOST_FREQUENT = "MOST_FREQUENT"
    SOURCE_PRIORITY = "SOURCE_PRIORITY"
    UNION = "UNION"
    CHOSEN = "CHOSEN"
    ONLY_VALUE = "ONLY_VALUE"


@dataclass(frozen=True, slots=True)
class Survivorship:
    """A tenant's rules: `default`, and others by attribute as queries name it (`custom.KEY`).

    `sources` are those that know best, the best one first.
    """

    default: Rule = Rule.PROFILE_WINS
    rules: Mapping[str, Rule] = field(default_factory=dict)
    sources: tuple[str, ...] = ()

    def rule(self, name: str) -> Rule:
        """The rule of an attribute."""
        return self.rules.get(name, self.default)


PLAIN: Final = Survivorship()


@dataclass(frozen=True, slots=True)
class LinkPolicy:
    """What it takes to link two profiles without a person.

    They are one with this probability or more, and one of `identifiers` agrees exactly: fields
    that the business has verified, as queries name them, such as `custom.taxNumber`.
    """

    identifiers: tuple[str, ...]
    threshold: float
    survivorship: Survivorship


@dataclass(frozen=True, slots=True)
class Candidate:
    """A value that may survive, and the profile that has it."""

    profile: str
    value: object = field(repr=False)
    provenance: Provenance = UNKNOWN


_LONG_AGO: Final = datetime(1, 1, 1, tzinfo=UTC)
_Order = Callable[[Candidate], tuple[object, ...]]


def winner(
    rule: Rule, rivals: Sequence[Candidate], all_: Sequence[Candidate], sources: Sequence[str] = ()
) -> Candidate:
    """Which of the rivals survives; the surviving profile's comes first among them.

    `all_` are the values of every profile that the merged one will be made of.
    """
    order = _orders(all_, sources).get(rule)
    return max(rivals, key=order) if order else rivals[0]


def _orders(all_: Sequence[Candidate], sources: Sequence[str]) -> Mapping[Rule, _Order]:
    counts = Counter(repr(one.value) for one in all_)
    ranks = {source: -place for place, source in enumerate(sources)}

    def age(one: Candidate) -> datetime:
        return one.provenance.at or _LONG_AGO

    def rank(one: Candidate) -> int:
        return ranks.get(one.provenance.source or "", -len(sources))

    return {
        Rule.MOST_RECENT: lambda one: (age(one),),
        Rule.MOST_FREQUENT: lambda one: (counts[repr(one.value)], age(one)),
        Rule.SOURCE_PRIORITY: lambda one: (rank(one), age(one)),
    }
