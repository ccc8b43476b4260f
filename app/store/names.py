"""Names of collections and of their `_id`s.  The tenant is inside every key that is looked up."""

from collections.abc import Callable
from typing import Final

from app.keys import blind_index, tenant_identity_key
from graph.model.identity import IdentityName

PROFILES: Final = "profiles"
IDENTITIES: Final = "identities"
ALIASES: Final = "aliases"
DEFINITIONS: Final = "definitions"
META: Final = "meta"
JOBS: Final = "jobs"
FILTERS: Final = "filters"


def key_of(tenant: str, *parts: str) -> str:
    """The `_id` of a tenant's document."""
    return "/".join((tenant, *parts))


def identity_index(root: bytes) -> Callable[[str, IdentityName], str]:
    """How the store names identities: a keyed hash, so that the index tells nobody's number."""
    keys: dict[str, bytes] = {}

    def index(tenant: str, name: IdentityName) -> str:
        if tenant not in keys:
            keys[tenant] = tenant_identity_key(root, tenant)
        return f"{name.kind}/{blind_index(keys[tenant], name.kind, name.value)}"

    return index
