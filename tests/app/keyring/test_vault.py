import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from app.keyring.errors import KeyDamaged, RootKeyMissing, RootKeyRefused, RootKeyUnavailable
from app.keyring.root_keys import LocalRootKey, Wrapped
from tests.app.keyring.telling import TENANT_KEY, told
from tests.support.transit import ROOT_TOKEN, TransitKey

HERE = b"tenant acme"

# Examples share the stand-in; they don't change it.
few = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture
async def roots(opened, in_vault):
    return await opened(vault=in_vault())


async def test_the_key_in_vault_wraps_and_names_its_version(transit, roots):
    wrapped = await roots.wrap(TENANT_KEY, HERE)

    assert (wrapped.by, roots.current_id) == ("vault:transit/gateway:v1",) * 2
    assert wrapped.content.startswith(b"vault:v1:")
    assert roots.is_current(wrapped)
    assert await roots.unwrap(wrapped, HERE) == TENANT_KEY
    assert transit.keys["transit/gateway"].decrypt(wrapped.content.decode(), HERE) == TENANT_KEY


@few
@given(st.binary(max_size=64), st.binary(max_size=40))
async def test_what_vault_wraps_it_unwraps(roots, key, context):
    assert await roots.unwrap(await roots.wrap(key, context), context) == key


@few
@given(st.integers(min_value=0), st.integers(1, 255))
async def test_a_wrapped_key_with_one_other_byte_is_damaged(roots, place, change):
    wrapped = await roots.wrap(TENANT_KEY, HERE)
    content = bytearray(wrapped.content)
    content[place % len(content)] ^= change

    with pytest.raises(KeyDamaged):
        await roots.unwrap(Wrapped(wrapped.by, bytes(content)), HERE)


@few
@given(st.lists(st.binary(max_size=40), min_size=2, max_size=2, unique=True))
async def test_another_context_unwraps_nothing(roots, two):
    wrapped = await roots.wrap(TENANT_KEY, two[0])

    with pytest.raises(KeyDamaged):
        await roots.unwrap(wrapped, two[1])


async def test_another_key_unwraps_nothing_and_the_damage_is_told(transit, roots):
    wrapped = await roots.wrap(TENANT_KEY, HERE)
    transit.keys["transit/gateway"] = TransitKey()

    assert await told(KeyDamaged, roots.unwrap(wrapped, HERE)) == (
        "A stored key failed its check: it was changed or moved,"
        " or vault:transit/gateway didn't wrap it."
    )


@pytest.mark.parametrize(
    "content", [b"", b"vault:v1:", b"vault:v0:AAAA", b"vault:v1:AAA", b"vault:v1:AB==", b"\xff"]
)
async def test_what_is_no_ciphertext_is_damaged_without_asking_vault(transit, roots, content):
    transit.requests.clear()

    await told(KeyDamaged, roots.unwrap(Wrapped(roots.current_id, content), HERE))

    assert transit.requests == []


async def test_a_rotation_that_is_seen_at_the_next_start_makes_older_keys_former(
    transit, opened, in_vault
):
    before = await opened(vault=in_vault())
    wrapped = await before.wrap(TENANT_KEY, HERE)
    rotate(transit)

    after = await opened(vault=in_vault())

    assert after.current_id == "vault:transit/gateway:v2"
    assert (before.is_current(wrapped), after.is_current(wrapped)) == (True, False)
    assert await after.unwrap(wrapped, HERE) == TENANT_KEY


async def test_a_rotation_while_we_run_is_seen_by_what_is_wrapped_next(transit, roots):
    first = await roots.wrap(TENANT_KEY, HERE)
    rotate(transit)

    second = await roots.wrap(TENANT_KEY, HERE)

    assert (first.by[-3:], second.by[-3:]) == (":v1", ":v2")
    assert (roots.is_current(first), roots.is_current(second)) == (False, True)
    assert await roots.unwrap(first, HERE) == TENANT_KEY


def rotate(transit):
    key = transit.keys["transit/gateway"]
    key.versions.append(TransitKey().versions[0])


async def test_one_moves_from_a_local_key_to_vault_and_back(opened, in_vault, local_root):
    local = await opened(root=local_root)
    wrapped_here = await local.wrap(TENANT_KEY, HERE)

    there = await opened(root=local_root, vault=in_vault())
    wrapped_there = await there.wrap(TENANT_KEY, HERE)
    back = await opened(root=local_root, former_vault=in_vault())

    assert there.current_id == "vault:transit/gateway:v1"
    assert await there.unwrap(wrapped_here, HERE) == TENANT_KEY
    assert there.is_current(wrapped_here) is False
    assert back.current_id == LocalRootKey(bytes(32)).id
    assert [await back.unwrap(one, HERE) for one in (wrapped_here, wrapped_there)] == [
        TENANT_KEY,
        TENANT_KEY,
    ]
    assert [back.is_current(one) for one in (wrapped_here, wrapped_there)] == [True, False]


async def test_one_moves_from_one_vault_to_another(transit, opened, in_vault):
    transit.mounts.add("team-a/kms/transit")
    transit.keys["team-a/kms/transit/gateway"] = TransitKey()
    elsewhere = in_vault(namespace="team-a", mount="kms/transit")
    old = await opened(vault=in_vault())
    wrapped = await old.wrap(TENANT_KEY, HERE)

    new = await opened(vault=elsewhere, former_vault=in_vault())

    assert new.current_id == "vault:team-a/kms/transit/gateway:v1"
    assert await new.unwrap(wrapped, HERE) == TENANT_KEY
    assert await new.unwrap(await new.wrap(TENANT_KEY, HERE), HERE) == TENANT_KEY


async def test_a_former_vault_is_not_asked_until_it_is_needed(opened, in_vault, local_root):
    unreachable = in_vault(address="http://127.0.0.1:9")
    roots = await opened(root=local_root, former_vault=unreachable)

    wrapped = await roots.wrap(TENANT_KEY, HERE)

    assert await roots.unwrap(wrapped, HERE) == TENANT_KEY
    gone = Wrapped("vault:transit/gateway:v1", b"vault:v1:AAAA")
    assert await told(RootKeyUnavailable, roots.unwrap(gone, HERE)) == (
        "keys.former_vault: the connection failed (ConnectError)."
    )


async def test_a_missing_root_key_says_that_vault_was_searched(opened, in_vault, local_root):
    roots = await opened(root=local_root, vault=in_vault())

    assert await told(RootKeyMissing, roots.unwrap(Wrapped("local:gone", b""), HERE)) == (
        "The root key local:gone is missing: it wrapped a key that is stored, and it isn't in"
        " keys.vault (transit/gateway), keys.root (env:LOCAL_ROOT)."
        " Name it in keys.former_roots."
    )


async def test_a_token_needs_three_rights_and_each_one_is_missed_by_name(
    transit, opened, in_vault, monkeypatch
):
    monkeypatch.setenv("VAULT_TOKEN", "hvs.gateway")
    sentences = []

    for number in range(3):
        transit.rights["hvs.gateway"] = {*("keys", "encrypt", "decrypt")[:number]}
        sentences.append(await told(RootKeyRefused, opened(vault=in_vault())))
    transit.rights["hvs.gateway"] = {"keys", "encrypt", "decrypt"}

    no_right = "keys.vault.token: it has no right to transit"
    assert sentences == [
        f"{no_right}/keys/gateway (403).",
        f"{no_right}/encrypt/gateway (403).",
        f"{no_right}/decrypt/gateway (403).",
    ]
    assert (await opened(vault=in_vault())).current_id == "vault:transit/gateway:v1"


async def test_a_token_that_was_renewed_in_its_file_is_used(transit, opened, in_vault, tmp_path):
    token = tmp_path / "token"
    token.write_text(f"{ROOT_TOKEN}\n")
    roots = await opened(vault=in_vault(token=f"file:{token}"))
    transit.rights = {"hvs.renewed": transit.rights[ROOT_TOKEN]}

    await told(RootKeyRefused, roots.wrap(TENANT_KEY, HERE))
    token.write_text("hvs.renewed\n")

    assert (await roots.wrap(TENANT_KEY, HERE)).by == "vault:transit/gateway:v1"


@pytest.mark.parametrize("changes", [{"key": "absent"}, {"mount": "absent"}, {"namespace": "ns1"}])
async def test_a_key_or_an_engine_that_is_not_there_is_named(opened, in_vault, changes):
    vault = in_vault(**changes)

    assert await told(RootKeyRefused, opened(vault=vault)) == (
        f"keys.vault.key: there is no {vault.path} (404): check namespace, mount and key."
    )


async def test_a_key_that_was_deleted_while_we_run_is_missed(transit, roots):
    wrapped = await roots.wrap(TENANT_KEY, HERE)
    del transit.keys["transit/gateway"]

    sentences = {
        await told(RootKeyRefused, roots.wrap(TENANT_KEY, HERE)),
        await told(RootKeyRefused, roots.unwrap(wrapped, HERE)),
    }

    assert sentences == {
        "keys.vault.key: there is no transit/gateway (400): check namespace, mount and key."
    }


async def test_a_version_that_vault_no_longer_decrypts_is_no_damage(transit, roots):
    wrapped = await roots.wrap(TENANT_KEY, HERE)
    rotate(transit)
    transit.keys["transit/gateway"].min_decryption_version = 2

    assert await told(RootKeyRefused, roots.unwrap(wrapped, HERE)) == (
        "keys.vault.key: its min_decryption_version is above what is stored."
    )


@pytest.mark.parametrize(
    "key", [TransitKey("rsa-4096"), TransitKey("aes128-gcm96"), TransitKey(derived=True)]
)
async def test_a_key_that_is_no_fit_is_refused_at_the_start(transit, opened, in_vault, key):
    transit.keys["transit/gateway"] = key

    assert await told(RootKeyRefused, opened(vault=in_vault())) == (
        "keys.vault.key: its type must be one of aes256-gcm96, chacha20-poly1305,"
        " xchacha20-poly1305, and not derived."
    )


async def test_a_vault_that_ignores_the_context_is_refused_at_the_start(transit, opened, in_vault):
    transit.ignores_associated_data = True

    assert await told(RootKeyRefused, opened(vault=in_vault())) == (
        "keys.vault.address: associated data is ignored there: Vault 1.13 is needed."
    )


async def test_a_sealed_vault_is_away_and_comes_back(transit, roots):
    wrapped = await roots.wrap(TENANT_KEY, HERE)
    transit.is_sealed = True

    assert await told(RootKeyUnavailable, roots.unwrap(wrapped, HERE)) == (
        "keys.vault: Vault is sealed or under maintenance (503)."
    )
    transit.is_sealed = False
    assert await roots.unwrap(wrapped, HERE) == TENANT_KEY
