"""What stands for a stored value that can't be opened, so that it is told apart from none."""

from enum import Enum


class Unreadable(Enum):
    """Why a value can't be opened."""

    ERASED = "ERASED"
    """The keys of its person were destroyed."""
    DAMAGED = "DAMAGED"
    """It isn't what was sealed there."""
