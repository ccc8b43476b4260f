from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from policies.principal import Principal


class Places:
    """How many connections are open, in all and of each subject."""

    def __init__(self, most: int, most_each: int) -> None:
        self._most = most
        self._most_each = most_each
        self._open = 0
        self._each: Counter[tuple[str, str]] = Counter()

    @contextmanager
    def taken(self) -> Iterator[bool]:
        """Whether there was a place; it is given back on leaving."""
        if self._open >= self._most:
            yield False
            return
        self._open += 1
        try:
            yield True
        finally:
            self._open -= 1

    @contextmanager
    def taken_by(self, principal: Principal) -> Iterator[bool]:
        """The same for one more connection of a principal."""
        key = (principal.tenant, principal.subject)
        if self._each[key] >= self._most_each:
            yield False
            return
        self._each[key] += 1
        try:
            yield True
        finally:
            self._each[key] -= 1
            if not self._each[key]:
                del self._each[key]
