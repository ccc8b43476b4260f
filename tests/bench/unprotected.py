"""The gateway with its protection taken out, to measure what that costs: never serve with it.

Everything is allowed without being decided, and nothing is revealed: values come as they were read.
"""

from collections.abc import Mapping
from typing import Any

import graph.execution.operation
import graph.loaders
import graph.schema
from app.cli import cli
from graph.standings import Standings
from policies.asking import Asking
from policies.classification import Label
from policies.decision import Decision, Effect
from policies.plan import AccessPlan, scope_of

_ALLOWED = Decision(Effect.ALLOW, "nothing is decided")


def _everything(labels: Mapping[str, Label], asking: Asking, *_more: Any) -> AccessPlan:
    return AccessPlan(scope_of(asking.principal), dict.fromkeys(labels, _ALLOWED))


def _as_it_is(item: Any, _plan: AccessPlan) -> Any:
    return item


def _unasked(*_given: Any) -> None:
    return None


if __name__ == "__main__":
    graph.schema.make_plan = _everything
    graph.loaders.reveal = _as_it_is
    graph.execution.operation._authorise = _unasked
    Standings.matter = False  # type: ignore[assignment]  # in place of the property
    cli()
