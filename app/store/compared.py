"""What of a profile tells who may be the same person, as far as a patch changes it."""

from collections.abc import Mapping
from typing import Any, Final

from app.store.documents import from_document
from app.store.sealing import ProfileSeal
from graph.model.profile import PersonName, Profile, ProfilePatch

COMPARED: Final = frozenset({"name.given", "name.family", "birth_date"})


def is_compared(patch: ProfilePatch) -> bool:
    """Whether a patch changes what tells that two profiles are one person."""
    return not (
        COMPARED.isdisjoint(patch.changes) and patch.found.compared.keys().isdisjoint(patch.custom)
    )


def patched_profile(held: Mapping[str, Any], patch: ProfilePatch, seal: ProfileSeal) -> Profile:
    """What is compared of a profile as it is after a patch, but for its identities."""
    before = from_document(held, seal, COMPARED | {f"custom.{one}" for one in patch.found.compared})
    name, changes = before.name or PersonName(), patch.changes
    born: Any = changes.get("birth_date", before.birth_date)
    given: Any = changes.get("name.given", name.given)
    family: Any = changes.get("name.family", name.family)
    return Profile(
        id=before.id,
        name=PersonName(given=given, family=family),
        birth_date=born,
        custom={**(before.custom or {}), **patch.custom},
    )
