"""Every address of the gateway, in one list."""

from starlette.applications import Starlette
from starlette.routing import Route

from app.build import Gateway
from app.http.graphql import GraphQLEndpoint
from app.http.headers import middleware
from app.http.health import livez, readyz


def create_app(gateway: Gateway) -> Starlette:
    """The ASGI application of an open gateway."""
    return Starlette(
        routes=[
            Route("/graphql", GraphQLEndpoint(gateway).respond, methods=["POST", "GET"]),
            Route("/livez", livez, methods=["GET"]),
            Route("/readyz", readyz(gateway), methods=["GET"]),
        ],
        middleware=middleware(gateway.settings.http),
    )
