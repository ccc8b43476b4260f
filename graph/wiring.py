from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from graph.access_ports import Matrices, Relations
from graph.audit_ports import Audit, Grants
from graph.interaction_ports import Interactions
from graph.match_ports import Matches
from graph.merge_ports import History, Rewriting
from graph.model.normalising import Normalising
from graph.model.survivorship import PLAIN, Survivorship
from graph.ports import Definitions, Profiles, SavedFilters
from graph.source_ports import SourceWrites
from graph.sources import Source


def _read_plainly(_tenant: str) -> Normalising:
    return Normalising()


@dataclass(frozen=True, slots=True)
class Wiring:
    """What the graph stands on: stores, sources, the matrices and the clock, given by `app.build`.

    `sources` are by tenant, then by name; `budget_s` is what one request may spend on all of
    its sources; `normalising` says how a tenant reads identities; a field that
    names people holds `max_values` at most; `now` answers aware UTC instants; `survivorship` is
    by tenant.
    """

    profiles: Profiles
    rewriting: Rewriting
    history: History
    interactions: Interactions
    relations: Relations
    audit: Audit
    grants: Grants
    definitions: Definitions
    filters: SavedFilters
    matches: Matches
    sources: Mapping[str, Mapping[str, Source]]
    matrices: Matrices
    writes: SourceWrites
    now: Callable[[], datetime]
    normalising: Callable[[str], Normalising] = _read_plainly
    budget_s: float = 1.5
    max_values: int = 10
    survivorship: Callable[[str], Survivorship] = lambda _: PLAIN
