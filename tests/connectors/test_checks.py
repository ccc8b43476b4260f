import pytest

from connectors.base import SourceSettings
from connectors.errors import WrongSettings
from connectors.runtime.checks import address, bearer, check_options


@pytest.mark.parametrize(
    "url",
    [
        "https://api.crm.example",
        "http://127.0.0.1:8080",
        "http://[::1]:8080/base/path",
        "https://xn--bcher-kva.example",
    ],
)
def test_a_sound_address_is_taken_as_it_is(url):
    assert address(SourceSettings("crm", url, "s")) == url


def test_a_trailing_slash_is_forgiven():
    assert address(SourceSettings("crm", "https://crm.example/", "s")) == "https://crm.example"


@pytest.mark.parametrize(
    "url",
    [
        "",
        "crm.example",
        "ftp://crm.example",
        "file:///etc/passwd",
        "https://",
        "https://crm.example:0",
        "https://crm.example:99999",
        "https://crm.example:port",
        "https://user:password@crm.example",
        "https://crm.example?x=1",
        "https://crm.example#x",
        "https://crm..example",
        f"https://{'x' * 64}.example",
        "https://crm.example/a b",
        "https://crm.example/\r\nX:y",
        "https://crm.exam\tple",
        "https://bücher.example",
        "https://[::1",
    ],
)
def test_an_address_that_cannot_work_is_refused_without_being_quoted(url):
    with pytest.raises(WrongSettings) as raised:
        address(SourceSettings("crm", url, "s"))

    assert str(raised.value).startswith("crm: base_url must be https://host or http://host")
    assert "password" not in str(raised.value)


def test_the_secret_is_a_bearer_token():
    settings = SourceSettings("crm", "https://crm.example", "pat-na1-42")

    assert bearer(settings) == {"Authorization": "Bearer pat-na1-42"}


@pytest.mark.parametrize("secret", ["", "two words", "line\n", "line\r\nX: y", "päss", "\x00"])
def test_a_secret_that_cannot_stand_in_a_header_is_refused_without_being_quoted(secret):
    with pytest.raises(WrongSettings) as raised:
        bearer(SourceSettings("crm", "https://crm.example", secret))

    assert str(raised.value) == "crm: the secret must be printable ASCII without spaces"


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({}, "crm: the option `database` is missing"),
        ({"database": ""}, "crm: the option `database` is missing"),
        ({"database": "a", "databas": "b"}, "crm: no such option: `databas`; did you mean"),
    ],
)
def test_an_option_that_is_missing_or_unknown_is_named(options, told):
    with pytest.raises(WrongSettings) as raised:
        check_options(SourceSettings("crm", "https://crm.example", "s", options), ("database",))

    assert str(raised.value).startswith(told)
