from collections import OrderedDict
from typing import Generic, TypeVar

_Value = TypeVar("_Value")


class Recent(Generic[_Value]):
    """Values by digest, each until an instant; the one that was used least makes room."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._kept: OrderedDict[bytes, tuple[_Value, float]] = OrderedDict()

    def get(self, digest: bytes, now: float) -> _Value | None:
        """The value; None where there is none, or its instant has come."""
        found = self._kept.get(digest)
        if found is None:
            return None
        value, until = found
        if now >= until:
            del self._kept[digest]
            return None
        self._kept.move_to_end(digest)
        return value

    def put(self, digest: bytes, value: _Value, until: float) -> None:
        """Keep a value until an instant."""
        self._kept[digest] = (value, until)
        self._kept.move_to_end(digest)
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)

    def drop(self, digest: bytes) -> None:
        """Forget a value."""
        self._kept.pop(digest, None)
