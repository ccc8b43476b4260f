import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
import orjson

from app.auth.addresses import is_plain_http, is_trustworthy

_MAX_BYTES = 100_000
_MAX_AGE = re.compile(r"(?:^|[,\s])max-age\s*=\s*\"?(\d{1,9})\b", re.IGNORECASE)
_HEADERS = {"Accept": "application/json", "Accept-Encoding": "identity"}


class UnusableAnswer(Exception):
    """An issuer's server answered with something that isn't what it should be."""


@dataclass(frozen=True, slots=True)
class Document:
    """A JSON object that was fetched.  `max_age_s` is how long its server says it is fresh."""

    content: dict[str, Any]
    max_age_s: int | None


async def discover_key_set(http: httpx2.AsyncClient, issuer: str) -> str:
    """The address of an issuer's key set, by OpenID Connect Discovery 1.0.

    Raises:
        UnusableAnswer: the document is another issuer's, or names no trustworthy address.
        httpx2.HTTPError: no answer.
    """
    return await _discover(http, issuer, "jwks_uri", "key set")


async def discover_introspection(http: httpx2.AsyncClient, issuer: str) -> str:
    """The address where an issuer tells about tokens (RFC 8414); raises as `discover_key_set`."""
    return await _discover(http, issuer, "introspection_endpoint", "introspection")


async def _discover(http: httpx2.AsyncClient, issuer: str, entry: str, what: str) -> str:
    document = await fetch_json(http, issuer.rstrip("/") + "/.well-known/openid-configuration")
    if document.content.get("issuer") != issuer:
        raise UnusableAnswer("the discovery document is another issuer's")
    address = document.content.get(entry)
    if not isinstance(address, str) or not is_trustworthy(address):
        raise UnusableAnswer(f"the discovery document names no https {what}")
    if is_plain_http(address) and not is_plain_http(issuer):
        raise UnusableAnswer("the discovery document leads from https to http")
    return address


async def fetch_json(http: httpx2.AsyncClient, address: str) -> Document:
    """The JSON object at `address`: at most 100 KB, without following redirects.

    Raises:
        UnusableAnswer: another status than 200, too long, compressed or no JSON object.
        httpx2.HTTPError: no answer.
    """
    return await _answered(http.build_request("GET", address, headers=_HEADERS), http)


async def post_form(
    http: httpx2.AsyncClient, address: str, form: Mapping[str, str], authorization: str
) -> Document:
    """The JSON object that answers a form sent to `address`; limits and errors as `fetch_json`."""
    headers = {**_HEADERS, "Authorization": authorization}
    return await _answered(http.build_request("POST", address, data=form, headers=headers), http)


async def _answered(request: httpx2.Request, http: httpx2.AsyncClient) -> Document:
    answer = await http.send(request, stream=True, follow_redirects=False)
    try:
        if answer.status_code != httpx2.codes.OK:
            raise UnusableAnswer(f"status {answer.status_code}")
        # Nobody asked for compression, and what it unpacks to has no limit.
        if answer.headers.get("Content-Encoding", "identity") != "identity":
            raise UnusableAnswer("the answer is compressed")
        body = await _read_limited(answer)
    finally:
        await answer.aclose()
    return Document(_json_object(body), _max_age(answer.headers.get("Cache-Control", "")))


async def _read_limited(answer: httpx2.Response) -> bytes:
    body = bytearray()
    async for chunk in answer.aiter_raw():
        body += chunk
        if len(body) > _MAX_BYTES:
            raise UnusableAnswer(f"the answer is longer than {_MAX_BYTES} bytes")
    return bytes(body)


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        content = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise UnusableAnswer("the answer isn't JSON") from None
    if not isinstance(content, dict):
        raise UnusableAnswer("the answer isn't a JSON object")
    return content


def _max_age(cache_control: str) -> int | None:
    found = _MAX_AGE.search(cache_control)
    return int(found[1]) if found else None
