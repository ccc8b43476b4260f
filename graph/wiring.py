from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from graph.ports import Definitions, Matches, Profiles, SavedFilters
from graph.sources import Source
from policies.matrix import Matrix


@dataclass(frozen=True, slots=True)
class Wiring:
    """What the graph stands on: stores, sources, the matrix and the clock, given by `app.build`.

    `sources` are by tenant, then by name; `budget_s` is what one request may spend on all of
    its sources; `region` completes phone numbers; a field that
    names people holds `max_values` at most; `now` answers aware UTC instants.
    """

    profiles: Profiles
    definitions: Definitions
    filters: SavedFilters
    matches: Matches
    sources: Mapping[str, Mapping[str, Source]]
    matrix: Matrix
    now: Callable[[], datetime]
    region: str = "US"
    budget_s: float = 1.5
    max_values: int = 10
