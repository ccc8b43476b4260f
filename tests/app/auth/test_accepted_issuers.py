import pytest
from pydantic import ValidationError

from app.auth.settings import AuthSettings, IssuerSettings
from app.keys import RefusedInProduction
from app.production import refuse_in_production
from app.settings import Settings

SECURE = IssuerSettings(issuer="https://login.example.com")


def production(*issuers, development=False):
    auth = AuthSettings(issuers=issuers, development=development)
    return Settings(env="production", auth=auth)


@pytest.mark.parametrize(
    "address",
    [
        "https://login.example.com",
        "https://login.example.com/realms/acme",
        "http://localhost:8080",
        "http://127.0.0.1:8080",
        "http://127.1.2.3",
        "http://[::1]:8080",
    ],
)
def test_an_issuer_is_reached_by_https_or_on_this_machine(address):
    settings = AuthSettings(issuers=(IssuerSettings(issuer=address),))

    assert settings.issuers[0].issuer == address


@pytest.mark.parametrize(
    "address",
    [
        "http://login.example.com",
        "http://10.0.0.1",
        "http://localhost.example.com",
        "http://127.0.0.1.example.com",
        "http://127.0.0.1@example.com",
        "http://[::1",
        "ftp://localhost",
        "file:///etc/keys",
        "urn:profile-gateway:development",
        "login.example.com",
        "https://",
        "",
    ],
)
def test_any_other_address_of_an_issuer_is_refused(address):
    with pytest.raises(ValidationError, match="must be an https address"):
        AuthSettings(issuers=(IssuerSettings(issuer=address),))
    with pytest.raises(ValidationError, match="https"):
        AuthSettings(issuers=(IssuerSettings(issuer="https://x.example", jwks_uri=address or " "),))


def test_an_issuer_is_listed_once():
    with pytest.raises(ValidationError, match="listed twice"):
        AuthSettings(issuers=(SECURE, SECURE))


@pytest.mark.parametrize("algorithms", [(), ("none",), ("HS256",), ("ES256", "HS512"), ("RSA1_5",)])
def test_an_algorithm_that_needs_no_private_key_cannot_be_configured(algorithms):
    with pytest.raises(ValidationError, match="algorithms"):
        IssuerSettings(issuer="https://login.example.com", algorithms=algorithms)


def test_production_with_an_https_issuer_alone_is_accepted():
    refuse_in_production(production(SECURE))


def test_development_accepts_everything_that_production_refuses():
    local = IssuerSettings(issuer="http://localhost:8080")

    refuse_in_production(Settings(auth=AuthSettings(issuers=(local,), development=True)))


def test_production_names_each_thing_that_it_refuses():
    plain = IssuerSettings(issuer="http://localhost:8080")
    plain_keys = IssuerSettings(issuer="https://a.example", jwks_uri="http://127.0.0.1/keys")

    with pytest.raises(RefusedInProduction) as refusal:
        refuse_in_production(production(plain, SECURE, plain_keys, development=True))

    assert str(refusal.value) == (
        "Refused because env is production: auth.development must be false: development tokens"
        " are for one's own machine; auth.issuers: http://localhost:8080 must be https;"
        " auth.issuers: http://127.0.0.1/keys must be https."
    )
