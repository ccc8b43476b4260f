from dataclasses import dataclass
from enum import Enum, IntEnum


class Action(Enum):
    """What somebody wants to do with a field.

    FILTER looks people up by it, SORT puts them in its order, AGGREGATE counts them by it, EXPORT
    takes it away in a file, REVEAL sees what is masked otherwise, as an act of its own.
    """

    READ = "READ"
    WRITE = "WRITE"
    FILTER = "FILTER"
    SORT = "SORT"
    AGGREGATE = "AGGREGATE"
    EXPORT = "EXPORT"
    REVEAL = "REVEAL"


class Effect(IntEnum):
    """What they get, from the loosest to the strictest.

    HIDE is DENY, and the field is unknown to its asker as well.
    """

    ALLOW = 0
    MASK = 1
    DENY = 2
    HIDE = 3


@dataclass(frozen=True, slots=True)
class Decision:
    """An effect, why, the error code that tells a client what to do about it, and whose rule it is.

    `rule` is the name of the access policy that said so, such as `by_role`.  `max_age_s` is how
    old a second factor may be that would help, where it must be of just now.
    """

    effect: Effect
    reason: str
    code: str = "FIELD_FORBIDDEN"
    rule: str = ""
    max_age_s: int | None = None

    @property
    def is_denied(self) -> bool:
        """Whether nothing is given, be the field hidden or not."""
        return self.effect >= Effect.DENY


def strictest(decisions: list[Decision]) -> Decision:
    """The decision that holds: the strictest wins, the first of equals; silence means deny."""
    if not decisions:
        return Decision(Effect.DENY, "no policy allows it")
    return max(decisions, key=lambda decision: decision.effect)
