"""Which records of CRMs a profile is, as what it is found by: `linked`, one key for each link.

Only who stands for themselves has any, so that a record never leads to a profile that is MERGED.
"""

from collections.abc import Iterable
from typing import Final

from app.store.names import key_of
from graph.model.profile import Link

LINKED: Final = "linked"
RELINKED: Final = "relinkedAt"
"""When the links of a profile were changed last."""
_SEPARATOR: Final = "\t"  # no part of a link holds one


def linked_key(tenant: str, source: str, object: str, record: str = "") -> str:
    """What a profile is found by that is this record; without a record, how all of them begin."""
    return key_of(tenant, _SEPARATOR.join((source, object, record)))


def linked_beginning(tenant: str, source: str) -> str:
    """How the keys of all records of a source begin."""
    return key_of(tenant, f"{source}{_SEPARATOR}")


def linked_keys(tenant: str, links: Iterable[Link] | None) -> list[str]:
    """The keys of a profile's links."""
    return sorted(
        linked_key(tenant, link.source or "", link.object or "", link.record_id or "")
        for link in links or ()
    )
