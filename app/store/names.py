"""Names of collections and of their `_id`s.  The tenant is inside every key that is looked up."""

from typing import Final

PROFILES: Final = "profiles"
IDENTITIES: Final = "identities"
ALIASES: Final = "aliases"
DEFINITIONS: Final = "definitions"
META: Final = "meta"
JOBS: Final = "jobs"
FILTERS: Final = "filters"
HISTORY: Final = "history"
MERGED: Final = "merged"
"""What stands before the id in the `_id` of a profile that another one absorbed."""
INTERACTIONS: Final = "interactions"
INTERACTION_CLAIMS: Final = "interactionClaims"
TIMELINES: Final = "timelines"
ACCESS_RULES: Final = "accessRules"
AUDIT: Final = "audit"
GRANTS: Final = "breakGlassGrants"
WEIGHTS: Final = "weights"
SUGGESTIONS: Final = "suggestions"
API_KEYS: Final = "apiKeys"
REVOCATIONS: Final = "revocations"
BOOKMARKS: Final = "bookmarks"
DEAD_LETTERS: Final = "deadLetters"
OUTBOX: Final = "outbox"
REFETCHES: Final = "refetches"
WEBHOOK_EVENTS: Final = "webhookEvents"

INDEXED_BY: Final = "indexedBy"
"""The version of the index key that a rotation has made all indexes of a profile by."""


def key_of(tenant: str, *parts: str) -> str:
    """The `_id` of a tenant's document."""
    return "/".join((tenant, *parts))
