"""A stand-in for Vault's transit engine: the same HTTP, real AES-GCM, versions and rights.

It speaks as the API documentation of Vault says, and Vault's own Python client is its judge.
"""

import base64
import json
import os
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

ROOT_TOKEN = "hvs.root"
_ACTIONS = {"keys", "encrypt", "decrypt"}


class _Refusal(Exception):
    def __init__(self, status: int, *errors: str) -> None:
        self.status = status
        self.errors = errors


@dataclass(slots=True)
class TransitKey:
    """A key in all its versions; the first one is 1."""

    type: str = "aes256-gcm96"
    derived: bool = False
    min_decryption_version: int = 1
    versions: list[bytes] = field(default_factory=lambda: [AESGCM.generate_key(256)])

    def encrypt(self, plain: bytes, associated: bytes) -> str:
        nonce = os.urandom(12)
        sealed = nonce + AESGCM(self.versions[-1]).encrypt(nonce, plain, associated)
        return f"vault:v{len(self.versions)}:{base64.b64encode(sealed).decode()}"

    def decrypt(self, ciphertext: str, associated: bytes) -> bytes:
        version, sealed = self._parted(ciphertext)
        try:
            key = AESGCM(self.versions[version - 1])
            return key.decrypt(sealed[:12], sealed[12:], associated)
        except (InvalidTag, ValueError):
            raise _Refusal(400, "cipher: message authentication failed") from None

    def _parted(self, ciphertext: str) -> tuple[int, bytes]:
        prefix, number, encoded = (*ciphertext.split(":"), "", "", "")[:3]
        if prefix != "vault" or not number[1:].isdecimal():
            raise _Refusal(400, "invalid ciphertext: no prefix")
        version = int(number[1:])
        if version > len(self.versions):
            raise _Refusal(400, "invalid ciphertext: version is too new")
        if version < self.min_decryption_version:
            raise _Refusal(400, "ciphertext or signature version is disallowed by policy (too old)")
        return version, _decoded(encoded)


class Transit:
    """Vault with transit engines at `mounts`, each path with its namespace before it.

    `rights` are the actions (keys, encrypt, decrypt) of each token; the root token has them all.
    `ignores_associated_data` makes it a Vault of before 1.13, `is_sealed` one that nobody opened.
    """

    def __init__(self) -> None:
        self.address = ""
        self.mounts = {"transit"}
        self.keys: dict[str, TransitKey] = {}
        self.rights: dict[str, set[str]] = {ROOT_TOKEN: _ACTIONS}
        self.is_sealed = False
        self.ignores_associated_data = False
        self.requests: list[tuple[str, str]] = []

    def reset(self) -> None:
        """As new, at the same address."""
        address = self.address
        self.__init__()
        self.address = address

    async def serve(self, request: Request) -> Response:
        """Answer one request."""
        words = {"action": "keys", **request.path_params}
        self.requests.append((request.method, request.url.path))
        try:
            self._admit(request, words)
            body = json.loads(await request.body() or b"{}")
            data = self._done(request, words, body)
        except _Refusal as refusal:
            return JSONResponse({"errors": list(refusal.errors)}, refusal.status)
        return Response(status_code=204) if data is None else JSONResponse({"data": data})

    def _admit(self, request: Request, words: dict[str, str]) -> None:
        if self.is_sealed:
            raise _Refusal(503, "Vault is sealed")
        rights = self.rights.get(request.headers.get("X-Vault-Token", ""), set())
        changes_key = words["action"] == "keys" and request.method != "GET"
        if words["action"] not in rights or (changes_key and rights != _ACTIONS):
            raise _Refusal(403, "permission denied")
        namespace = request.headers.get("X-Vault-Namespace", "").strip("/")
        words["mount"] = "/".join(part for part in (namespace, words["mount"]) if part)
        if words["mount"] not in self.mounts:
            route = f"{words['mount']}/{words['action']}/{words['key']}"
            raise _Refusal(404, f'no handler for route "{route}". route entry not found.')

    def _done(self, request: Request, words: dict[str, str], body: Any) -> dict[str, Any] | None:
        path = f"{words['mount']}/{words['key']}"
        key = self.keys.get(path)
        associated = _decoded(body.get("associated_data", ""))
        if self.ignores_associated_data:
            associated = b""
        match words["action"], request.method, words.get("what"):
            case "keys", "GET", None:
                return _described(words["key"], key)
            case "keys", _, None:
                kind = body.get("type", "aes256-gcm96")
                self.keys.setdefault(path, TransitKey(kind, bool(body.get("derived"))))
                return None
            case "keys", _, "rotate":
                _there(key).versions.append(AESGCM.generate_key(256))
                return None
            case "keys", _, "config":
                _there(key).min_decryption_version = body["min_decryption_version"]
                return None
            case "encrypt", _, None:
                ciphertext = _there(key).encrypt(_decoded(body["plaintext"]), associated)
                return {"ciphertext": ciphertext, "key_version": len(key.versions)}
            case "decrypt", _, None:
                plain = _there(key).decrypt(body["ciphertext"], associated)
                return {"plaintext": base64.b64encode(plain).decode()}
        raise _Refusal(405)


def _there(key: TransitKey | None) -> TransitKey:
    if key is None:
        raise _Refusal(400, "encryption key not found")
    return key


def _described(name: str, key: TransitKey | None) -> dict[str, Any]:
    if key is None:
        raise _Refusal(404)
    return {
        "name": name,
        "type": key.type,
        "derived": key.derived,
        "latest_version": len(key.versions),
        "min_decryption_version": key.min_decryption_version,
        "supports_encryption": True,
        "supports_decryption": True,
        "keys": {str(number): 0 for number in range(1, len(key.versions) + 1)},
    }


def _decoded(text: str) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:
        raise _Refusal(400, "illegal base64 data") from None


@contextmanager
def running_transit() -> Iterator[Transit]:
    """A stand-in that listens on a free port of 127.0.0.1, in a thread of its own."""
    transit = Transit()
    server = uvicorn.Server(_config(transit))
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        _wait_until_started(server, thread)
        port = server.servers[0].sockets[0].getsockname()[1]
        transit.address = f"http://127.0.0.1:{port}"
        yield transit
    finally:
        server.should_exit = True
        thread.join(timeout=10)
        assert not thread.is_alive(), "the stand-in for Vault didn't stop in 10 s"


def _config(transit: Transit) -> uvicorn.Config:
    methods = ["GET", "POST", "PUT"]
    routes = [
        Route("/v1/{mount:path}/keys/{key}/{what}", transit.serve, methods=methods),
        Route("/v1/{mount:path}/{action}/{key}", transit.serve, methods=methods),
    ]
    return uvicorn.Config(
        Starlette(routes=routes),
        host="127.0.0.1",
        port=0,
        log_level="error",
        lifespan="off",
        ws="none",
        timeout_graceful_shutdown=2,
    )


def _wait_until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + 10
    while not server.started:
        assert thread.is_alive(), "the stand-in for Vault ended before it started"
        assert time.monotonic() < deadline, "the stand-in for Vault didn't start in 10 s"
        time.sleep(0.005)
