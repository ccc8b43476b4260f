"""A root key in Vault: its transit secrets engine, or OpenBao's, over HTTP.

The token needs these rights and no more (`create` would make a new key where ours is gone):

    path "transit/keys/KEY"    { capabilities = ["read"] }
    path "transit/encrypt/KEY" { capabilities = ["update"] }
    path "transit/decrypt/KEY" { capabilities = ["update"] }
"""

import asyncio
import base64
import re
import secrets
from collections.abc import Mapping
from contextlib import aclosing
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final

import httpx2
import orjson

from app.key_settings import VaultSettings
from app.keyring.errors import KeyDamaged, RootKeyRefused, RootKeyUnavailable
from app.keys import KeyTrouble, SecretUnusable, resolve_secret

_KINDS: Final = {"aes256-gcm96", "chacha20-poly1305", "xchacha20-poly1305"}
_CIPHERTEXT: Final = re.compile(r"vault:v([1-9][0-9]{0,8}):([A-Za-z0-9+/]+={0,2})")
_NO_KEY: Final = "key not found"
_MAX_BYTES: Final = 100_000
_BUSY: Final = {HTTPStatus.PRECONDITION_FAILED, HTTPStatus.TOO_MANY_REQUESTS, 472, 473}


@dataclass(frozen=True, slots=True)
class _Answer:
    path: str
    status: int
    content: Mapping[str, Any]

    @property
    def data(self) -> Mapping[str, Any]:
        data = self.content.get("data")
        return data if isinstance(data, dict) else {}

    @property
    def errors(self) -> str | None:
        """What Vault says against it, never to be repeated; None when it wasn't Vault."""
        errors = self.content.get("errors")
        return str(errors) if isinstance(errors, list) else None


class VaultRootKey:
    """A key of Vault's transit engine.  `setting` is where it is named, for the messages.

    Its id is `vault:MOUNT/KEY:vN`, with the namespace before the mount where there is one; N is
    the version that wraps, and it is left out until Vault was asked.
    """

    def __init__(self, vault: VaultSettings, setting: str, http: httpx2.AsyncClient) -> None:
        self._vault = vault
        self._setting = setting
        self._name = f"vault:{vault.path}"
        self._http = http
        self._version: int | None = None
        self._token()

    @property
    def id(self) -> str:
        """The key's name, and the version that wrapped last."""
        return self._name if self._version is None else f"{self._name}:v{self._version}"

    async def open(self) -> None:
        """Learn which version wraps, and see that the key can be used and heeds the context.

        Raises:
            RootKeyRefused, RootKeyUnavailable: it can't be used; the message says what to do.
        """
        answer = await self._ask("GET", "keys")
        self._check(answer)
        data, version = answer.data, answer.data.get("latest_version")
        if not isinstance(version, int):
            raise self._not_vault()
        if data.get("type") not in _KINDS or data.get("derived"):
            kinds = ", ".join(sorted(_KINDS))
            raise self._refused("key", f"its type must be one of {kinds}, and not derived")
        self._version = version
        await self._try_contexts()

    async def wrap(self, key: bytes, context: bytes) -> bytes:
        """What Vault made of `key`: ASCII, `vault:vN:` and base64.

        Raises:
            RootKeyRefused, RootKeyUnavailable: Vault doesn't do it.
        """
        body = {"plaintext": _base64(key), "associated_data": _base64(context)}
        answer = await self._ask("POST", "encrypt", body)
        self._check(answer)
        ciphertext = str(answer.data.get("ciphertext"))
        if (found := _CIPHERTEXT.fullmatch(ciphertext)) is None:
            raise self._not_vault()
        self._version = int(found[1])
        return ciphertext.encode()

    async def unwrap(self, wrapped: bytes, context: bytes) -> bytes:
        """The key that any version of this key wrapped.

        Raises:
            KeyDamaged: it was wrapped otherwise, or changed.
            RootKeyRefused, RootKeyUnavailable: Vault doesn't do it.
        """
        ciphertext = wrapped.decode("ascii", errors="replace")
        if not _is_ciphertext(ciphertext):
            raise KeyDamaged(self._name)
        body = {"ciphertext": ciphertext, "associated_data": _base64(context)}
        answer = await self._ask("POST", "decrypt", body)
        if answer.status == HTTPStatus.BAD_REQUEST:
            raise self._undone(answer)
        self._check(answer)
        plaintext = _unbase64(answer.data.get("plaintext"))
        if plaintext is None:
            raise self._not_vault()
        return plaintext

    async def _try_contexts(self) -> None:
        # Vault before 1.13 ignores associated data, and then a moved key would unwrap anywhere.
        key = secrets.token_bytes(32)
        wrapped = await self.wrap(key, b"here")
        if await self.unwrap(wrapped, b"here") != key:
            raise self._not_vault()
        try:
            await self.unwrap(wrapped, b"elsewhere")
        except KeyDamaged:
            return
        raise self._refused("address", "associated data is ignored there: Vault 1.13 is needed")

    async def _ask(
        self, method: str, action: str, body: Mapping[str, str] | None = None
    ) -> _Answer:
        vault = self._vault
        path = f"{vault.mount}/{action}/{vault.key}"
        try:
            # httpx2 times each read; only the outer timeout stops an answer that drips.
            async with asyncio.timeout(vault.timeout_s):
                return await self._exchange(method, path, body)
        except (TimeoutError, httpx2.TimeoutException):
            raise self._unavailable(f"no answer within {vault.timeout_s} s") from None
        except (httpx2.HTTPError, httpx2.InvalidURL) as error:
            # Neither cause nor text is passed on: both may quote the address or a header.
            raise self._unavailable(f"the connection failed ({type(error).__name__})") from None

    async def _exchange(self, method: str, path: str, body: Mapping[str, str] | None) -> _Answer:
        async with self._http.stream(
            method,
            f"{self._vault.address.rstrip('/')}/v1/{path}",
            headers=self._headers(),
            content=None if body is None else orjson.dumps(body),
            timeout=self._vault.timeout_s,
            follow_redirects=False,
        ) as response:
            content = bytearray()
            async with aclosing(response.aiter_raw()) as chunks:
                async for chunk in chunks:
                    content += chunk
                    if len(content) > _MAX_BYTES:
                        raise self._unavailable("the answer is too long")
            return _Answer(path, response.status_code, _parsed(content))

    def _headers(self) -> dict[str, str]:
        headers = {
            "X-Vault-Token": self._token(),
            "X-Vault-Request": "true",
            "Content-Type": "application/json",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
        }
        if self._vault.namespace:
            headers["X-Vault-Namespace"] = self._vault.namespace
        return headers

    def _token(self) -> str:
        setting = f"{self._setting}.token"
        token = resolve_secret(self._vault.token, setting)
        if not (token.isascii() and token.isprintable()):
            # Checked here, for the error of an encoder would hold the token.
            raise SecretUnusable(setting, "must be one line of ASCII")
        return token

    def _check(self, answer: _Answer) -> None:
        """Raise what a refusal means; return when Vault has done it."""
        status = answer.status
        if status in (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN):
            raise self._refused("token", f"it has no right to {answer.path} ({status})")
        if status == HTTPStatus.NOT_FOUND or _NO_KEY in (answer.errors or ""):
            raise self._no_key(status)
        if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
            raise self._refused("address", f"it leads elsewhere ({status}): name the active node")
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            raise self._unavailable(f"Vault is sealed or under maintenance ({status})")
        if status in _BUSY or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise self._unavailable(f"Vault can't answer now ({status})")
        if status != HTTPStatus.OK:
            raise self._refused("key", f"Vault refuses {answer.path} ({status})")

    def _undone(self, answer: _Answer) -> KeyTrouble:
        """What it means that Vault answered a ciphertext with 400."""
        if answer.errors is None:
            return self._not_vault()
        if _NO_KEY in answer.errors:
            return self._no_key(answer.status)
        if "too old" in answer.errors:
            return self._refused("key", "its min_decryption_version is above what is stored")
        return KeyDamaged(self._name)

    def _no_key(self, status: int) -> RootKeyRefused:
        why = f"there is no {self._vault.path} ({status}): check namespace, mount and key"
        return self._refused("key", why)

    def _refused(self, part: str, why: str) -> RootKeyRefused:
        return RootKeyRefused(f"{self._setting}.{part}", why)

    def _not_vault(self) -> RootKeyUnavailable:
        return self._unavailable("the answer isn't Vault's")

    def _unavailable(self, why: str) -> RootKeyUnavailable:
        return RootKeyUnavailable(self._setting, why)


def _is_ciphertext(text: str) -> bool:
    # As Vault writes it: it would read more, such as stray bits at the end of the base64.
    found = _CIPHERTEXT.fullmatch(text)
    content = _unbase64(found[2]) if found else None
    return content is not None and _base64(content) == text.rpartition(":")[2]


def _unbase64(text: object) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True) if isinstance(text, str) else None
    except ValueError:
        return None


def _base64(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _parsed(content: bytearray) -> Mapping[str, Any]:
    try:
        parsed = orjson.loads(content)
    except orjson.JSONDecodeError:
        return {}
    return parsed if isinstance(parsed, dict) else {}
