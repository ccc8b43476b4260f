"""What a resolver gives for a stored value that can't be opened: an error that says why."""

from typing import Any

from graph.errors import Damaged, Erased, GatewayError
from policies.unreadable import Unreadable

_ERASED = "The person was erased; this can't be read any more."
_DAMAGED = "What is stored here isn't what was sealed; it is not shown."


def unreadable_error(value: Unreadable) -> GatewayError:
    """Why a value can't be opened, as clients are told."""
    return Erased(_ERASED) if value is Unreadable.ERASED else Damaged(_DAMAGED)


def readable(value: Any) -> Any:  # noqa: ANN401 - any value
    """The value itself.

    Raises:
        Erased, Damaged: it stands for one that can't be opened.
    """
    if type(value) is Unreadable:
        raise unreadable_error(value)
    return value


def read_attribute(root: Any, name: str) -> Any:  # noqa: ANN401 - any model
    """An attribute of a model, for fields without a resolver of their own; raises as `readable`."""
    return readable(getattr(root, name))
