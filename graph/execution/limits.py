from dataclasses import dataclass

from graph.errors import LimitExceeded


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may ask for and cost at most; README.md of `app` has the table.

    Of a document as it is written: `characters`, `tokens`, `selections` in all, `width` of one
    selection set, `aliases`, `directives`.  With its fragments expanded: `depth`, `root_fields`,
    `nodes` (each list counts as often as it has items), `introspection` (the same for what asks of
    the schema), `comparisons` of fields at one place.  Of variables: `values`, `value_depth`.
    While it runs: `objects` that are answered, and `deadline_s`, seconds.
    """

    characters: int = 30_000
    tokens: int = 1_000
    depth: int = 12
    selections: int = 300
    width: int = 250
    aliases: int = 60
    directives: int = 30
    root_fields: int = 20
    nodes: int = 5_000
    introspection: int = 3_000
    comparisons: int = 3_000
    values: int = 1_000
    value_depth: int = 32
    objects: int = 10_000
    deadline_s: float = 5.0


@dataclass(slots=True)
class Objects:
    """Counts the objects that one operation has answered."""

    most: int
    count: int = 0

    @property
    def is_exceeded(self) -> bool:
        """Whether they are more than may be."""
        return self.count > self.most

    def add(self) -> None:
        """Count one more; raises `LimitExceeded` where it is one too many."""
        self.count += 1
        if self.count > self.most:
            raise LimitExceeded("objects", self.most, self.count)
