import time
from collections.abc import Callable


class Budget:
    """The time one request may spend on its sources, in seconds of a monotonic clock."""

    __slots__ = ("_clock", "_ends_at")

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._ends_at = clock() + seconds

    def remaining_s(self) -> float:
        """Seconds left; never negative."""
        return max(0.0, self._ends_at - self._clock())
