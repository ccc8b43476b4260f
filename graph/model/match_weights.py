"""What agreements weigh: how likely two profiles are one person, and why."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from graph.model.comparison import Level, Measure
from graph.model.traits import Traits

Levels = Mapping[Level, float]
LEAST_SCORE: Final = 0.9
"""Whoever is less likely the same person isn't suggested."""
SHARE: Final = MappingProxyType({Measure.PLACE: 0.5})
"""What counts of a weight: parts of one address repeat each other, and relatives share them."""
_MOST: Final = 1000.0  # beyond it a probability is 0 or 1 anyway


@dataclass(frozen=True, slots=True)
class Agreement:
    """How far one attribute agrees, and what that weighs: the base 2 logarithm of m over u."""

    attribute: str
    level: Level
    weight: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """How likely two profiles are one person.

    `weight` is the base 2 logarithm of the odds: the prior and every agreement's weight.
    """

    weight: float
    agreements: tuple[Agreement, ...]

    @property
    def score(self) -> float:
        """The probability, 0 to 1."""
        return probability(self.weight)


@dataclass(frozen=True, slots=True)
class MatchWeights:
    """What each level of each attribute weighs; `prior` is the weight of knowing nothing.

    `by_attribute` holds what was learned; an attribute that isn't there weighs as its measure.
    """

    prior: float
    by_attribute: Mapping[str, Levels] = field(default_factory=dict)
    version: int = 0

    def weight(self, attribute: str, measure: Measure, level: Level) -> float:
        """What a level of an attribute weighs; what is missing weighs nothing."""
        if level is Level.MISSING:
            return 0.0
        known = self.by_attribute.get(attribute) or USUAL.get(attribute) or USUAL_OF[measure]
        return known.get(level, 0.0)

    def judge(self, one: Traits, other: Traits) -> Judgement:
        """How likely two are one person.  The same whichever comes first."""
        found = []
        for name, level in sorted(one.levels(other).items()):
            trait = one.by_attribute.get(name) or other.by_attribute[name]
            found.append(Agreement(name, level, self.weight(name, trait.measure, level)))
        return judged(self.prior, found)


def judged(prior: float, agreements: list[Agreement]) -> Judgement:
    """The sum of what is known."""
    return Judgement(math.fsum([prior, *(one.weight for one in agreements)]), tuple(agreements))


def probability(weight: float) -> float:
    """The probability that a weight stands for."""
    return 1 / (1 + 2 ** -max(-_MOST, min(_MOST, weight)))


def weight_of(probability: float) -> float:
    """The weight that stands for a probability."""
    if probability <= 0:
        return -_MOST
    return _MOST if probability >= 1 else math.log2(probability / (1 - probability))


def _levels(different: float, similar: float, close: float, swapped: float, exact: float) -> Levels:
    return MappingProxyType(
        {
            Level.DIFFERENT: different,
            Level.SIMILAR: similar,
            Level.CLOSE: close,
            Level.SWAPPED: swapped,
            Level.EXACT: exact,
        }
    )


# What holds before a tenant's own data has been learned from: chosen by hand near what was learned
# from several sets of people with known duplicates.
USUAL: Final[Mapping[str, Levels]] = MappingProxyType({})
USUAL_OF: Final[Mapping[Measure, Levels]] = MappingProxyType(
    {
        Measure.NAME: _levels(-3.0, 1.0, 6.5, 9.0, 7.5),
        Measure.DATE: _levels(-4.0, -1.0, 4.0, 7.0, 11.0),
        Measure.TEXT: _levels(-3.0, -1.0, 5.0, 0.0, 7.0),
        Measure.PLACE: _levels(-1.5, -0.5, 2.5, 0.0, 3.5),
        Measure.EMAIL: _levels(-1.0, 3.0, 9.0, 0.0, 14.0),
        Measure.PHONE: _levels(-1.0, 0.0, 7.0, 0.0, 12.0),
    }
)
USUAL_WEIGHTS: Final = MatchWeights(prior=-13.0)
