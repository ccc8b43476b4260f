import base64
import stat

import pytest

from app.keys import (
    SecretMissing,
    SecretUnusable,
    development_key,
    fingerprint,
    kept_secret,
    referred_key,
    resolve_secret,
)

ROOT = bytes(range(32))


def test_the_fingerprint_tells_one_key_from_another_and_nothing_else():
    of_root = fingerprint(ROOT, b"cpg/root-key/1")

    # Made with the openssl command, not with this project.
    assert of_root == "WEG8UxA5wEn1EOje"
    assert fingerprint(ROOT, b"other") == "y1jYaYKODlVjfYrf"
    assert fingerprint(bytes(32), b"cpg/root-key/1") != of_root


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
            resolve_secret(f"file:{tmp_path / place}", "keys.root")
        sentences.append(str(trouble.value))

    found_none = f"keys.root: no secret found in the file {tmp_path}"
    assert sentences == [
        f"{found_none}/absent (No such file or directory).",
        f"{found_none}/empty.",
        f"{found_none} (Is a directory).",
    ]


@pytest.mark.parametrize("reference", ["s3cret", "vault:s3cret", "env:", "file:", ""])
def test_a_secret_pasted_in_place_of_its_reference_is_not_repeated(reference):
    with pytest.raises(SecretUnusable) as trouble:
        resolve_secret(reference, "keys.root")

    assert str(trouble.value) == "keys.root: the secret must be given as env:NAME or file:PATH."


def test_a_file_that_is_no_text_is_named(tmp_path):
    (tmp_path / "key").write_bytes(b"\xff\xfe")

    with pytest.raises(SecretUnusable, match="isn't UTF-8 text") as trouble:
        resolve_secret(f"file:{tmp_path}/key", "keys.root")

    assert trouble.value.__cause__ is None


@pytest.mark.parametrize(
    "text",
    [
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8",
        "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=",
        " AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n",
    ],
)
def test_a_key_is_base64_of_32_bytes(monkeypatch, text):
    monkeypatch.setenv("GATEWAY_TEST_SECRET", text)

    assert referred_key("env:GATEWAY_TEST_SECRET", "keys.root") == ROOT


def test_both_alphabets_of_base64_give_the_same_key(monkeypatch):
    key = b"\xfb\xff" * 20
    monkeypatch.setenv("URL_SAFE", base64.urlsafe_b64encode(key).decode())
    monkeypatch.setenv("STANDARD", base64.b64encode(key).decode())

    assert referred_key("env:URL_SAFE", "keys.root") == key
    assert referred_key("env:STANDARD", "keys.root") == key


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
def test_a_weak_key_is_refused_and_not_shown(monkeypatch, text, why):
    monkeypatch.setenv("GATEWAY_TEST_SECRET", text)

    with pytest.raises(SecretUnusable) as trouble:
        referred_key("env:GATEWAY_TEST_SECRET", "keys.root")

    assert str(trouble.value) == f"keys.root: the secret {why}."


def test_a_development_key_is_made_once_and_for_its_owner_alone(tmp_path):
    first = development_key(tmp_path, "root.key", "keys.root")
    second = development_key(tmp_path, "root.key", "keys.root")
    kept = tmp_path / "keys" / "root.key"

    assert (len(first), first) == (32, second)
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600
    assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
    assert referred_key(f"file:{kept}", "keys.root") == first
    assert development_key(tmp_path / "other", "root.key", "keys.root") != first


def test_of_two_makers_of_one_key_the_first_one_counts(tmp_path):
    def make_second():
        assert kept_secret(tmp_path, "some.key", lambda: b"first") == b"first"
        return b"second"

    assert kept_secret(tmp_path, "some.key", make_second) == b"first"
    assert [path.name for path in (tmp_path / "keys").iterdir()] == ["some.key"]
