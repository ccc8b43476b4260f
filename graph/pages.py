"""Cursor paging: one encoding, one page size rule."""

import base64
import binascii
from typing import Final

from graph.errors import BadInput
from graph.model.ids import is_id

DEFAULT_SIZE: Final = 25
MAX_SIZE: Final = 100


def page_size(first: int | None) -> int:
    """How many items to read; raises `BadInput` outside of 0 to 100."""
    if first is None:
        return DEFAULT_SIZE
    if not 0 <= first <= MAX_SIZE:
        raise BadInput(f"first: expected 0 to {MAX_SIZE}.")
    return first


def cursor_of(id: str) -> str:
    """The opaque cursor behind which the next page begins."""
    return base64.urlsafe_b64encode(id.encode()).decode().rstrip("=")


def text_of(cursor: str | None) -> str | None:
    """What `cursor_of` put into a cursor; raises `BadInput` for what isn't one of ours."""
    if cursor is None:
        return None
    try:
        return base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        raise BadInput("after: not a cursor of this list.") from None


def id_of(cursor: str | None) -> str | None:
    """The id in a cursor; raises `BadInput` for what isn't a cursor of ours."""
    if cursor is None:
        return None
    try:
        found = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
    except (binascii.Error, ValueError):
        found = ""
    if not is_id(found):
        raise BadInput("after: not a cursor of this list.")
    return found
