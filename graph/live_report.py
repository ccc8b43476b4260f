"""What the sources of one request were asked."""

from dataclasses import dataclass, field

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

    def with_other(self, other: "SourceReport") -> "SourceReport":
        """Both together."""
        return SourceReport(
            self.source,
            self.calls + other.calls,
            self.keys + other.keys,
            self.ms + other.ms,
            self.cache_hits + other.cache_hits,
            self.stale + other.stale,
            list(dict.fromkeys([*self.errors, *other.errors])),
            self.quota or other.quota,
        )


@dataclass(slots=True)
class Story:
    """What became of the readings of one source."""

    flights: dict[int, Flight] = field(default_factory=dict)
    seated: set[tuple[int, Key]] = field(default_factory=set)
    cache_hits: int = 0
    stale: int = 0
    errors: set[str] = field(default_factory=set)

    def seat(self, seat: Seat) -> None:
        """Count a key that has to be asked."""
        self.flights[id(seat.flight)] = seat.flight
        self.seated.add((id(seat.flight), seat.key))

    def report(self, name: str) -> SourceReport:
        """What the source `name` was asked until now."""
        flights = self.flights.values()
        return SourceReport(
            source=name,
            calls=sum(flight.calls for flight in flights),
            keys=sum(self.flights[number].calls > 0 for number, _ in self.seated),
            ms=sum(flight.ms for flight in flights if flight.calls),
            cache_hits=self.cache_hits,
            stale=self.stale,
            errors=sorted(self.errors),
        )
