"""What is told about each part of a document: what somebody gets, why, and what would help."""

from dataclasses import dataclass, replace
from enum import Enum
from typing import Any, Final

from graphql import GraphQLError

from graph.errors import BadInput, ErrorCode
from policies.classification import DataClass
from policies.decision import Decision, Effect
from policies.explaining import Explained


class Part(Enum):
    """What of a request a decision is about."""

    PURPOSE = "PURPOSE"
    ROOT = "ROOT"
    INPUT = "INPUT"
    FIELD = "FIELD"


class Outcome(Enum):
    """What somebody gets."""

    CALL = "CALL"
    READ = "READ"
    MASKED = "MASKED"
    WRITE = "WRITE"
    FILTER = "FILTER"
    SORT = "SORT"
    DENIED = "DENIED"
    STEP_UP = "STEP_UP"
    HIDDEN = "HIDDEN"


_REFUSED: Final = frozenset({Outcome.DENIED, Outcome.STEP_UP, Outcome.HIDDEN})


@dataclass(frozen=True, slots=True)
class ExplainedPart:
    """One part of a document.

    `path` is that of the answer, without list indices; of an input, the root field's and the
    input's.  `name` is the schema's.  `rule` names the policy and `entry` where it is said: in the
    matrix or in `@access`.  `helps`: each by itself would give more.  `code` is the error's.
    """

    part: Part
    path: str
    name: str
    outcome: Outcome
    reason: str
    data_class: DataClass | None = None
    rule: str | None = None
    entry: str | None = None
    helps: tuple[str, ...] = ()
    code: str | None = None

    @property
    def is_refused(self) -> bool:
        """Whether nothing of it is given."""
        return self.outcome in _REFUSED


class BadDocument(BadInput):
    """The document to explain can't be executed."""

    def __init__(self, errors: tuple[GraphQLError, ...]) -> None:
        super().__init__("document: it can't be executed; see errors.")
        self._errors = errors

    def details(self) -> dict[str, Any]:
        """What is wrong with it, and where."""
        return {"errors": [_told(error) for error in self._errors]}


def _told(error: GraphQLError) -> dict[str, Any]:
    places = [{"line": at.line, "column": at.column} for at in error.locations or ()]
    return {"message": error.message, "locations": places}


def told_part(
    part: Part,
    path: tuple[str, ...],
    name: str,
    explained: Explained,
    allowed: Outcome,
    data_class: DataClass | None = None,
) -> ExplainedPart:
    """What is told about a part; `allowed` is what somebody gets who is refused nothing."""
    decision = explained.decision
    outcome = _outcome(decision, allowed)
    return ExplainedPart(
        part,
        _spelt(part, path),
        name,
        outcome,
        _sentence(decision.reason, name),
        data_class,
        decision.rule or None,
        explained.entry or None,
        explained.helps,
        decision.code if outcome in _REFUSED else None,
    )


def _sentence(reason: str, name: str) -> str:
    is_named_first = reason.split(" ", 1)[0] == name.rpartition(".")[2]
    return f"{reason}." if is_named_first else f"{reason[:1].upper()}{reason[1:]}."


def _spelt(part: Part, path: tuple[str, ...]) -> str:
    if part is Part.INPUT:
        return f"{path[0]}({'.'.join(path[1:])})"
    return ".".join(path)


def _outcome(decision: Decision, allowed: Outcome) -> Outcome:
    if decision.effect is Effect.HIDE:
        return Outcome.HIDDEN
    if decision.is_denied:
        is_step_up = decision.code == ErrorCode.STEP_UP_REQUIRED.value
        return Outcome.STEP_UP if is_step_up else Outcome.DENIED
    return Outcome.MASKED if decision.effect is Effect.MASK else allowed


def part_below(above: ExplainedPart, part: ExplainedPart) -> ExplainedPart:
    """What is told about a part of something that isn't given."""
    reason = f"It lies in {above.path}, which isn't given."
    return replace(
        above,
        part=part.part,
        path=part.path,
        name=part.name,
        reason=reason,
        data_class=part.data_class,
    )


def composite(part: ExplainedPart) -> ExplainedPart:
    """What is told about an object of a class that is masked: a mask is of values."""
    return replace(part, outcome=Outcome.READ, reason="What it holds is decided field by field.")


def not_masked(part: ExplainedPart, code: str) -> ExplainedPart:
    """What is told where a mask isn't enough."""
    return replace(part, outcome=Outcome.DENIED, code=code)
