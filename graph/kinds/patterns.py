"""Patterns that admins write.  RE2 takes time in proportion to the text, whatever the pattern."""

from functools import lru_cache
from typing import Any, Final

import re2

from graph.model.errors import BadValue

_LONGEST: Final = 500
_MAX_MEMORY_BYTES: Final = 1 << 20


def check_pattern(pattern: str) -> None:
    """Refuse a pattern that RE2 can't compile, or that would take too much memory.

    Raises:
        BadValue: says so.
    """
    if not pattern or len(pattern) > _LONGEST:
        raise BadValue("pattern", f"expected 1 to {_LONGEST} characters")
    try:
        _compiled(pattern)
    except (re2.error, UnicodeEncodeError):
        told = "not a pattern that RE2 understands (no look-around, no back-references)"
        raise BadValue("pattern", told) from None


def is_match(pattern: str, text: str) -> bool:
    """Whether the whole of a text is as the pattern says."""
    return _compiled(pattern).fullmatch(text) is not None


@lru_cache(maxsize=1_000)
def _compiled(pattern: str) -> Any:  # noqa: ANN401 - the library has no types
    options = re2.Options()
    options.max_mem = _MAX_MEMORY_BYTES
    options.log_errors = False
    return re2.compile(pattern, options)
