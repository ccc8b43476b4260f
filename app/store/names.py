"""Names of collections and of their `_id`s.  The tenant is inside every key that is looked up."""

from typing import Final

PROFILES: Final = "profiles"
IDENTITIES: Final = "identities"
ALIASES: Final = "aliases"
DEFINITIONS: Final = "definitions"
META: Final = "meta"
JOBS: Final = "jobs"
FILTERS: Final = "filters"
WEIGHTS: Final = "weights"
SUGGESTIONS: Final = "suggestions"


def key_of(tenant: str, *parts: str) -> str:
    """The `_id` of a tenant's document."""
    return "/".join((tenant, *parts))
