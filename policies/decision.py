from dataclasses import dataclass
from enum import Enum, IntEnum


class Action(Enum):
    """What somebody wants to do with a field."""

    READ = "READ"
    WRITE = "WRITE"
    FILTER = "FILTER"


class Effect(IntEnum):
    """What they get, from the loosest to the strictest."""

    ALLOW = 0
    MASK = 1
    DENY = 2


@dataclass(frozen=True, slots=True)
class Decision:
    """An effect, why, and the error code that tells a client what to do about it."""

    effect: Effect
    reason: str
    code: str = "FIELD_FORBIDDEN"


def strictest(decisions: list[Decision]) -> Decision:
    """The decision that holds: the strictest wins, the first of equals; silence means deny."""
    if not decisions:
        return Decision(Effect.DENY, "no policy allows it")
    return max(decisions, key=lambda decision: decision.effect)
