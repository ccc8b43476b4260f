"""Whose word counts on the client's address and certificate."""

import base64
from ipaddress import ip_address
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from starlette.requests import HTTPConnection

from app.auth.origin import Origin
from app.http.origin import Origins
from app.settings import HttpSettings
from tests.support.certificates import Authority

PROXIES = ("10.0.0.0/8", "192.0.2.7", "2001:db8::/32")
HEADER = "client-cert"
ORIGINS = Origins(HttpSettings(trusted_proxies=PROXIES, client_certificate_header=HEADER))
STRANGER, PROXY, CLIENT = "198.51.100.1", "10.0.0.1", "203.0.113.9"
PAIR = Authority("clients").issue("client")
PEM = PAIR.chain.decode()
DER = base64.b64decode("".join(PEM.splitlines()[1:-1]))


def asked(peer, *headers, shown=None, origins=ORIGINS):
    """The origin of a request from `peer` with these headers, in this order."""
    scope = {
        "type": "http",
        "client": peer and (peer, 1234),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in headers],
        "extensions": {"tls": {"client_cert_chain": [shown] if shown else []}},
    }
    return origins.of(HTTPConnection(scope))


def forwarded(peer, *values):
    found = asked(peer, *(("x-forwarded-for", value) for value in values))
    return found.address and str(found.address)


@pytest.mark.parametrize(
    ("peer", "values", "address"),
    [
        (STRANGER, (), STRANGER),
        (STRANGER, (CLIENT,), STRANGER),
        (PROXY, (), PROXY),
        (PROXY, (CLIENT,), CLIENT),
        (PROXY, (f"{STRANGER}, {CLIENT}",), CLIENT),
        (PROXY, (f"{CLIENT}, 10.9.9.9",), CLIENT),
        (PROXY, (STRANGER, CLIENT), CLIENT),
        (PROXY, (f"{STRANGER}, {CLIENT}", "10.1.1.1,10.2.2.2"), CLIENT),
        (PROXY, ("10.1.1.1, 10.2.2.2",), "10.1.1.1"),
        (PROXY, (f"{CLIENT}:4711",), CLIENT),
        (PROXY, ("[2001:db9::1]:4711",), "2001:db9::1"),
        (PROXY, ("2001:db9::1",), "2001:db9::1"),
        (PROXY, ("not-an-address",), None),
        (PROXY, (f"{CLIENT}, unknown",), None),
        (PROXY, (f"{CLIENT}, unknown, 10.1.1.1",), None),
        (PROXY, ("10.0.0.1\t",), PROXY),
        (PROXY, (" , ,",), PROXY),
        ("::ffff:10.0.0.1", (CLIENT,), CLIENT),
        ("::ffff:198.51.100.1", (CLIENT,), STRANGER),
        (PROXY, (f"::ffff:{CLIENT}",), CLIENT),
        ("2001:db8::5", (CLIENT,), CLIENT),
        ("192.0.2.7", (CLIENT,), CLIENT),
        ("192.0.2.8", (CLIENT,), "192.0.2.8"),
        ("testclient", (CLIENT,), None),
        (None, (CLIENT,), None),
    ],
)
def test_the_address_is_the_peers_or_the_last_hop_that_no_proxy_of_ours_is(peer, values, address):
    assert forwarded(peer, *values) == address


@given(value=st.text(st.characters(codec="latin-1")), certificate=st.sampled_from([PEM, "x", ""]))
def test_whatever_headers_of_a_stranger_say_is_ignored(value, certificate):
    headers = [
        ("x-forwarded-for", value),
        ("forwarded", f"for={value}"),
        ("x-real-ip", value),
        (HEADER, quote(certificate)),
    ]

    assert asked(STRANGER, *headers) == Origin(ip_address(STRANGER), None)


@given(value=st.text(st.characters(codec="latin-1"), max_size=60))
def test_whatever_a_proxy_passes_on_is_an_address_and_a_certificate_or_none(value):
    found = asked(PROXY, ("x-forwarded-for", value), (HEADER, value))

    assert found.certificate is None or value.startswith(":")


@pytest.mark.parametrize(
    "text", [quote(PEM, safe=""), quote(PEM), f":{base64.b64encode(DER).decode()}:"]
)
def test_a_proxy_passes_a_certificate_on_as_pem_or_as_rfc_9440_has_it(text):
    assert asked(PROXY, (HEADER, text)).certificate == DER


TWO = quote(PEM, safe="")
HOSTILE = {
    "nothing": [],
    "an empty one": [(HEADER, "")],
    "two headers": [(HEADER, TWO), (HEADER, TWO)],
    "PEM without its encoding of line ends": [(HEADER, PEM.replace("\n", " "))],
    "two certificates": [(HEADER, quote(PEM + PEM, safe=""))],
    "a key": [(HEADER, quote(PAIR.key.decode(), safe=""))],
    "half a certificate": [(HEADER, TWO[:300])],
    "no base64": [(HEADER, ":$$$:")],
    "a huge one": [(HEADER, f":{'A' * 20_000}:")],
    "another header": [("x-client-cert", TWO)],
}


@pytest.mark.parametrize("what", HOSTILE)
def test_a_hostile_certificate_of_a_proxy_is_none(what):
    assert asked(PROXY, *HOSTILE[what]).certificate is None


def test_the_certificate_of_a_strangers_tls_is_the_clients():
    assert asked(STRANGER, shown=PEM).certificate == DER


def test_the_certificate_of_a_proxys_tls_is_not_the_clients():
    assert asked(PROXY, shown=PEM).certificate is None


def test_without_the_setting_no_header_is_a_certificate():
    origins = Origins(HttpSettings(trusted_proxies=PROXIES))

    assert asked(PROXY, (HEADER, TWO), ("client-cert", TWO), origins=origins).certificate is None


def test_without_trusted_proxies_nobody_speaks_for_others():
    origins = Origins(HttpSettings(client_certificate_header=HEADER))

    found = asked("127.0.0.1", ("x-forwarded-for", CLIENT), (HEADER, TWO), origins=origins)

    assert found == Origin(ip_address("127.0.0.1"), None)


@pytest.mark.parametrize("given", ["10.0.0.1/8", "10.0.0.0/33", "everywhere", ""])
def test_what_is_no_network_refuses_the_start(given):
    with pytest.raises(ValidationError, match="must be a network"):
        HttpSettings(trusted_proxies=(given,))
