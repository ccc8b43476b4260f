"""A tenant's fields and access rules as the store has them, for commands that only read these."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial

from app.matrices import TenantMatrices
from app.sealing import opened_sealing
from app.settings import Settings
from app.store.access_rules import MongoAccessRules
from app.store.attach import attached_store
from app.store.definitions import MongoDefinitions
from graph.schema import TenantSchema, check_matrix
from policies.asking import Asking, asking_of
from policies.matrix import Matrix
from policies.matrix_file import read_matrix
from policies.principal import Principal
from policies.standing import Purpose

_NOBODY = "nobody"


@dataclass(frozen=True, slots=True)
class TenantRules:
    """What decides access for one tenant."""

    tenant: str
    schema: TenantSchema
    matrix: Matrix

    def asking(
        self,
        roles: Iterable[str],
        *,
        has_second_factor: bool = False,
        is_fresh: bool = False,
        client: str | None = None,
        purpose: Purpose | None = None,
    ) -> Asking:
        """A request of somebody with these roles."""
        now = datetime.now(UTC).timestamp()
        principal = Principal(
            self.tenant,
            _NOBODY,
            frozenset(roles),
            has_second_factor=has_second_factor or is_fresh,
            client=client,
            authenticated_at=now if is_fresh else None,
        )
        return asking_of(principal, self.matrix, now, purpose)


async def tenant_rules(settings: Settings, tenant: str) -> TenantRules:
    """The rules of a tenant from the store.

    Raises:
        StoreUnavailable: the store gives no answer.
        WrongMatrix: the tenant's rules don't fit this version of the gateway.
    """
    async with (
        attached_store(settings) as store,
        opened_sealing(settings, store.client) as sealing,
    ):
        definitions = await MongoDefinitions(store.database, sealing).current(tenant)
        kept = MongoAccessRules(store.database, partial(datetime.now, UTC))
        schema = TenantSchema(definitions)
        check = partial(check_matrix, TenantSchema())
        return TenantRules(
            tenant, schema, await TenantMatrices(read_matrix(), kept, check).of(tenant)
        )


def shipped_rules() -> TenantRules:
    """The rules of a tenant that has changed nothing and defined no field."""
    return TenantRules("demo", TenantSchema(), read_matrix())
