import pytest
from pydantic import ValidationError

from app.auth.settings import AuthSettings, IntrospectionSettings, IssuerSettings
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


def telling(number: int, prefix: str) -> IssuerSettings:
    return IssuerSettings(
        issuer=f"https://login{number}.example.com",
        introspection=IntrospectionSettings(client_id="x", client_secret="env:X", prefix=prefix),
    )


@pytest.mark.parametrize(
    "prefixes", [("", ""), ("a", ""), ("", "a"), ("a", "a"), ("a_", "a_b"), ("a", "b", "bc")]
)
def test_issuers_whose_opaque_tokens_cannot_be_told_apart_refuse_the_start(prefixes):
    with pytest.raises(ValidationError, match="must tell the issuers that have introspection"):
        AuthSettings(issuers=tuple(map(telling, range(3), prefixes)))


def test_a_prefix_that_begins_our_own_keys_refuses_the_start():
    with pytest.raises(ValidationError, match="begins the gateway's own keys"):
        AuthSettings(issuers=(telling(1, "cpg_"),))


def test_one_issuer_needs_no_prefix_and_several_need_different_ones():
    assert AuthSettings(issuers=(telling(1, ""),)).issuers[0].introspection.prefix == ""
    assert len(AuthSettings(issuers=(telling(1, "a_"), telling(2, "b_"))).issuers) == 2


@pytest.mark.parametrize("uri", ["http://login.example.com/introspect", "ftp://localhost", "x"])
def test_our_secret_goes_to_https_or_stays_on_this_machine(uri):
    own = IntrospectionSettings(uri=uri, client_id="x", client_secret="env:X")

    with pytest.raises(ValidationError, match=r"introspection\.uri must be an https address"):
        AuthSettings(issuers=(IssuerSettings(issuer="https://a.example", introspection=own),))
