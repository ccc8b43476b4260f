"""Connections that production refuses because others could read along."""

import pytest
from pydantic import ValidationError

from app.auth.settings import AuthSettings
from app.cache_settings import CacheSettings
from app.doctor import Finding, _source
from app.http.settings import HttpSettings, TlsSettings
from app.keys import RefusedInProduction
from app.production import refuse_in_production
from app.settings import Settings
from app.source_settings import SourceSettings

TLS = TlsSettings(certificate="gateway.pem", key="gateway.key")
PASSWORD = "Zq7canary"
EVERYWHERE = "0.0.0.0"  # noqa: S104 - nobody listens there


def listening(env: str = "production", **http) -> Settings:
    return Settings(env=env, http=HttpSettings(**http), auth=AuthSettings(development=False))


def asking(*addresses: str, env: str = "production") -> Settings:
    sources = {
        f"crm{number}": SourceSettings(
            connector="hubspot", tenant="acme", base_url=address, secret="env:NOTHING"
        )
        for number, address in enumerate(addresses)
    }
    return Settings(env=env, sources=sources, auth=AuthSettings(development=False))


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost"])
def test_on_this_machine_production_listens_without_tls(host):
    refuse_in_production(listening(host=host))


@pytest.mark.parametrize("host", ["", EVERYWHERE, "::", "10.0.0.1", "gateway.example.com"])
def test_to_other_machines_production_listens_with_tls_or_behind_a_proxy_alone(host):
    with pytest.raises(RefusedInProduction) as refused:
        refuse_in_production(listening(host=host))
    refuse_in_production(listening(host=host, tls=TLS))
    refuse_in_production(listening(host=host, behind_proxy=True))
    refuse_in_production(listening(host=host, env="development"))

    assert str(refused.value) == (
        "Refused because env is production: http.host is open to other machines, so"
        " http.tls.certificate must be set, or http.behind_proxy where TLS ends at a proxy on"
        " the way."
    )


@pytest.mark.parametrize("network", ["0.0.0.0/0", "::/0"])
def test_production_trusts_the_proxies_that_are_named_and_not_everybody(network):
    with pytest.raises(RefusedInProduction, match=r"http\.trusted_proxies must not be everybody"):
        refuse_in_production(listening(trusted_proxies=("10.0.0.0/8", network)))
    refuse_in_production(listening(trusted_proxies=("10.0.0.0/8",)))
    refuse_in_production(listening(trusted_proxies=(network,), env="development"))


def test_production_asks_a_source_by_https_or_on_this_machine():
    refuse_in_production(asking("https://crm.example.com/api", "http://127.0.0.1:8069"))


@pytest.mark.parametrize(
    "address",
    [
        f"http://ada:{PASSWORD}@crm.example.com",
        "http://10.0.0.1:8069",
        "HTTP://crm.example.com",
        "http://localhost.example.com",
        "http://[::1",
        "crm.example.com",
        "",
    ],
)
def test_production_refuses_any_other_source_and_does_not_tell_its_address(address):
    with pytest.raises(RefusedInProduction) as refused:
        refuse_in_production(asking("https://crm.example.com", address, address))
    refuse_in_production(asking(address, env="development"))

    assert str(refused.value) == (
        "Refused because env is production: sources.crm1.base_url must be https, or http on this"
        " machine; sources.crm2.base_url must be https, or http on this machine."
    )


async def test_doctor_sends_no_secret_to_such_a_source(monkeypatch):
    monkeypatch.setenv("NOTHING", PASSWORD)

    found = await _source(asking("http://crm.example.com"), "crm0")

    told = "not asked, because its secret would travel without https"
    assert found == Finding("source crm0", is_well=False, told=told)


@pytest.mark.parametrize(
    ("uri", "is_fit"),
    [
        ("redis://127.0.0.1:6379", True),
        ("redis://localhost:6379/3", True),
        ("rediss://cache.example.com", True),
        ("redis://cache.example.com", False),
        ("redis://10.0.0.1:6379/0", False),
    ],
)
def test_production_tells_a_shared_cache_nothing_that_others_could_read(uri, is_fit):
    settings = Settings(
        env="production", cache=CacheSettings(uri=uri), auth=AuthSettings(development=False)
    )

    if is_fit:
        refuse_in_production(settings)
    else:
        with pytest.raises(RefusedInProduction, match=r"cache\.uri must be rediss://"):
            refuse_in_production(settings)


@pytest.mark.parametrize(
    "uri", ["http://cache", "redis://", "redis://:word@cache", "redis://cache/two", "unix:/tmp/x"]
)
def test_an_address_that_leads_to_no_cache_is_refused(uri):
    with pytest.raises(ValidationError):
        CacheSettings(uri=uri)
