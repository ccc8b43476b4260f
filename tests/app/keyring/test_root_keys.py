import base64
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.key_settings import KeySettings
from app.keyring.errors import KeyDamaged, RootKeyMissing
from app.keyring.root_keys import LocalRootKey, RootKeys, Wrapped, open_root_keys
from app.keys import RefusedInProduction, SecretMissing, SecretUnusable
from app.settings import Settings

OLD, NEW, OTHER = (bytes([number]) * 32 for number in range(3))
TENANT_KEY = bytes(range(32))
HERE = b"tenant acme"
# Made with the openssl command and with Node's crypto, not with this project.
OLD_ID = "local:V4p_sYoVo2DHnohH"
WRAPPED_BY_OLD = bytes.fromhex(
    "000102030405060708090a0b"
    "88ca315104f889feca7158eef10ed003447dba89ab8899e1d7d2fe10912811704c1db8aec31865fede44797317fbac0b"
)

keys = st.binary(min_size=32, max_size=32)
contexts = st.binary(max_size=40)


def written(key):
    return base64.urlsafe_b64encode(key).decode()


@pytest.fixture(autouse=True)
def variables(monkeypatch):
    for name, key in (("OLD_ROOT", OLD), ("NEW_ROOT", NEW)):
        monkeypatch.setenv(name, written(key))


def settings_with(env="development", **given_keys):
    return Settings(env=env, keys=KeySettings(**given_keys))


@given(keys, st.binary(max_size=80), contexts)
async def test_what_a_root_key_wraps_it_unwraps(root, key, context):
    root_key = LocalRootKey(root)

    assert await root_key.unwrap(await root_key.wrap(key, context), context) == key


@given(keys, keys, contexts, st.integers(min_value=0), st.integers(1, 255))
async def test_a_wrapped_key_with_one_other_byte_is_damaged(root, key, context, place, change):
    root_key = LocalRootKey(root)
    wrapped = bytearray(await root_key.wrap(key, context))
    wrapped[place % len(wrapped)] ^= change

    with pytest.raises(KeyDamaged):
        await root_key.unwrap(bytes(wrapped), context)


@given(st.lists(keys, min_size=2, max_size=2, unique=True), keys, contexts)
async def test_another_root_key_unwraps_nothing(two, key, context):
    root_key, other = map(LocalRootKey, two)
    wrapped = await root_key.wrap(key, context)

    with pytest.raises(KeyDamaged):
        await other.unwrap(wrapped, context)


@given(keys, keys, st.lists(contexts, min_size=2, max_size=2, unique=True))
async def test_another_context_unwraps_nothing(root, key, two):
    root_key = LocalRootKey(root)
    wrapped = await root_key.wrap(key, two[0])

    with pytest.raises(KeyDamaged):
        await root_key.unwrap(wrapped, two[1])


@given(st.binary(max_size=60))
async def test_arbitrary_bytes_are_damaged_and_not_told(content):
    root_key = LocalRootKey(OLD)

    with pytest.raises(KeyDamaged) as damage:
        await root_key.unwrap(content, HERE)

    assert str(damage.value) == (
        f"A stored key failed its check: it was changed or moved, or {root_key.id} didn't wrap it."
    )
    assert (damage.value.by, damage.value.__cause__) == (root_key.id, None)


async def test_a_key_wrapped_twice_looks_different():
    root_key = LocalRootKey(OLD)

    first, second = [await root_key.wrap(TENANT_KEY, HERE) for _ in range(2)]

    assert first != second
    assert len(first) == len(second) == 12 + 32 + 16


async def test_a_wrapped_key_is_what_its_construction_says():
    assert await LocalRootKey(OLD).unwrap(WRAPPED_BY_OLD, HERE) == TENANT_KEY


def test_the_id_tells_one_key_from_another_and_stays_the_same():
    assert LocalRootKey(OLD).id == OLD_ID
    assert len(OLD_ID) == len("local:") + 16
    assert LocalRootKey(NEW).id != OLD_ID


@pytest.mark.parametrize("length", [0, 16, 31, 33, 64])
def test_a_root_key_has_32_bytes(length):
    with pytest.raises(ValueError, match="a root key has 32 bytes"):
        LocalRootKey(bytes(length))


async def test_the_key_in_use_wraps_and_a_former_one_still_unwraps():
    old, new = RootKeys(LocalRootKey(OLD)), RootKeys(LocalRootKey(NEW), [LocalRootKey(OLD)])

    before, after = await old.wrap(TENANT_KEY, HERE), await new.wrap(TENANT_KEY, HERE)

    assert (before.by, after.by) == (old.current_id, new.current_id)
    assert (new.is_current(before), new.is_current(after)) == (False, True)
    assert await new.unwrap(before, HERE) == TENANT_KEY
    assert await new.unwrap(after, HERE) == TENANT_KEY


async def test_a_wrapped_key_that_names_another_root_key_than_its_own_is_damaged():
    roots = RootKeys(LocalRootKey(NEW), [LocalRootKey(OLD)])
    wrapped = await roots.wrap(TENANT_KEY, HERE)

    with pytest.raises(KeyDamaged):
        await roots.unwrap(Wrapped(LocalRootKey(OLD).id, wrapped.content), HERE)


@pytest.mark.parametrize(
    ("by", "setting"),
    [
        (LocalRootKey(OTHER).id, "keys.former_roots"),
        ("vault:transit/profile-gateway:v3", "keys.former_vault"),
        ("", "keys.former_roots"),
    ],
)
async def test_a_missing_root_key_is_named_with_the_places_that_were_searched(
    tmp_path, by, setting
):
    settings = settings_with(root="env:NEW_ROOT", former_roots=("env:OLD_ROOT",))
    roots = await open_root_keys(settings, tmp_path)

    with pytest.raises(RootKeyMissing) as missing:
        await roots.unwrap(Wrapped(by, b"anything"), HERE)

    assert str(missing.value) == (
        f"The root key {by} is missing: it wrapped a key that is stored, and it isn't in"
        f" keys.root (env:NEW_ROOT), keys.former_roots.0 (env:OLD_ROOT). Name it in {setting}."
    )
    assert missing.value.by == by


async def test_root_keys_without_places_name_every_setting():
    with pytest.raises(RootKeyMissing) as missing:
        await RootKeys(LocalRootKey(OLD)).unwrap(Wrapped("local:gone", b""), HERE)

    assert "keys.root, keys.former_roots, keys.vault, keys.former_vault." in str(missing.value)


async def test_the_settings_say_which_key_is_in_use_and_which_are_former(tmp_path):
    before = await open_root_keys(settings_with("production", root="env:OLD_ROOT"), tmp_path)
    wrapped = await before.wrap(TENANT_KEY, HERE)

    settings = settings_with("production", root="env:NEW_ROOT", former_roots=("env:OLD_ROOT",))
    after = await open_root_keys(settings, tmp_path)

    assert after.current_id == LocalRootKey(NEW).id
    assert await after.unwrap(wrapped, HERE) == TENANT_KEY
    assert list(tmp_path.iterdir()) == []


async def test_without_a_setting_a_development_key_is_made_once(tmp_path):
    first = await open_root_keys(Settings(), tmp_path)
    second = await open_root_keys(Settings(), tmp_path)
    kept = tmp_path / "keys" / "root.key"

    assert first.current_id == second.current_id
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    named = await open_root_keys(settings_with(root=f"file:{kept}"), tmp_path / "other")
    assert named.current_id == first.current_id


async def test_a_missing_root_key_is_looked_for_in_the_development_key(tmp_path):
    roots = await open_root_keys(Settings(), tmp_path)

    with pytest.raises(RootKeyMissing) as missing:
        await roots.unwrap(Wrapped("local:gone", b""), HERE)

    assert f"it isn't in the file {tmp_path}/keys/root.key." in str(missing.value)


async def test_production_refuses_a_development_key(tmp_path):
    settings = settings_with("production", former_roots=("env:OLD_ROOT",))

    with pytest.raises(RefusedInProduction) as refusal:
        await open_root_keys(settings, tmp_path)

    assert str(refusal.value) == (
        "Refused because env is production: keys.root must refer to a key of your own,"
        " or keys.vault to one in Vault."
    )
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("AAECAwQF", "is shorter than 32 bytes"),
        (written(bytes(33)), "is longer than 32 bytes"),
        ("correct horse battery staple", "must be base64url"),
    ],
)
async def test_a_root_key_that_cannot_serve_is_refused_and_not_shown(
    monkeypatch, tmp_path, text, why
):
    monkeypatch.setenv("BAD_ROOT", text)
    places = {"keys.root": {"root": "env:BAD_ROOT"}}
    places["keys.former_roots.1"] = {"former_roots": ("env:OLD_ROOT", "env:BAD_ROOT")}

    for setting, named in places.items():
        with pytest.raises(SecretUnusable) as trouble:
            await open_root_keys(settings_with(**named), tmp_path)
        assert str(trouble.value) == f"{setting}: the secret {why}."


async def test_a_former_root_key_that_is_not_there_is_named(monkeypatch, tmp_path):
    monkeypatch.delenv("GONE_ROOT", raising=False)
    settings = settings_with(root="env:NEW_ROOT", former_roots=("env:OLD_ROOT", "env:GONE_ROOT"))

    with pytest.raises(SecretMissing) as trouble:
        await open_root_keys(settings, tmp_path)

    assert str(trouble.value) == (
        "keys.former_roots.1: no secret found in the environment variable GONE_ROOT."
    )
