import base64
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.keys import (
    RefusedInProduction,
    SecretMissing,
    SecretUnusable,
    blind_index,
    identity_key,
    kept_secret,
    key_check,
    resolve_secret,
    tenant_identity_key,
)
from app.settings import KeySettings, Settings

ROOT = bytes(range(32))
# The vectors below were made with the openssl command, not with this project.
ACME = bytes.fromhex("1bfebce3f3e5fa842fdbf6053e78ca1638544c1e4564b247472cc3ac4e49229d")
GLOBEX = bytes.fromhex("94e64a070395f2e662639cb4b48624386fb5cffb70b8d5a524238fc376ac0235")


def settings_with(reference, env="development"):
    return Settings(env=env, keys=KeySettings(identity=reference))


def test_each_tenant_has_a_key_of_its_own():
    assert tenant_identity_key(ROOT, "acme") == ACME
    assert tenant_identity_key(ROOT, "globex") == GLOBEX


@pytest.mark.parametrize(
    ("kind", "normalised", "index"),
    [
        ("phone", "+14155550123", "AUnZdksHnEQ-6P_4ETFpHN4"),
        ("email", "ada@example.com", "AQyl4VEyWEv5y8Y8khQSUFw"),
        ("account", "Zoë1", "ARt0bsetFLxlsaznYFb2sKI"),
        ("", "", "Ae6S3aHG5sNjKG9iEQH64Qs"),
    ],
)
def test_a_blind_index_is_what_its_construction_says(kind, normalised, index):
    found = blind_index(ACME, kind, normalised)

    assert found == index


def test_a_blind_index_tells_its_version_and_sixteen_bytes():
    found = base64.urlsafe_b64decode(blind_index(ACME, "phone", "+14155550123") + "=")

    assert (found[0], len(found)) == (1, 17)


def test_the_same_value_has_another_index_for_another_tenant_or_kind():
    indexes = {
        blind_index(key, kind, "4155550123")
        for key in (ACME, GLOBEX)
        for kind in ("phone", "account")
    }

    assert len(indexes) == 4


words = st.text(st.characters(codec="utf-8"), max_size=8)


@given(words, words, words, words)
def test_only_equal_kinds_and_values_have_equal_indexes(kind, value, other_kind, other_value):
    is_same = blind_index(ACME, kind, value) == blind_index(ACME, other_kind, other_value)

    assert is_same is ((kind, value) == (other_kind, other_value))


def test_the_fingerprint_tells_one_key_from_another_and_nothing_else():
    assert key_check(ROOT) == "p_-CQT3syTCCF8Fs"
    assert key_check(ACME) != key_check(ROOT)


def test_a_secret_comes_from_the_environment_without_white_space(monkeypatch):
    monkeypatch.setenv("GATEWAY_TEST_SECRET", "  s3cret:with:colons \n")

    assert resolve_secret("env:GATEWAY_TEST_SECRET", "sources.crm.secret") == "s3cret:with:colons"


def test_a_secret_comes_from_a_file_without_its_line_end(tmp_path):
    (tmp_path / "secret").write_text("s3cret\n")

    assert resolve_secret(f"file:{tmp_path}/secret", "sources.crm.secret") == "s3cret"


@pytest.mark.parametrize("content", [None, "", " \n"])
def test_a_variable_that_holds_nothing_is_named(monkeypatch, content):
    monkeypatch.delenv("GATEWAY_TEST_SECRET", raising=False)
    if content is not None:
        monkeypatch.setenv("GATEWAY_TEST_SECRET", content)

    with pytest.raises(SecretMissing) as trouble:
        resolve_secret("env:GATEWAY_TEST_SECRET", "sources.crm.secret")

    assert str(trouble.value) == (
        "sources.crm.secret: no secret found in the environment variable GATEWAY_TEST_SECRET."
    )


def test_a_file_that_is_absent_empty_or_a_directory_is_named(tmp_path):
    (tmp_path / "empty").write_text("\n")
    sentences = []

    for place in ("absent", "empty", "."):
        with pytest.raises(SecretMissing) as trouble:
            resolve_secret(f"file:{tmp_path / place}", "keys.identity")
        sentences.append(str(trouble.value))

    found_none = f"keys.identity: no secret found in the file {tmp_path}"
    assert sentences == [
        f"{found_none}/absent (No such file or directory).",
        f"{found_none}/empty.",
        f"{found_none} (Is a directory).",
    ]


@pytest.mark.parametrize("reference", ["s3cret", "vault:s3cret", "env:", "file:", ""])
def test_a_secret_pasted_in_place_of_its_reference_is_not_repeated(reference):
    with pytest.raises(SecretUnusable) as trouble:
        resolve_secret(reference, "keys.identity")

    assert str(trouble.value) == "keys.identity: the secret must be given as env:NAME or file:PATH."


def test_a_file_that_is_no_text_is_named(tmp_path):
    (tmp_path / "key").write_bytes(b"\xff\xfe")

    with pytest.raises(SecretUnusable, match="isn't UTF-8 text") as trouble:
        resolve_secret(f"file:{tmp_path}/key", "keys.identity")

    assert trouble.value.__cause__ is None


@pytest.mark.parametrize(
    "text",
    [
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        " AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
    ],
)
def test_the_identity_key_is_base64_of_32_bytes(monkeypatch, tmp_path, text):
    monkeypatch.setenv("GATEWAY_TEST_SECRET", text)

    assert identity_key(settings_with("env:GATEWAY_TEST_SECRET", "production"), tmp_path) == ROOT
    assert list(tmp_path.iterdir()) == []


def test_both_alphabets_of_base64_give_the_same_key(monkeypatch, tmp_path):
    key = b"\xfb\xff" * 20
    monkeypatch.setenv("URL_SAFE", base64.urlsafe_b64encode(key).decode())
    monkeypatch.setenv("STANDARD", base64.b64encode(key).decode())

    assert identity_key(settings_with("env:URL_SAFE"), tmp_path) == key
    assert identity_key(settings_with("env:STANDARD"), tmp_path) == key


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("AAECAwQF", "is shorter than 32 bytes"),
        ("AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHg", "is shorter than 32 bytes"),
        ("correct horse battery staple", "must be base64url"),
        ("A" * 45, "must be base64url"),
        ("é" * 44, "must be base64url"),
    ],
)
def test_a_weak_identity_key_is_refused_and_not_shown(monkeypatch, tmp_path, text, why):
    monkeypatch.setenv("GATEWAY_TEST_SECRET", text)

    with pytest.raises(SecretUnusable) as trouble:
        identity_key(settings_with("env:GATEWAY_TEST_SECRET"), tmp_path)

    assert str(trouble.value) == f"keys.identity: the secret {why}."


def test_without_a_setting_a_development_key_is_made_once(tmp_path):
    first = identity_key(Settings(), tmp_path)
    second = identity_key(Settings(), tmp_path)
    kept = tmp_path / "keys" / "identity.key"

    assert (len(first), first) == (32, second)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert identity_key(settings_with(f"file:{kept}"), tmp_path / "other") == first
    assert identity_key(Settings(), tmp_path / "other") != first


def test_production_refuses_a_development_key(tmp_path):
    with pytest.raises(RefusedInProduction) as refusal:
        identity_key(Settings(env="production"), tmp_path)

    assert str(refusal.value) == (
        "Refused because env is production: keys.identity must refer to a key of your own."
    )
    assert list(tmp_path.iterdir()) == []


def test_of_two_makers_of_one_key_the_first_one_counts(tmp_path):
    def make_second():
        assert kept_secret(tmp_path, "some.key", lambda: b"first") == b"first"
        return b"second"

    assert kept_secret(tmp_path, "some.key", make_second) == b"first"
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["some.key"]
