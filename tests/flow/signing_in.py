"""A gateway that a real provider signs people in for."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from app.auth.settings import AuthSettings, IntrospectionSettings, IssuerSettings
from tests.support.gateway import Caller, TestGateway, a_profile, running_gateway
from tests.support.provider import SECOND_FACTOR, Provider

TENANT = "acme"
PEOPLE = {
    "ada": {"tenant": TENANT, "roles": ["agent"]},
    "sue": {"tenant": TENANT, "roles": ["supervisor"]},
    "pat": {"tenant": TENANT, "roles": ["partner"]},
    "eve": {"tenant": "globex", "roles": ["agent"]},
}
PHONE = "+12025550143"
WHO = """
{
  viewer { subject tenant roles hasSecondFactor }
  identify(channel: VOICE, value: "+12025550143") {
    profile { name { full } identities { value } }
  }
}
"""
SECRET_VARIABLE = "PROFILE_GATEWAY_TEST_INTROSPECTION"


def trusting(provider: Provider, **changes: Any) -> AuthSettings:
    """Settings that take the provider's tokens; `changes` are of its issuer."""
    os.environ[SECRET_VARIABLE] = "gateway-secret"
    given = {
        "introspection": IntrospectionSettings(
            client_id="gateway", client_secret=f"env:{SECRET_VARIABLE}"
        ),
        "second_factor_acr": (SECOND_FACTOR,),
        **changes,
    }
    return AuthSettings(issuers=(IssuerSettings(issuer=provider.issuer, **given),))


@asynccontextmanager
async def gateway_of(
    provider: Provider, uri: str, path: Path, database: str, **changes: Any
) -> AsyncIterator[TestGateway]:
    """A gateway that trusts the provider and knows a customer; nobody has signed in yet."""
    http = changes.pop("http", None)
    more = {} if http is None else {"http": http}
    auth = trusting(provider, **changes)
    async with running_gateway(uri, path, database=database, auth=auth, **more) as gateway:
        service = gateway.as_role("service", tenant=TENANT)
        await a_profile(service, identities=[{"channel": "VOICE", "value": PHONE}])
        yield gateway


def caller(gateway: TestGateway, token: str) -> Caller:
    """Somebody with this token."""
    return Caller(gateway.client, token)


def shown(answer: dict[str, Any]) -> tuple[list[str], list[str]]:
    """The customer's numbers as they were shown, and the codes of errors."""
    profile = answer["data"]["identify"]["profile"]
    numbers = [item["value"] for item in profile["identities"] or ()]
    return numbers, [error["extensions"]["code"] for error in answer.get("errors", ())]
