"""A real OpenID Connect provider on this machine: npm's `oidc-provider`, in a Node.js process."""

import asyncio
import base64
import hashlib
import json
import os
import secrets
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

import httpx2

from tests.support.node import SCRIPTS, node

AUDIENCE = "profile-gateway"
SIGNED, OPAQUE = "urn:signed", "urn:opaque"
SECOND_FACTOR = "second-factor"
_START_S = 20
_MOST_REDIRECTS = 10


@dataclass(frozen=True, slots=True)
class Asked:
    """How often the provider was asked for each thing."""

    discovery: int
    keys: int
    introspection: int

    def since(self, before: "Asked") -> "Asked":
        """How much more often than before."""
        return Asked(
            self.discovery - before.discovery,
            self.keys - before.keys,
            self.introspection - before.introspection,
        )


@dataclass(frozen=True, slots=True)
class Provider:
    """The provider at `issuer`; a browser comes back from it to `callback`."""

    issuer: str
    callback: str
    http: httpx2.AsyncClient
    process: asyncio.subprocess.Process

    async def client_credentials(
        self, client: str = "robot", resource: str = SIGNED, certificate: bytes = b""
    ) -> str:
        """An access token for a program; `certificate` (PEM) is what it shows."""
        form = {"grant_type": "client_credentials", "resource": resource, "scope": "profiles:read"}
        answer = await self.http.post(
            f"{self.issuer}/token",
            data=form,
            auth=(client, f"{client}-secret"),
            headers={"x-certificate": quote(certificate.decode(), safe="")},
        )
        return _token(answer)

    async def signed_in(self, person: str, acr: str | None = None, resource: str = SIGNED) -> str:
        """An access token for a person: authorisation code with PKCE, in a browser of its own."""
        verifier = secrets.token_urlsafe(40)
        challenge = hashlib.sha256(verifier.encode()).digest()
        asked = {
            "client_id": "desk",
            "response_type": "code",
            "redirect_uri": self.callback,
            "scope": "openid profiles:read profiles:write",
            "resource": resource,
            "login_hint": person,
            "state": secrets.token_urlsafe(8),
            "code_challenge_method": "S256",
            "code_challenge": base64.urlsafe_b64encode(challenge).decode().rstrip("="),
        }
        if acr is not None:
            asked["acr_values"] = acr
        code = await self._code(asked)
        form = {
            "grant_type": "authorization_code",
            "client_id": "desk",
            "code": code,
            "redirect_uri": self.callback,
            "code_verifier": verifier,
            "resource": resource,
        }
        return _token(await self.http.post(f"{self.issuer}/token", data=form))

    async def revoke(self, token: str) -> None:
        """Revoke a token of a person."""
        form = {"token": token, "client_id": "desk"}
        answer = await self.http.post(f"{self.issuer}/token/revocation", data=form)
        assert answer.status_code == 200, answer.text

    async def stop(self) -> None:
        """Be gone."""
        self.process.kill()
        await self.process.wait()

    async def add_key(self) -> None:
        """Sign with a new key from now on; the former ones are still served."""
        await self._switch("new-key")

    async def keep_newest_key(self) -> None:
        """Serve the newest key alone."""
        await self._switch("newest-key-alone")

    async def asked(self) -> Asked:
        """How often it was asked."""
        return Asked(**await self._switch("asked"))

    async def _switch(self, name: str) -> dict[str, Any]:
        return (await self.http.post(f"{self.issuer}/switch/{name}")).json()

    async def _code(self, asked: Mapping[str, str]) -> str:
        async with httpx2.AsyncClient(trust_env=False, timeout=20) as browser:
            answer = await browser.get(f"{self.issuer}/auth", params=asked)
            for _ in range(_MOST_REDIRECTS):
                place = answer.headers.get("location", "")
                if place.startswith(self.callback):
                    found = parse_qs(urlsplit(place).query)
                    assert found["state"] == [asked["state"]], found
                    return found["code"][0]
                assert place, answer.text
                answer = await browser.get(httpx2.URL(self.issuer).join(place))
        raise AssertionError("the provider redirects for ever")


@asynccontextmanager
async def running_provider(people: Mapping[str, Mapping[str, Any]]) -> AsyncIterator[Provider]:
    """A provider that knows `people`: what each one's tokens claim, by name."""
    process = await asyncio.create_subprocess_exec(
        node(),
        str(SCRIPTS / "provider.mjs"),
        env={
            "PATH": os.environ.get("PATH", ""),
            "PROVIDER_AUDIENCE": AUDIENCE,
            "PROVIDER_PEOPLE": json.dumps(people),
        },
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        places = await asyncio.wait_for(_places(process), _START_S)
        async with httpx2.AsyncClient(trust_env=False, timeout=20) as http:
            yield Provider(places["issuer"], places["callback"], http, process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def _places(process: asyncio.subprocess.Process) -> dict[str, str]:
    assert process.stdout is not None
    async for line in process.stdout:
        if line.startswith(b"{"):
            return json.loads(line)
    raise AssertionError(f"the provider ended with {await process.wait()}")


def _token(answer: httpx2.Response) -> str:
    assert answer.status_code == 200, answer.text
    return answer.json()["access_token"]
