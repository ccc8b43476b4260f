"""The tenants' access matrices: the shipped one, with what each tenant has changed."""

import asyncio
import time
from collections.abc import Callable
from functools import partial

from app.fresh import Fresh
from app.store.access_rules import MongoAccessRules
from graph.access_ports import AccessRules
from graph.errors import BadInput
from graph.schema import TenantSchema, check_matrix
from policies.errors import WrongMatrix
from policies.matrix import Matrix
from policies.matrix_file import matrix_of, read_matrix

_PATIENCE_S = 0.5
_LONGEST = 65_536
_NAME = "the access rules"


def checked_rules(text: str) -> None:
    """Return where these rules could be put in force over the shipped matrix.

    Raises:
        WrongMatrix: they aren't rules, or name what doesn't exist.
    """
    check_matrix(TenantSchema(), matrix_of(text, _NAME, read_matrix(), 1))


class TenantMatrices:
    """`graph.access_ports.Matrices`: no older than a fifth of a second, whoever changed the rules.

    `check` raises `WrongMatrix` for a matrix that doesn't fit the schema.
    """

    def __init__(
        self,
        shipped: Matrix,
        kept: MongoAccessRules,
        check: Callable[[Matrix], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._shipped = shipped
        self._kept = kept
        self._check = check
        self._fresh = Fresh(self._newest, lambda matrix: matrix.revision, clock)

    @classmethod
    def shipped(cls, kept: MongoAccessRules) -> "TenantMatrices":
        """Matrices over the shipped one; raises `WrongMatrix` where it doesn't fit the schema."""
        check, matrix = partial(check_matrix, TenantSchema()), read_matrix()
        check(matrix)
        return cls(matrix, kept, check)

    async def of(self, tenant: str) -> Matrix:
        """See `graph.access_ports.Matrices`."""
        return await self._fresh.of(tenant)

    async def rules(self, tenant: str) -> AccessRules:
        """See `graph.access_ports.Matrices`."""
        return await self._kept.current(tenant)

    async def change(self, tenant: str, text: str, if_revision: int | None, by: str) -> AccessRules:
        """See `graph.access_ports.Matrices`."""
        if len(text.encode("utf-8", "replace")) > _LONGEST:
            raise BadInput(f"rules: at most {_LONGEST} bytes.")
        try:
            self._matrix(text, 1)
        except WrongMatrix as error:
            raise BadInput(f"rules: {error}.") from None
        try:
            return await self._kept.change(tenant, text, if_revision, by)
        finally:
            self._fresh.expire(tenant)

    def _matrix(self, text: str, revision: int) -> Matrix:
        matrix = matrix_of(text, _NAME, self._shipped, revision)
        self._check(matrix)
        return matrix

    async def _newest(self, tenant: str, known: Matrix | None) -> Matrix:
        if known is None:
            rules = await self._kept.current(tenant)
        else:
            # A store that is away must cost the requests of a known tenant little.
            async with asyncio.timeout(_PATIENCE_S):
                rules = await self._kept.current(tenant, known.revision)
            if rules.revision == known.revision:
                return known
        return self._matrix(rules.text, rules.revision) if rules.revision else self._shipped
