"""What Prometheus is told: how each CRM fares.  No values, no names but those of the settings."""

from collections.abc import Awaitable, Callable, Iterator

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from app.build import Gateway
from connectors.runtime.breaker import Circuit
from graph.sources import Source

_LABELS = ("tenant", "source")


class SourceMetrics(Collector):
    """The sources of all tenants, as they are when somebody asks."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    def collect(self) -> Iterator[Metric]:
        """Every family, with a sample for each source."""
        calls = _counter("calls", "Calls that a source was sent.")
        failures = _counter("failures", "Calls that failed, by code.", "code")
        circuit = _gauge("circuit", "1 for the state the source's circuit is in.", "state")
        records = _gauge("records", "Records that are kept in memory.")
        used = _gauge("quota_used", "Calls that the source counts, where it says so.")
        limit = _gauge("quota_limit", "Calls that the source grants, where it says so.")
        for source in self._sources():
            place = (source.tenant, source.name)
            calls.add_metric(place, source.gate.calls)
            for code, count in sorted(source.gate.failures.items()):
                failures.add_metric((*place, code), count)
            for state in Circuit:
                circuit.add_metric((*place, state.value), source.health.circuit is state)
            records.add_metric(place, source.cache.size)
            if (quota := source.gate.quota) is not None:
                used.add_metric(place, quota.used)
                limit.add_metric(place, quota.limit)
        yield from (calls, failures, circuit, records, used, limit)

    def _sources(self) -> Iterator[Source]:
        for sources in self._gateway.wiring.sources.values():
            yield from sources.values()


def metrics(gateway: Gateway) -> Callable[[Request], Awaitable[Response]]:
    """What is known now, in the text format of Prometheus."""
    registry = CollectorRegistry()
    registry.register(SourceMetrics(gateway))

    async def told(_: Request) -> Response:
        return Response(generate_latest(registry), media_type=CONTENT_TYPE_LATEST)

    return told


def _counter(name: str, told: str, *labels: str) -> CounterMetricFamily:
    full = f"profile_gateway_source_{name}"
    return CounterMetricFamily(full, told, labels=(*_LABELS, *labels))


def _gauge(name: str, told: str, *labels: str) -> GaugeMetricFamily:
    full = f"profile_gateway_source_{name}"
    return GaugeMetricFamily(full, told, labels=(*_LABELS, *labels))
