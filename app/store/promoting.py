"""Anonymous profiles that become identified with what is written to them."""

from app.store.documents import Document
from graph.model.lifecycle import Promotion
from graph.model.profile import ProfilePatch, ProfileState


def promoted(patch: ProfilePatch, held: Document, promotion: Promotion | None) -> ProfilePatch:
    """A patch of a profile, which also identifies it where it is anonymous."""
    if promotion is None or held["state"] != ProfileState.ANONYMOUS.value:
        return patch
    return promotion.applied(patch, held.get("custom", {}))
