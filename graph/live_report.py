"""What the sources of one request were asked."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from connectors.base import Key
from connectors.runtime.quota import Quota
from connectors.runtime.window import Flight, Seat


@dataclass(slots=True)
class SourceReport:
    """What one source was asked for one request.

    `calls` are those that this request took part in, with others or alone, and `ms` is the time
    they took, summed; `keys` are the records it wanted of them.  `cache_hits` are records that
    were known already, `stale` values that were older than they should be; `errors` holds each
    code once; `quota` is what the source last told of it, to whomever.
    """

    source: str
    calls: int = 0
    keys: int = 0
    ms: float = 0.0
    cache_hits: int = 0
    stale: int = 0
    errors: list[str] = field(default_factory=list)
    quota: Quota | None = None


@dataclass(slots=True)
class Story:
    """What became of the readings of one source; `stale` are the values that were."""

    flights: dict[int, Flight] = field(default_factory=dict)
    seated: set[tuple[int, Key]] = field(default_factory=set)
    known: set[tuple[str, Key]] = field(default_factory=set)
    stale: set[tuple[str, str, str]] = field(default_factory=set)
    errors: set[str] = field(default_factory=set)
    quota: Quota | None = None

    def seat(self, seat: Seat) -> None:
        """Count a key that has to be asked."""
        self.flights[id(seat.flight)] = seat.flight
        self.seated.add((id(seat.flight), seat.key))

    def with_other(self, other: "Story") -> "Story":
        """Both together; what both took part in counts once."""
        return Story(
            self.flights | other.flights,
            self.seated | other.seated,
            self.known | other.known,
            self.stale | other.stale,
            self.errors | other.errors,
            self.quota or other.quota,
        )

    def report(self, name: str) -> SourceReport:
        """What the source `name` was asked until now."""
        flights = self.flights.values()
        return SourceReport(
            source=name,
            calls=sum(flight.calls for flight in flights),
            keys=sum(self.flights[number].calls > 0 for number, _ in self.seated),
            ms=sum(flight.ms for flight in flights if flight.calls),
            cache_hits=len(self.known),
            stale=len(self.stale),
            errors=sorted(self.errors),
            quota=self.quota,
        )


def reports_of(stories: Iterable[Mapping[str, Story]]) -> dict[str, SourceReport]:
    """What each source was asked, by all stories together; those alone that were asked anything."""
    together: dict[str, Story] = {}
    for named in stories:
        for name, story in named.items():
            together[name] = together[name].with_other(story) if name in together else story
    asked = {name: story.report(name) for name, story in together.items()}
    return {
        name: one for name, one in asked.items() if replace(one, quota=None) != SourceReport(name)
    }
