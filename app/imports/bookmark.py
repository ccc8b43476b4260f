"""How far an import has come, kept beside what it wrote."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from app.store.documents import Document
from app.store.names import key_of

_HEAD: Final = 65_536  # bytes


@dataclass(frozen=True, slots=True)
class Bookmark:
    """Behind which row an import stands.

    `offset` is the byte behind the row, `dead_length` the bytes of its dead-letter file.
    """

    row: int = 0
    offset: int = 0
    dead_length: int = 0
    created: int = 0
    updated: int = 0
    bad: int = 0
    is_finished: bool = False


def bookmark_id(path: Path, tenant: str, told: Mapping[str, Any]) -> str:
    """The `_id` of the bookmark of this file's import; `told` says how its rows are understood.

    It follows from the file's content, not from where it lies.
    """
    digest = hashlib.sha256()
    with path.open("rb") as file:
        digest.update(file.read(_HEAD))
    digest.update(f"\n{path.stat().st_size}\n".encode())
    digest.update(json.dumps(told, sort_keys=True).encode())
    return key_of(tenant, "import", digest.hexdigest())


def bookmark_document(id: str, tenant: str, mark: Bookmark) -> Document:
    """A bookmark as it is kept."""
    return {
        "_id": id,
        "tenant": tenant,
        "row": mark.row,
        "offset": mark.offset,
        "deadLength": mark.dead_length,
        "created": mark.created,
        "updated": mark.updated,
        "bad": mark.bad,
        "isFinished": mark.is_finished,
    }


def bookmark_of(document: Mapping[str, Any]) -> Bookmark:
    """A bookmark from its document."""
    return Bookmark(
        row=document["row"],
        offset=document["offset"],
        dead_length=document["deadLength"],
        created=document["created"],
        updated=document["updated"],
        bad=document["bad"],
        is_finished=document["isFinished"],
    )
