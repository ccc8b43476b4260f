"""Search keys as profiles keep them: text that one index for each slot puts in order.

`search.SLOT` holds, for a field with one value, tenant, field, key and profile, parted by tabs: a
comparison is a range of it, and two profiles never have the same.  For a field with several, it is
a list of such texts without the profile, and first one without a key, which says that there are
any.  So a slot serves another field of another tenant too, and every query names its tenant.

Of a sealed field, keys are what stands for them, and the field is marked with a tilde: what was
kept before it was sealed is never mixed up with that.

`grams` holds a mark for every three characters of every text: what is contained is looked up by the
rarest of its own.  Marks are text, because the embedded server takes long to index large numbers.
"""

import hashlib
from base64 import urlsafe_b64encode
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from graph.model.filter import Place
from graph.model.search import (
    BY_FAMILY_NAME,
    BY_GIVEN_NAME,
    BY_ID,
    BY_UPDATED_AT,
    MERGED_ID,
    instant_key,
)

TEXT_SLOTS: Final = tuple(f"t{number}" for number in range(16))
PLAIN_SLOTS: Final = tuple(f"s{number}" for number in range(24))
_LAST: Final = "\U0010ffff"
GRAMS: Final = "grams"
SEALED: Final = "~"
_GRAM: Final = 3
_TEXTS: Final = frozenset({BY_GIVEN_NAME.slot, BY_FAMILY_NAME.slot, *TEXT_SLOTS})
_COMMON: Final = frozenset(" aeinorstlhdmu")


def path_of(place: Place) -> str:
    """Where a profile keeps the search keys of a place."""
    return f"search.{place.slot}"


def base_of(tenant: str, place: Place) -> str:
    """What all search keys of a place in a tenant begin with, and nothing else does."""
    return f"{tenant}\t{place.field}{SEALED if place.is_sealed else ''}\t"


def is_key_of(kept: Any, tenant: str, field: str) -> bool:  # noqa: ANN401 - text, a list of it, None
    """Whether what a slot holds is a field's, sealed or not."""
    first = kept[0] if isinstance(kept, list) else str(kept)
    return first.startswith((f"{tenant}\t{field}\t", f"{tenant}\t{field}{SEALED}\t"))


def walked(tenant: str, after: str | None = None) -> dict[str, Any]:
    """What finds every profile of a tenant behind a search key: its own, then absorbed ones."""
    begin, end = base_of(tenant, BY_ID), end_of(base_of(tenant, MERGED_ID))
    return {path_of(BY_ID): {"$gt": after or begin, "$lt": end}}


def end_of(begin: str) -> str:
    """The least text that comes behind all texts with this beginning."""
    bare = begin.rstrip(_LAST)
    following = ord(bare[-1]) + 1
    # Halves of a pair are no characters of a text.
    return bare[:-1] + chr(0xE000 if following == 0xD800 else following)  # noqa: PLR2004 - their range


def kept_keys(tenant: str, profile_id: str, place: Place, keys: Iterable[str]) -> Any:  # noqa: ANN401 - text or a list of it
    """Search keys as a profile keeps them; None where there are none."""
    base = base_of(tenant, place)
    found = [f"{base}{key}" for key in keys]
    if not found:
        return None
    return [base, *found] if place.is_list else f"{found[0]}\t{profile_id}"


def updated_key(tenant: str, profile_id: str, now: datetime) -> dict[str, Any]:
    """What every change of a profile sets: when it was changed, and the search key of that."""
    key = kept_keys(tenant, profile_id, BY_UPDATED_AT, [instant_key(now)])
    return {"updatedAt": now, path_of(BY_UPDATED_AT): key}


def grams_of(search: Mapping[str, Any]) -> list[str]:
    """The marks of all texts among a profile's search keys."""
    found: dict[str, None] = {}
    for slot in sorted(_TEXTS & search.keys()):
        if isinstance(search[slot], list):
            continue  # the words of a sealed name
        tenant, field, text, *_ = search[slot].split("\t")
        for gram in _grams(text):
            found[_mark(tenant, field, gram)] = None
    return list(found)


def gram_to_find(tenant: str, place: Place, text: str) -> str:
    """The mark of the rarest three characters of a text."""
    rarest = min(_grams(text), key=lambda gram: sum(letter in _COMMON for letter in gram))
    return _mark(tenant, place.field, rarest)


def _grams(text: str) -> list[str]:
    return [text[at : at + _GRAM] for at in range(len(text) - _GRAM + 1)]


def _mark(tenant: str, field: str, gram: str) -> str:
    # Two of them may share a mark: it narrows, and the text itself is compared after it.
    digest = hashlib.blake2b(f"{tenant}\t{field}\t{gram}".encode(), digest_size=6).digest()
    return urlsafe_b64encode(digest).decode()
