"""A stand-in for Vault with one key, the settings that lead to it, and root keys to be opened."""

import base64
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from app.key_settings import KeySettings, VaultSettings
from app.keyring.root_keys import RootKeys, open_root_keys
from app.settings import Settings
from tests.support.transit import ROOT_TOKEN, Transit, TransitKey, running_transit


@pytest.fixture(scope="module")
def running() -> Iterator[Transit]:
    """A stand-in for Vault that the tests of a module share."""
    with running_transit() as transit:
        yield transit


@pytest.fixture
def transit(running: Transit, monkeypatch: pytest.MonkeyPatch) -> Transit:
    """The stand-in as new, with the key `transit/gateway`; VAULT_TOKEN holds the root token."""
    running.reset()
    running.keys["transit/gateway"] = TransitKey()
    monkeypatch.setenv("VAULT_TOKEN", ROOT_TOKEN)
    return running


@pytest.fixture
def in_vault(transit: Transit) -> Callable[..., VaultSettings]:
    """The settings of the key in the stand-in, with changes."""

    def settings_of(**changes: Any) -> VaultSettings:
        usual = {"address": transit.address, "key": "gateway", "token": "env:VAULT_TOKEN"}
        return VaultSettings(**usual | changes)

    return settings_of


@pytest.fixture
def local_root(monkeypatch: pytest.MonkeyPatch) -> str:
    """A reference to a local root key of 32 zeros."""
    monkeypatch.setenv("LOCAL_ROOT", base64.urlsafe_b64encode(bytes(32)).decode())
    return "env:LOCAL_ROOT"


@pytest_asyncio.fixture
async def opened(tmp_path: Path) -> AsyncIterator[Callable[..., Awaitable[RootKeys]]]:
    """Opens root keys by the settings of `keys`, and closes them at the end."""
    opened = []

    async def open_with(**keys: Any) -> RootKeys:
        roots = await open_root_keys(Settings(keys=KeySettings(**keys)), tmp_path)
        opened.append(roots)
        return roots

    yield open_with
    for roots in opened:
        await roots.aclose()
