"""Marks what an emergency shows: each customer's reading is recorded before anything is shown."""

import asyncio
from collections.abc import Sequence

from graph.facts import SchemaFacts
from graph.model.audit import AuditAction, AuditEvent
from graph.plan import DocumentPlan
from graph.recorder import Recorder
from policies.classification import DataClass
from policies.decision import Effect
from policies.standing import Standing


class Watermark:
    """Records, once for each customer of an operation, what it reads of them by a standing."""

    def __init__(
        self, recorder: Recorder, standing: Standing, plan: DocumentPlan, facts: SchemaFacts
    ) -> None:
        self._recorder = recorder
        self._standing = standing
        self._plan = plan
        self._facts = facts
        self._marked: set[str] = set()

    async def mark(self, ids: Sequence[str]) -> None:
        """Record that these profiles are about to be shown; raises `AuditUnavailable`."""
        new = [one for one in dict.fromkeys(ids) if one not in self._marked]
        await asyncio.gather(*(self._recorder.record(self._reading(one)) for one in new))
        self._marked.update(new)

    def _reading(self, profile_id: str) -> AuditEvent:
        return AuditEvent(
            action=AuditAction.READ,
            profile_id=profile_id,
            relation=self._standing.relation,
            clear=self._names(Effect.ALLOW),
            masked=self._names(Effect.MASK),
            withheld=self._withheld(),
        )

    def _names(self, effect: Effect) -> tuple[str, ...]:
        """What is read with this effect, but for what is nobody's secret."""
        labels, access = self._facts.labels, self._plan.access
        return tuple(
            sorted(
                self._facts.names.get(one, one)
                for one in self._plan.read or ()
                if labels[one].data_class is not DataClass.PUBLIC and access.effect(one) is effect
            )
        )

    def _withheld(self) -> tuple[str, ...]:
        names = set()
        for item in self._plan.withheld.values():
            type_, _, field = item.field.partition(".")
            names.add(self._facts.names[self._facts.fields[type_, field].coordinate])
        return tuple(sorted(names))
