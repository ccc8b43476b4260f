"""Every address of the gateway, in one list."""

from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute

from app.build import Gateway
from app.http.admission import Admission
from app.http.graphql import GraphQLEndpoint
from app.http.headers import middleware
from app.http.health import livez, readyz
from app.http.metrics import metrics
from app.http.socket import SocketEndpoint
from app.http.webhook_admission import WebhookAdmission
from app.http.webhooks import webhooks


def create_app(gateway: Gateway) -> Starlette:
    """The ASGI application of an open gateway."""
    admission = Admission(gateway.authenticator, gateway.settings)
    senders = WebhookAdmission(gateway.settings)
    return Starlette(
        routes=[
            WebSocketRoute("/graphql", SocketEndpoint(gateway, admission)),
            Route("/graphql", GraphQLEndpoint(gateway, admission).respond, methods=["POST", "GET"]),
            Route("/webhooks/{source}", webhooks(gateway, senders), methods=["POST"]),
            Route("/livez", livez, methods=["GET"]),
            Route("/readyz", readyz(gateway), methods=["GET"]),
            Route("/metrics", metrics(gateway), methods=["GET"]),
        ],
        middleware=middleware(gateway.settings.http),
    )
