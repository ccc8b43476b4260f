"""Settings from a file and from variables: which one wins, and what a mistake is told."""

import os
import traceback
from contextlib import suppress

import pytest

from app.configuration import WrongSettings, load_settings
from app.settings import Settings
from tests.house.settings_table import rows

CANARY = "Zq7canary"
VARIABLES = [row.variable for row in rows() if row.variable and "NAME" not in row.variable]
SOURCE = """
[sources.crm]
connector = "hubspot"
tenant = "acme"
base_url = "https://crm.example.com"
secret = "env:CRM_TOKEN"
"""


@pytest.fixture(autouse=True)
def elsewhere(tmp_path, monkeypatch):
    """A working directory without settings, and no variables of ours."""
    monkeypatch.chdir(tmp_path)
    for name in list(os.environ):
        if name.upper().startswith("GATEWAY_"):
            monkeypatch.delenv(name)
    return tmp_path


@pytest.fixture
def written(elsewhere):
    """Writes gateway.toml."""
    return (elsewhere / "gateway.toml").write_text


def refusal() -> str:
    """What is told when the settings are refused; not even a traceback holds a canary."""
    with pytest.raises(WrongSettings) as refused:
        load_settings()
    assert CANARY not in "".join(traceback.format_exception(refused.value))
    return str(refused.value)


def test_without_a_file_and_variables_the_defaults_hold():
    assert load_settings().model_dump() == Settings().model_dump()


def test_a_variable_wins_over_the_file_and_leaves_its_neighbours(written, monkeypatch):
    written('region = "AT"\n[store]\ndatabase = "from_file"\ndeadline_s = 2\n' + SOURCE)
    monkeypatch.setenv("GATEWAY_STORE__DATABASE", "from_variable")
    monkeypatch.setenv("GATEWAY_SOURCES__CRM__TIMEOUT_S", "0.5")

    found = load_settings()

    assert (found.region, found.store.database, found.store.deadline_s) == (
        "AT",
        "from_variable",
        2.0,
    )
    assert found.sources["crm"].timeout_s == 0.5
    assert found.sources["crm"].tenant == "acme"


def test_a_section_given_as_json_joins_what_the_file_says(written, monkeypatch):
    written("[store]\ndeadline_s = 2\n")
    monkeypatch.setenv("GATEWAY_STORE", '{"database": "whole"}')
    monkeypatch.setenv("GATEWAY_AUTH__ISSUERS", '[{"issuer": "https://login.example.com"}]')

    found = load_settings()

    assert (found.store.database, found.store.deadline_s) == ("whole", 2.0)
    assert found.auth.issuers[0].issuer == "https://login.example.com"


def test_the_file_that_the_variable_names_is_read_instead(written, elsewhere, monkeypatch):
    written('region = "AT"')
    (elsewhere / "other.toml").write_text('region = "SE"')
    monkeypatch.setenv("GATEWAY_CONFIG", "other.toml")

    assert load_settings().region == "SE"


def test_an_empty_name_of_a_file_is_as_good_as_none(written, monkeypatch):
    written('region = "AT"')
    monkeypatch.setenv("GATEWAY_CONFIG", "")

    assert load_settings().region == "AT"


@pytest.mark.parametrize(
    ("name", "nearest"),
    [
        ("GATEWAY_STROE__URI", "GATEWAY_STORE__URI"),
        ("GATEWAY_STORE__URL", "GATEWAY_STORE__URI"),
        ("GATEWAY_STORE_URI", "GATEWAY_STORE__URI"),
        ("GATEWAY_MONGO_URI", "GATEWAY_STORE__URI"),
        ("GATEWAY_PORT", "GATEWAY_HTTP__PORT"),
        ("GATEWAY_PROT", "GATEWAY_HTTP__PORT"),
        ("GATEWAY_ROOT", "GATEWAY_KEYS__ROOT"),
        ("GATEWAY_ENV__NAME", "GATEWAY_ENV"),
        ("gateway_regoin", "GATEWAY_REGION"),
        ("GATEWAY_SOURCES__CRM__CONECTOR", "GATEWAY_SOURCES__CRM__CONNECTOR"),
        ("GATEWAY_AUTH__ISSUERS__0__ISSUER", "GATEWAY_AUTH__ISSUERS"),
        ("GATEWAY_STORE__", "GATEWAY_STORE"),
        ("GATEWAY_", "GATEWAY_ENV"),
    ],
)
def test_an_unknown_variable_is_refused_with_the_nearest_name(monkeypatch, name, nearest):
    monkeypatch.setenv(name, CANARY)

    assert refusal() == f"{name} is no setting. Did you mean {nearest}?"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (f'stroe = "{CANARY}"', "stroe is no setting. Did you mean store?"),
        (f'[stroe]\nuri = "{CANARY}"', "stroe is no setting. Did you mean store?"),
        (f'[store]\nurl = "{CANARY}"', "store.url is no setting. Did you mean store.uri?"),
        (f'port = "{CANARY}"', "port is no setting. Did you mean http.port?"),
        (
            f'{SOURCE}conector = "{CANARY}"',
            "sources.crm.conector is no setting. Did you mean sources.crm.connector?",
        ),
        (
            f'[[auth.issuers]]\nissuer = "https://a.example"\naudiance = "{CANARY}"',
            "auth.issuers.0.audiance is no setting. Did you mean auth.issuers.0.audience?",
        ),
    ],
)
def test_an_unknown_name_in_the_file_is_refused_with_the_nearest_name(written, text, told):
    written(text)

    assert refusal() == told


def test_every_mistake_is_told_at_once(written):
    written("[store]\nurl = 1\ndeadline_s = 0\n[http]\nport = 70000\n")

    assert refusal().splitlines() == [
        "store.deadline_s: Input should be greater than or equal to 0.01.",
        "store.url is no setting. Did you mean store.uri?",
        "http.port: Input should be less than or equal to 65535.",
    ]


@pytest.mark.parametrize("name", VARIABLES)
@pytest.mark.parametrize(
    "value", [CANARY, f'"{CANARY}"', f'["{CANARY}"]', f'{{"x": "{CANARY}"}}', f"[{CANARY}"]
)
def test_no_variable_s_value_is_told_when_it_does_not_fit(monkeypatch, name, value):
    monkeypatch.setenv(name, value)

    with suppress(WrongSettings):
        load_settings()
        return  # some settings take any text

    assert refusal() != ""


@pytest.mark.parametrize("name", ["GATEWAY_STORE", "GATEWAY_AUTH__ISSUERS", "GATEWAY_SOURCES__CRM"])
def test_what_must_be_json_and_is_not_is_named(monkeypatch, name):
    monkeypatch.setenv(name, f'{{"{CANARY}')

    assert refusal() == f"{name} must be JSON."


@pytest.mark.parametrize("secret", [CANARY, "", "env:", "vault:x", f"https://{CANARY}"])
def test_a_secret_is_given_by_reference_only(written, secret):
    written(SOURCE.replace("env:CRM_TOKEN", secret))

    assert refusal() == ("sources.crm.secret: String should match pattern '^(env|file):.+$'.")


def test_an_address_with_a_password_is_not_told(written):
    written(f'[[auth.issuers]]\nissuer = "http://user:{CANARY}@login.example.com"')

    assert refusal() == (
        "auth.issuers: 0.issuer must be an https address, or http on this machine."
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("GATEWAY_STORE__DEADLINE_S", "inf"),
        ("GATEWAY_STORE__DEADLINE_S", "nan"),
        ("GATEWAY_STORE__DEADLINE_S", "0.0001"),
        ("GATEWAY_BUDGET_S", "inf"),
        ("GATEWAY_BUDGET_S", "-1"),
        ("GATEWAY_HTTP__PORT", "65536"),
        ("GATEWAY_HTTP__MAX_BODY_BYTES", "0"),
        ("GATEWAY_REGION", "de"),
        ("GATEWAY_ENV", "Production"),
        ("GATEWAY_STORE__DATABASE", ""),
        ("GATEWAY_STORE__DATABASE", "a/b"),
        ("GATEWAY_STORE__DATABASE", "a.b"),
        ("GATEWAY_STORE__DATABASE", "x" * 64),
    ],
)
def test_a_value_that_cannot_work_is_refused_at_the_start(monkeypatch, name, value):
    monkeypatch.setenv(name, value)

    place = name.removeprefix("GATEWAY_").lower().replace("__", ".")
    assert refusal().startswith(f"{place}: ")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"env = ", "gateway.toml can't be read: Invalid value (at end of document)."),
        (b"env = 'x'\nenv = 'y'", "gateway.toml can't be read: Cannot overwrite a value"),
        (b"\xff\xfe", "gateway.toml can't be read: 'utf-8' codec can't decode"),
        (f'uri = "{CANARY}'.encode(), "gateway.toml can't be read: Unterminated string"),
    ],
)
def test_a_file_that_is_no_toml_is_named(elsewhere, content, told):
    (elsewhere / "gateway.toml").write_bytes(content)

    assert refusal().startswith(told)


@pytest.mark.parametrize("name", ["nowhere.toml", "."])
def test_a_named_file_that_is_not_there_is_told(monkeypatch, name):
    monkeypatch.setenv("GATEWAY_CONFIG", name)

    assert refusal() == f"GATEWAY_CONFIG names {name}, which is no file."


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read_is_told(written, elsewhere):
    written('region = "AT"')
    (elsewhere / "gateway.toml").chmod(0)

    assert refusal() == "gateway.toml can't be read: Permission denied."


def test_settings_do_not_change_once_they_are_read():
    found = load_settings()

    with pytest.raises(ValueError, match="frozen"):
        found.region = "AT"
    with pytest.raises(ValueError, match="frozen"):
        found.store.database = "other"
