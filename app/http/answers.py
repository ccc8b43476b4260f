"""The one place where a transport gets what a principal is answered."""

from collections.abc import AsyncGenerator

from app.build import Gateway
from graph.execution.operation import answer, refused
from graph.execution.request import Answer, Request
from policies.principal import Principal


async def answered(gateway: Gateway, request: Request, principal: Principal) -> Answer:
    """The answer by the tenant's schema of now; never raises."""
    try:
        schema = await gateway.schemas.of(principal.tenant)
        return await answer(request, schema, principal, gateway.wiring)
    except Exception as error:  # noqa: BLE001 - the boundary: no text of whatever it is gets out
        return refused(error)


async def answers(
    gateway: Gateway, request: Request, principal: Principal
) -> AsyncGenerator[Answer, None]:
    """Every answer to an operation, in order: one to a query or a mutation."""
    yield await answered(gateway, request, principal)
