"""EMAIL, PHONE_NUMBER, URL and IP: what clients may send, and what CRMs are understood to mean."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.kinds.table import KINDS
from graph.model.channel import Channel
from graph.model.custom_field import Facets
from graph.model.identity import identity_name
from tests.graph.kinds.refusals import refusal
from tests.graph.kinds.valid_values import FACETS

EMAIL, PHONE, URL, IP = (KINDS[name] for name in ("EMAIL", "PHONE_NUMBER", "URL", "IP"))
WRONG_EMAIL = "expected an e-mail address"
WRONG_PHONE = "expected a phone number such as +12125550123"
WRONG_URL = (
    "expected an http, https or ftp address such as https://example.com/zoe, "
    "at most 2000 characters, no user name"
)
WRONG_IP = "expected an IP address such as 192.0.2.7 or 2001:db8::7"


@pytest.mark.parametrize("value", ["zoe@example.com", " Zoe@Example.COM ", "\u200eZOE@example.com"])
def test_an_address_is_kept_as_an_identity_is(value):
    assert EMAIL.parse(value, FACETS) == "zoe@example.com"
    assert EMAIL.from_source(value, FACETS) == "zoe@example.com"
    assert identity_name(Channel.EMAIL, value, "US").value == "zoe@example.com"


def test_an_accent_that_fits_the_small_letter_only_is_joined_to_it():
    assert EMAIL.parse("J\u030c@example.com", FACETS) == "\u01f0@example.com"


@pytest.mark.parametrize(
    "value",
    [
        *("", "zoe", "zoe@example", "zoe@@example.com", "a b@example.com", "zoe@example.com\x00"),
        *("\ud800@example.com", "z" * 250 + "@example.com", 7, True, None, [], {}),
    ],
)
def test_what_is_no_address_is_refused(value):
    assert refusal(EMAIL.parse, value) == WRONG_EMAIL
    assert refusal(EMAIL.from_source, value) == WRONG_EMAIL


def test_an_address_is_found_by_a_beginning_in_any_case():
    assert EMAIL.key("zoe@example.com") == "zoe@example.com"
    assert EMAIL.key("Zoe@") == "zoe@"


@pytest.mark.parametrize(
    ("value", "region"),
    [("+1 212 555 0123", "AT"), ("(212) 555-0123", "US"), ("0012125550123", "AT")],
)
def test_a_phone_number_is_kept_with_its_country_code(value, region):
    facets = Facets(region=region)

    assert PHONE.parse(value, facets) == "+12125550123"
    assert PHONE.from_source(value, facets) == "+12125550123"


@pytest.mark.parametrize("value", [2125550123, 2125550123.0, 12125550123])
def test_a_crm_may_send_a_phone_number_as_a_number(value):
    assert PHONE.from_source(value, FACETS) == "+12125550123"
    assert refusal(PHONE.parse, value) == WRONG_PHONE


@pytest.mark.parametrize(
    "value", ["2.12556E+09", "2.12556e9", " 2125550123.0 ", "2,12556E+09", 2125550123.5, 1.5e300]
)
def test_a_phone_number_that_a_spreadsheet_spoilt_is_refused(value):
    assert refusal(PHONE.from_source, value) == WRONG_PHONE


@pytest.mark.parametrize(
    "value", ["", "1", "secret", "+", "9" * 5000, "\ud800", True, None, [], {}]
)
def test_what_is_no_phone_number_is_refused(value):
    assert refusal(PHONE.parse, value) == WRONG_PHONE
    assert refusal(PHONE.from_source, value) == WRONG_PHONE


def test_a_phone_number_is_found_as_it_is():
    assert PHONE.key("+12125550123") == "+12125550123"


@pytest.mark.parametrize(
    ("value", "url"),
    [
        ("HTTPS://Example.COM/Zoe?Q=A#Top", "https://example.com/Zoe?Q=A#Top"),
        ("http://example.com", "http://example.com"),
        ("ftp://192.0.2.7:2121/a", "ftp://192.0.2.7:2121/a"),
        ("http://[2001:DB8::7]:80/", "http://[2001:db8::7]:80/"),
        ("http://münchen.example/ü", "http://münchen.example/ü"),
        ("http://example.com./@me:x", "http://example.com./@me:x"),
        ("http://a_b.example/" + "x" * 1981, "http://a_b.example/" + "x" * 1981),
    ],
)
def test_a_url_is_kept_with_its_scheme_and_host_in_lower_case(value, url):
    assert URL.parse(value, FACETS) == url
    assert URL.from_source(f" {value}\r\n", FACETS) == url


@pytest.mark.parametrize(
    "value",
    [
        *("", "example.com", "//example.com", "/zoe", "http:", "http://", "http:///zoe", "http:/a"),
        *("javascript:alert(1)", "data:text/html,x", "mailto:zoe@example.com", "file:///etc/hosts"),
        *("http://zoe@example.com", "http://zoe:secret@example.com", "http://@example.com"),
        *("http://a b.com", "http://example.com/a b", "http://a\tb.com", "http://example.com/\x00"),
        *("http://example.com/\ud800", "http://example.com/\u202e", "http://example.com/\u00a0a"),
        *("http://good.com\\@bad.com", "http://bad.com\\.good.com", "http://\u2100.com"),
        *("http://a..b", "http://.a", "http://.", "http://:80", "http://a:b", "http://a:99999"),
        *("http://a:0", "http://[::1", "http://[1]", "http://[v1.a]", "http://::1/", "http://a%41"),
        *("http://e/" + "x" * 1992, "http://" + "\u0130" * 1990, 7, True, None, [], {}),
    ],
)
def test_what_is_no_safe_url_is_refused(value):
    assert refusal(URL.parse, value) == WRONG_URL
    assert refusal(URL.from_source, value) == WRONG_URL


def test_a_client_sends_a_url_without_blanks_around():
    assert refusal(URL.parse, " http://example.com") == WRONG_URL


def test_a_url_is_found_by_its_beginning():
    assert URL.key("http://example.com/" + "x" * 300) == "http://example.com/" + "x" * 181


@pytest.mark.parametrize(
    ("value", "ip"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:DB8:0:0:0:0:0:7", "2001:db8::7"),
        ("::FFFF:c000:0207", "::ffff:192.0.2.7"),
        ("::ffff:192.0.2.7", "::ffff:192.0.2.7"),
    ],
)
def test_an_ip_address_is_kept_in_its_canonical_form(value, ip):
    assert IP.parse(value, FACETS) == ip
    assert IP.from_source(f" {value} ", FACETS) == ip


@pytest.mark.parametrize(
    "value",
    [
        *("", "192.0.2", "192.0.2.256", "192.0.2.07", "192.0.2.7/24", "0xc0000207", "3221225991"),
        *("fe80::1%eth0", "1::2::3", "::\u0661", "1" * 5000, 3221225991, True, None, [], {}),
    ],
)
def test_what_is_no_ip_address_is_refused(value):
    assert refusal(IP.parse, value) == WRONG_IP
    assert refusal(IP.from_source, value) == WRONG_IP


def test_an_ip_address_is_found_by_its_version_and_its_bytes():
    assert IP.key("192.0.2.7") == "4c0000207"
    assert IP.key("::1") == "6" + "0" * 31 + "1"


@given(st.ip_addresses(v=6))
def test_every_spelling_of_an_ip_address_is_the_same_address(address):
    spellings = {str(address), address.exploded, address.exploded.upper()}

    assert len({IP.parse(spelling, FACETS) for spelling in spellings}) == 1
