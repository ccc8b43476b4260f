"""A CRM that is a drawer of cards, behind a live cache, on a clock that tests turn."""

import asyncio
from datetime import UTC, datetime, timedelta

from connectors.base import Key, SourceSettings
from connectors.runtime.gate import Gate
from connectors.runtime.live_cache import Answer, LiveCache
from connectors.runtime.pace import AS_USUAL, Pace
from tests.support.card_index import CardIndex

BEGAN = datetime(2026, 11, 20, 12, tzinfo=UTC)
PATIENCE_S = 5
TIER, SCORE = frozenset({"tier"}), frozenset({"score"})
BOTH = TIER | SCORE
PACE = Pace(fresh_s=30, refresh_s=30, keep_s=600, absent_s=10, timeout_s=PATIENCE_S)


class Counter:
    """A CRM behind a cache, on a clock that tests turn."""

    def __init__(self, http, pace=PACE):
        self.crm = CardIndex(SourceSettings("crm", "", ""))
        self.seconds = 0.0
        gate = Gate("crm", http, pace)
        self.cache = LiveCache("crm", self.crm, gate, pace, self.now)

    def now(self):
        """The time on the clock."""
        return BEGAN + timedelta(seconds=self.seconds)

    async def read(self, value="1", attributes=TIER, freshness=AS_USUAL, object="contacts"):
        """What a reader is answered."""
        asked = self.cache.ask(object, Key("id", value), attributes, freshness)
        if isinstance(asked, Answer):
            return asked
        return await self.cache.answer(asked, attributes, freshness)

    async def tier(self, value="1", freshness=AS_USUAL):
        """The tier that a reader is answered, where from, and the code of the error beside it."""
        answer = await self.read(value, TIER, freshness)
        tier = answer.kept and answer.kept.id and answer.kept.values["tier"].value
        return tier, answer.origin, answer.error and answer.error.code

    def say(self, tier, **others):
        """What the CRM says from now on of record 1."""
        self.crm.drawer.cards = {"1": {"tier": tier, "score": 7}, **others}

    async def called(self):
        """How often the CRM was called, after all that is under way."""
        while self.cache._under_way or self.cache._window._collecting:  # noqa: ASYNC110 - no event
            await asyncio.sleep(0.001)
        return len(self.crm.drawer.asked)
