"""Text as CRMs and files give it, before a kind parses it."""

from typing import Final

_MAX_DIGITS: Final = 100  # more are no number that somebody wrote


def trim(value: object) -> object:
    """A text without outer blanks; anything else as it is."""
    return value.strip() if isinstance(value, str) else value


def spell(value: object) -> object:
    """The text of a number; anything else, and a number that can't be written, as it is.

    Whole numbers have no fraction: 42.0 is `42`.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    if not abs(value) < 10**_MAX_DIGITS:  # so written, it also leaves what is not a number
        return value
    return str(int(value)) if value == int(value) else str(value)
