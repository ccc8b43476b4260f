"""Two CRMs that are drawers of cards, and live reads of them."""

import asyncio
from datetime import UTC, datetime

from connectors.base import SourceSettings
from connectors.runtime.budget import Budget
from connectors.runtime.pace import Pace
from graph.live import LiveReads
from graph.model.custom_field import FieldDefinition, FieldSource, SourceKind
from graph.model.profile import Link
from graph.sources import Source
from policies.classification import DataClass
from tests.support.card_index import CardIndex

NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
PATIENCE_S = 5
ALWAYS_ASKED = Pace(fresh_s=0, refresh_s=0, keep_s=0, absent_s=0)


def live_field(id, kind="STRING", source="crm", object="contacts", attribute=None):
    """A live field; its attribute is its id in lower case unless told."""
    return FieldDefinition(
        id=id,
        key=id.lower(),
        label=id,
        kind=kind,
        data_class=DataClass.BEHAVIOURAL,
        source=FieldSource(SourceKind.LIVE, source, object, attribute or id.lower()),
    )


TIER, SCORE, DEAL = (
    live_field("TIER"),
    live_field("SCORE", "NUMBER"),
    live_field("DEAL", object="deals"),
)
CODE = live_field("CODE", source="erp")


def linked(*ids, source="crm", object="contacts"):
    """Links to these records."""
    return tuple(Link(source=source, object=object, record_id=one) for one in ids)


class Office:
    """Two CRMs that are drawers of cards, and live reads of them."""

    def __init__(self, http):
        self.crm = CardIndex(SourceSettings("crm", "", ""))
        self.erp = CardIndex(SourceSettings("erp", "", ""))
        self._http = http
        self._kept = None
        self.now = NOW

    def keep(self):
        """Remember from now on what the CRMs say, for all who read."""
        self._kept = self._sources("link", Pace(timeout_s=PATIENCE_S))

    def reads(self, *definitions, budget=None, match="link"):
        """Live reads of these fields."""
        sources = self._kept or self._sources(match, ALWAYS_ASKED)
        return LiveReads(sources, definitions, budget or Budget(PATIENCE_S), lambda: self.now)

    def _sources(self, match, pace):
        return {
            name: Source(name, "shop", connector, self._http, match, pace, now=lambda: self.now)
            for name, connector in (("crm", self.crm), ("erp", self.erp))
        }


def cards(**tiers):
    """Cards by record id: `r1="gold"` is record r1 with tier gold and score 7."""
    return {one: {"tier": tier, "score": 7, "unasked": "x"} for one, tier in tiers.items()}


async def read_all(live, definition, *ids):
    """One field of one record for each of the ids."""
    waits = (live.read(definition, one, linked(one)) for one in ids)
    return await asyncio.gather(*waits)
