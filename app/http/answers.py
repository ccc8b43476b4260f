"""The one place where a transport gets what a principal is answered."""

from collections.abc import AsyncGenerator

from app.build import Gateway
from app.http.body import Asked
from graph.errors import LimitExceeded
from graph.execution.answers import refused
from graph.execution.operation import answer
from graph.execution.request import Answer
from policies.principal import Principal


async def answered(gateway: Gateway, asked: Asked, principal: Principal) -> Answer:
    """The answer by the tenant's schema of now; never raises."""
    try:
        request = gateway.documents.request(asked, principal.tenant)
        schema = await gateway.schemas.of(principal.tenant)
        return await answer(request, schema, principal, gateway.wiring)
    except Exception as error:  # noqa: BLE001 - the boundary: no text of whatever it is gets out
        return refused(error)


def too_long(gateway: Gateway, length: int) -> Answer | None:
    """What is answered in place of an answer of so many bytes; None where it may be sent."""
    most = gateway.settings.http.max_response_bytes
    return refused(LimitExceeded("response bytes", most, length)) if length > most else None


async def answers(
    gateway: Gateway, asked: Asked, principal: Principal
) -> AsyncGenerator[Answer, None]:
    """Every answer to an operation, in order: one to a query or a mutation."""
    yield await answered(gateway, asked, principal)
