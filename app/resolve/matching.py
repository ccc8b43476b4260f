"""Splink on DuckDB: learns what agreements weigh, finds who may be one person, and groups them."""

import logging
import math
import warnings
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from splink import DuckDBAPI, Linker, SettingsCreator, block_on

from app.resolve.people import People, opened_table
from graph.model.comparison import Level, Measure
from graph.model.match_weights import SHARE, USUAL_WEIGHTS, MatchWeights, probability
from graph.model.traits import BIRTH, FAMILY, GIVEN

Progress = Callable[[str], None]

_SAMPLED: Final = 200_000.0  # pairs of which u is learned
_SEED: Final = 1
_FEWEST: Final = 20  # pairs that an estimate of m wants
# Levels that were hardly seen have no more than these.
_LEAST_M: Final = 1e-3
_LEAST_U: Final = 1e-6
_ROUNDS: Final = 2
_ORDER: Final = {
    Measure.NAME: (Level.EXACT, Level.SWAPPED, Level.CLOSE, Level.SIMILAR),
    Measure.DATE: (Level.EXACT, Level.SWAPPED, Level.CLOSE, Level.SIMILAR),
    Measure.TEXT: (Level.EXACT, Level.CLOSE, Level.SIMILAR),
    Measure.PLACE: (Level.EXACT, Level.CLOSE, Level.SIMILAR),
    Measure.EMAIL: (Level.EXACT, Level.CLOSE, Level.SIMILAR),
    Measure.PHONE: (Level.EXACT, Level.CLOSE),
}
_SECOND: Final = {GIVEN: "second_family", FAMILY: "second_given"}
# Relatives, who share an address, agree on neither: they would be taken for one person.
_TRAININGS: Final[Mapping[str, frozenset[str]]] = {
    "l.birth = r.birth": frozenset({BIRTH}),
    "l.given = r.given AND l.family = r.family": frozenset({GIVEN, FAMILY}),
}


@dataclass(frozen=True, slots=True)
class Found:
    """Two who may be one person."""

    pair: tuple[str, str]
    weight: float


class Matching:
    """One run over a table of people."""

    def __init__(self, people: People) -> None:
        logging.getLogger("splink").setLevel(logging.ERROR)
        self._people = people
        self._columns = people.columns
        self._table = opened_table(people)
        self._api = DuckDBAPI(self._table)
        self._source = self._api.register("people")

    def close(self) -> None:
        """Forget everybody."""
        self._table.close()

    def learned(self, version: int) -> MatchWeights:
        """What agreements weigh among these people; what is usual where they are too few."""
        trainings = [rule for rule in _TRAININGS if self._has_pairs(rule)]
        if not trainings:
            return MatchWeights(USUAL_WEIGHTS.prior, {}, version)
        linker = Linker(self._source, self._settings(), log_level=logging.ERROR)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            linker.training.estimate_u_using_random_sampling(max_pairs=_SAMPLED, seed=_SEED)
            taught = [name for rule in trainings for name in self._trained(linker, rule)]
        known = self._weights(linker.misc.save_model_to_json())
        # A training that fails leaves Splink without the attributes by which it paired people.
        learned = {name: known[name] for name in taught if name in known}
        weights = MatchWeights(self._prior(len(self._people.ids)), learned, version)
        for _ in range(_ROUNDS):
            weights = self._with_prior(weights)
        return weights

    def found(self, weights: MatchWeights, least_score: float) -> list[Found]:
        """Those who may be one person by these weights, the likeliest first."""
        table = self._predicted(weights, least_score)
        rows = self._table.execute(
            f"SELECT unique_id_l, unique_id_r, match_weight FROM {table}"  # noqa: S608 - Splink's
            " ORDER BY match_weight DESC, unique_id_l, unique_id_r"
        ).fetchall()
        return [Found((one, other), weight) for one, other, weight in rows]

    def people_count(self, weights: MatchWeights, least_score: float) -> int:
        """How many people the profiles may be, those who are found taken as one."""
        linker = Linker(self._source, self._settings(weights), log_level=logging.ERROR)
        pairs = linker.inference.predict(threshold_match_probability=least_score)
        grouped = linker.clustering.cluster_pairwise_predictions_at_threshold(
            pairs, threshold_match_probability=least_score
        )
        counted = self._table.execute(
            f"SELECT count(DISTINCT cluster_id) FROM {grouped.physical_name}"  # noqa: S608
        ).fetchall()
        return int(counted[0][0])

    def _predicted(self, weights: MatchWeights, least_score: float) -> str:
        linker = Linker(self._source, self._settings(weights), log_level=logging.ERROR)
        pairs = linker.inference.predict(threshold_match_probability=least_score)
        return str(pairs.physical_name)

    def _trained(self, linker: Linker, rule: str) -> list[str]:
        """The attributes whose m a training estimates: all but those by which it pairs people."""
        try:
            linker.training.estimate_parameters_using_expectation_maximisation(rule)
        except ValueError:  # Splink's way to say that none of the pairs is one person
            return []
        return [name for name in self._columns if name not in _TRAININGS[rule]]

    def _with_prior(self, weights: MatchWeights) -> MatchWeights:
        """The weights with the prior that follows from how many they find."""
        count = len(self._people.ids)
        expected = math.fsum(probability(one.weight) for one in self.found(weights, 0.01))
        pairs = count * (count - 1) / 2
        prior = math.log2(max(expected, 1.0) / pairs)
        return MatchWeights(prior, weights.by_attribute, weights.version)

    @staticmethod
    def _prior(count: int) -> float:
        return -math.log2(max(count, 2))

    def _has_pairs(self, rule: str) -> bool:
        if not all(column in self._columns.values() for column in _columns_of(rule)):
            return False
        found = self._table.execute(
            "SELECT count(*) FROM (SELECT 1 FROM people l JOIN people r"  # noqa: S608 - our rules
            f" ON {rule} AND l.unique_id < r.unique_id LIMIT {_FEWEST})"
        ).fetchall()
        return bool(found[0][0] >= _FEWEST)

    def _settings(self, weights: MatchWeights | None = None) -> dict[str, Any]:
        prior = probability(weights.prior) if weights else 1 / max(2, len(self._people.ids))
        created = SettingsCreator(
            link_type="dedupe_only",
            comparisons=[self._comparison(name, weights) for name in self._columns],
            blocking_rules_to_generate_predictions=[
                block_on("blocks", arrays_to_explode=["blocks"])
            ],
            probability_two_random_records_match=prior,
            retain_matching_columns=False,
            max_iterations=50,
        )
        return created.create_settings_dict("duckdb")

    def _comparison(self, name: str, weights: MatchWeights | None) -> dict[str, Any]:
        column, measure = self._columns[name], self._people.measures[name]
        values = f"{column}_l, {column}_r"
        if name in _SECOND:
            values += f", {_SECOND[name]}_l, {_SECOND[name]}_r"
        levels: list[dict[str, Any]] = [
            {"sql_condition": f"{column}_l IS NULL OR {column}_r IS NULL", "is_null_level": True}
        ]
        levels += [
            {"sql_condition": f"level_{measure.value}({values}) = {int(level)}"}
            for level in _ORDER[measure]
        ]
        levels.append({"sql_condition": "ELSE"})
        if weights is not None:
            for level, kept in zip((*_ORDER[measure], Level.DIFFERENT), levels[1:], strict=True):
                kept.update(_odds(weights.weight(name, measure, level)))
        for label, kept in zip(("MISSING", *_names(measure)), levels, strict=True):
            kept["label_for_charts"] = label
        return {"output_column_name": column, "comparison_levels": levels}

    def _weights(self, trained: Mapping[str, Any]) -> dict[str, dict[Level, float]]:
        names = {column: name for name, column in self._columns.items()}
        found = {}
        for item in trained["comparisons"]:
            name = names[item["output_column_name"]]
            share = SHARE.get(self._people.measures[name], 1.0)
            learned = dict(_learned(item["comparison_levels"]))
            # Where no pair of a training is one person, Splink takes chance for the rule and an
            # exact agreement for little: it is worth what a lesser one is, at the least.
            learned[Level.EXACT] = max(learned.values())
            found[name] = {level: share * weight for level, weight in learned.items()}
        return found


def _columns_of(rule: str) -> Iterator[str]:
    return (part.removeprefix("l.") for part in rule.split() if part.startswith("l."))


def _names(measure: Measure) -> tuple[str, ...]:
    return (*(level.name for level in _ORDER[measure]), Level.DIFFERENT.name)


def _odds(weight: float) -> dict[str, float]:
    """Probabilities whose ratio a weight stands for: Splink uses nothing else of them."""
    m, u = min(1.0, 2.0**weight), min(1.0, 2.0**-weight)
    return {"m_probability": m / 2, "u_probability": u / 2}


def _learned(levels: list[Mapping[str, Any]]) -> Iterator[tuple[Level, float]]:
    for item in levels:
        if item.get("is_null_level"):
            continue
        m, u = (_number(item.get(f"{name}_probability")) for name in "mu")
        if m is None and u is None:
            weight = 0.0  # nobody ever agreed so far
        else:
            weight = math.log2(max(m or 0.0, _LEAST_M) / max(u or 0.0, _LEAST_U))
        yield Level[item["label_for_charts"]], weight


def _number(value: object) -> float | None:
    """What Splink estimated; where it couldn't, it says so in words."""
    return float(value) if isinstance(value, int | float) else None
