"""The sections keys.vault and keys.former_vault, which may be absent."""

import os

import pytest

from app.configuration import WrongSettings, load_settings

CANARY = "Zq7canary"
VAULT = '{"address": "https://vault.example.com", "key": "gateway", "token": "env:VAULT_TOKEN"}'
IN_VAULT = {
    "GATEWAY_KEYS__VAULT__ADDRESS": "https://vault.example.com",
    "GATEWAY_KEYS__VAULT__KEY": "gateway",
    "GATEWAY_KEYS__VAULT__TOKEN": "file:/run/secrets/vault-token",
}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """A working directory without settings, and no variables of ours."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.upper().startswith("GATEWAY_"):
            monkeypatch.delenv(name)
    return tmp_path


@pytest.fixture
def given(monkeypatch):
    """Sets variables."""

    def set_all(variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    return set_all


def refusal() -> str:
    with pytest.raises(WrongSettings) as refused:
        load_settings()
    assert CANARY not in str(refused.value)
    return str(refused.value)


def test_without_settings_there_is_no_vault():
    keys = load_settings().keys

    assert (keys.root, keys.former_roots, keys.vault, keys.former_vault) == (None, (), None, None)


def test_a_key_in_vault_is_named_by_single_variables(given):
    given(IN_VAULT)

    vault = load_settings().keys.vault

    assert (vault.address, vault.path, vault.timeout_s) == (
        "https://vault.example.com",
        "transit/gateway",
        5.0,
    )


def test_a_key_in_vault_is_named_by_the_file_and_the_former_one_by_json(elsewhere, given):
    (elsewhere / "gateway.toml").write_text(
        '[keys.vault]\naddress = "http://127.0.0.1:8200"\nmount = "kms/transit"\nkey = "gateway"\n'
        'token = "env:VAULT_TOKEN"\nnamespace = "team-a"\n'
    )
    given({"GATEWAY_KEYS__FORMER_VAULT": VAULT})
    given({"GATEWAY_KEYS__FORMER_ROOTS": '["env:FIRST", "env:SECOND"]'})

    keys = load_settings().keys

    assert keys.vault.path == "team-a/kms/transit/gateway"
    assert keys.former_vault.path == "transit/gateway"
    assert keys.former_roots == ("env:FIRST", "env:SECOND")


def test_two_keys_of_one_path_could_not_be_told_apart(given):
    given({"GATEWAY_KEYS__VAULT": VAULT, "GATEWAY_KEYS__FORMER_VAULT": VAULT})

    assert refusal() == (
        "keys.former_vault: must differ from keys.vault in namespace, mount or key."
    )


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("GATEWAY_KEYS__VAULT__ADRESS", "GATEWAY_KEYS__VAULT__ADDRESS"),
        ("GATEWAY_KEYS__FORMER_VAULT__NAMESPCE", "GATEWAY_KEYS__FORMER_VAULT__NAMESPACE"),
        ("GATEWAY_KEYS__VALT", "GATEWAY_KEYS__VAULT"),
    ],
)
def test_an_unknown_variable_is_refused_with_the_nearest_name(given, name, nearest):
    given({name: CANARY})

    assert refusal() == f"{name} is no setting. Did you mean {nearest}?"


def test_a_section_that_is_no_json_is_named(given):
    given({"GATEWAY_KEYS__VAULT": CANARY})

    assert refusal() == "GATEWAY_KEYS__VAULT must be JSON."


@pytest.mark.parametrize(
    ("part", "value"),
    [
        ("address", f"http://{CANARY}.example.com"),
        ("address", f"https://user:{CANARY}@"),
        ("token", CANARY),
        ("mount", "transit/../sys"),
        ("mount", "/transit"),
        ("mount", ""),
        ("key", ".."),
        ("key", f"a/{CANARY}"),
        ("key", "a?b"),
        ("key", "gäte"),
        ("namespace", "team-a/"),
        ("timeout_s", "0"),
    ],
)
def test_a_value_that_leads_astray_is_refused_and_not_told(given, part, value):
    given({**IN_VAULT, f"GATEWAY_KEYS__VAULT__{part.upper()}": value})

    assert refusal().startswith(f"keys.vault.{part}: ")
