"""Language tags (BCP 47), as far as their form goes."""

import re
from typing import Final

from graph.model.errors import BadValue

_TAG: Final = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8}){0,7}")
LONGEST: Final = 64


def checked_language(tag: str, where: str = "language") -> str:
    """A language tag without outer blanks.

    Raises:
        BadValue: it can't be one.
    """
    text = tag.strip()
    if len(text) > LONGEST or not _TAG.fullmatch(text):
        raise BadValue(where, "expected a language tag such as pt-BR")
    return text
