"""Loaders of one operation, with shelves in place of stores."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from connectors.runtime.budget import Budget
from graph.live import LiveReads
from graph.loaders import ProfileLoader
from graph.plan import DocumentPlan
from graph.sources import Source
from graph.standings import Standings
from graph.views import View, Views
from policies.asking import Asking
from policies.standing import Relation, Standing
from tests.graph.planning import an_asking

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PATIENCE_S = 5


class Links:
    """What links an asker to customers, behind the port, and how it was asked for."""

    def __init__(self, related: Mapping[str, Relation] | None = None) -> None:
        self.held = dict(related or {})
        self.asked: list[tuple[Any, ...]] = []

    async def related(self, *asked: Any, **when: Any) -> dict[str, Relation]:
        del when
        self.asked.append(asked)
        return dict(self.held)


def live_reads(plan: DocumentPlan, *sources: Source) -> LiveReads:
    """The live reads of a plan."""
    by_name = {source.name: source for source in sources}
    return LiveReads(by_name, plan.live.values(), Budget(PATIENCE_S), lambda: NOW)


def views_of(plans: Mapping[Standing, DocumentPlan], *sources: Source) -> Views:
    """Views with these plans."""
    return Views(
        lambda standing: View(standing, plans[standing], live_reads(plans[standing], *sources))
    )


def a_loader_of(
    shelf: Any, views: Views, asking: Asking | None = None, links: Links | None = None
) -> ProfileLoader:
    """A loader for somebody whom nothing can link to a customer, unless told."""
    asking = asking or an_asking("service")
    standings = Standings(asking, asking.relations, links or Links(), shelf, NOW)
    return ProfileLoader(shelf, views, standings)
