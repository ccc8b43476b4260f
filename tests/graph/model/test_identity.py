"""One person, one name: identities however they are written."""

import time

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.model.channel import Channel, identity_kind
from graph.model.errors import BadValue
from graph.model.identity import Identity, IdentityName, identity_name

UNPRINTABLE = "value: expected 1 to 254 printable characters"
PHONES = [Channel.VOICE, Channel.SMS, Channel.WHATSAPP]
SOCIAL = {Channel.X, Channel.INSTAGRAM, Channel.TELEGRAM, Channel.FACEBOOK}
HANDLES = [item for item in Channel if item not in {*PHONES, Channel.EMAIL}]
REGIONS = sorted(phonenumbers.SUPPORTED_REGIONS)
# Letters whose case, or whose accents, change their number of characters, and the accents.
CASES = [*"aJhtwyİẞßŉǰΐΰΣᾳᾼ가", *map(chr, [0x131, 0x17F, 0x3C3, 0xFB03, 0x212A, 0x212B, 0x1100])]
CASES += [*"\u0301\u0307\u030c\u0331\u0345\u0323\u02bc\u1161"]
LEFT_TO_RIGHT, POP = "\u202a", "\u202c"


def refused(channel, value, region="US"):
    """What is said of a value that names nobody."""
    with pytest.raises(BadValue) as refusal:
        identity_name(channel, value, region)
    assert refusal.value.field == "value"
    return str(refusal.value)


@pytest.mark.parametrize("channel", PHONES)
def test_channels_of_one_telephone_share_their_identities(channel):
    assert identity_name(channel, "+1 202 555 0143", "US") == IdentityName("phone", "+12025550143")


@pytest.mark.parametrize("written", ["@", "@@", "@ @"])
def test_an_at_sign_alone_is_no_handle(written):
    assert refused(Channel.X, written) == refused(Channel.X, "")


@pytest.mark.parametrize("channel", HANDLES)
def test_every_other_channel_has_handles_of_its_own(channel):
    assert identity_kind(channel) == channel.value.lower()
    name = "ada" if channel in SOCIAL else "@ada"
    assert identity_name(channel, "@Ada", "US") == IdentityName(channel.value.lower(), name)


@pytest.mark.parametrize(
    ("region", "written"),
    [
        ("US", "+12025550143"),
        ("US", "(202) 555-0143"),
        ("US", "202.555.0143"),
        ("US", "1 202 555 0143"),
        ("US", "tel:+1-202-555-0143"),
        ("US", "+1 (202) 555\u00a00143"),
        ("US", "+1 202\u2011555\u20110143"),
        ("US", "\uff0b\uff11 202 555 0143"),
        ("US", f"{LEFT_TO_RIGHT}+1 202 555 0143{POP}"),
        ("US", "  +1 202 555 0143\n"),
        ("CA", "202 555 0143"),
        ("GB", "00 1 202 555 0143"),
        ("DE", "+1 202 555 0143"),
        ("AU", "0011 1 202 555 0143"),
    ],
)
def test_a_number_has_one_name_in_every_notation_and_region(region, written):
    assert identity_name(Channel.VOICE, written, region) == IdentityName("phone", "+12025550143")


@pytest.mark.parametrize(
    ("region", "written", "name"),
    [
        ("GB", "020 7946 0018", "+442079460018"),
        ("GB", "+44 (0)20 7946 0018", "+442079460018"),
        ("DE", "030 901820", "+4930901820"),
        ("BR", "(11) 96123-4567", "+5511961234567"),
        ("IT", "06 1234 5678", "+390612345678"),
        ("AR", "011 15 2345 6789", "+5491123456789"),
        ("US", "+290 22222", "+29022222"),
        ("US", "1 800 FLOWERS", "+18003569377"),
    ],
)
def test_a_number_is_completed_as_its_region_writes_it(region, written, name):
    assert identity_name(Channel.SMS, written, region).value == name


@pytest.mark.parametrize("value", ["Ada", "+", "1", "ada@x.org", "+999 123 456 789"])
def test_what_is_no_number_names_nobody(value):
    assert refused(Channel.VOICE, value) == "value: not a phone number"


@pytest.mark.parametrize(
    "value", ["202 555", "+1 202 555 01430", "555", "1" * 17, "+44 0020 7946 0018"]
)
def test_a_number_nobody_can_have_names_nobody(value):
    assert refused(Channel.VOICE, value) == "value: not a possible phone number"


@pytest.mark.parametrize(
    ("region", "value"),
    [("BO", "0000794172"), ("CO", "006873127027"), ("US", "+243 00 128 823 853")],
)
def test_a_number_with_more_leading_zeros_than_one_reading_removes_names_nobody(region, value):
    assert refused(Channel.VOICE, value, region) == "value: not a possible phone number"


def test_a_number_without_its_country_names_nobody_where_the_region_is_unknown():
    assert refused(Channel.VOICE, "202 555 0143", "ZZ") == "value: not a phone number"


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("Ada@Lovelace.ORG", "ada@lovelace.org"),
        (" ada@lovelace.org\t", "ada@lovelace.org"),
        ("ada+desk@mail.lovelace.org", "ada+desk@mail.lovelace.org"),
        ("o'brien@lovelace.org", "o'brien@lovelace.org"),
        ("\uff21da@lovelace.org", "ada@lovelace.org"),
        ("JOSÉ@lovelace.org", "josé@lovelace.org"),
        ("jose\u0301@lovelace.org", "josé@lovelace.org"),
        ("ada@bücher.example", "ada@bücher.example"),
    ],
)
def test_an_address_has_one_name_in_every_case(written, name):
    assert identity_name(Channel.EMAIL, written, "US") == IdentityName("email", name)


@pytest.mark.parametrize(
    "value",
    [
        *("ada", "ada@", "@lovelace.org", "ada@lovelace", "ada@lovelace.", "ada@.org"),
        *("ada@lovelace..org", "ada@@lovelace.org", "a da@lovelace.org", "ada@love lace.org"),
        *("Ada <ada@lovelace.org>", '"ada"@lovelace.org', "ada@lovelace.org,b@lovelace.org"),
        *("ada@[127.0.0.1]", "ada@lovelace.org;", "mailto:ada@lovelace.org", "ada\\@lovelace.org"),
    ],
)
def test_what_is_no_address_names_nobody(value):
    assert refused(Channel.EMAIL, value) == "value: not an e-mail address"


@pytest.mark.parametrize("written", ["AdaL", "adal", " ADAL ", "\uff21\uff24\uff21\uff2c"])
def test_a_handle_has_one_name_in_every_case(written):
    assert identity_name(Channel.X, written, "US") == IdentityName("x", "adal")


@pytest.mark.parametrize("channel", [Channel.VOICE, Channel.EMAIL, Channel.WEB])
@pytest.mark.parametrize(
    "value",
    [
        *("", " ", "\n\t", LEFT_TO_RIGHT + POP),
        *("a\x00b", "a\nb", "a\x1bb", "ada\u202eb", "a\u200bb", "\ud800", "a\x7fb"),
        *("a" * 255, "\u0300\u0316" * 200_000, "\ufdfa" * 255),
    ],
)
def test_hostile_text_names_nobody_on_any_channel(channel, value):
    assert refused(channel, value) == UNPRINTABLE


def test_a_text_made_to_be_slow_to_normalise_is_refused_at_once():
    began = time.monotonic()

    assert refused(Channel.WEB, "a" + "\u0300\u0316" * 20_000) == UNPRINTABLE
    assert time.monotonic() - began < 0.5


def test_a_handle_that_grows_beyond_the_limit_with_its_case_names_nobody():
    assert refused(Channel.WEB, "\u0390" * 254) == UNPRINTABLE


def test_the_longest_handle_is_254_characters():
    assert identity_name(Channel.WEB, "a" * 254, "US").value == "a" * 254


@pytest.mark.parametrize(
    ("channel", "value"),
    [(Channel.VOICE, "ada-secret"), (Channel.EMAIL, "ada-secret"), (Channel.WEB, "ada-secret\x00")],
)
def test_a_refusal_never_tells_the_value(channel, value):
    assert "secret" not in refused(channel, value)


def test_neither_an_identity_nor_its_name_shows_its_value():
    identity = Identity(channel=Channel.EMAIL, value="ada@x.org", raw="Ada@x.org")

    assert "ada" not in repr(identity).lower()
    assert repr(IdentityName("email", "ada@x.org")) == "IdentityName(kind='email')"


@given(st.sampled_from(Channel), st.text(max_size=300), st.sampled_from(REGIONS))
def test_any_text_names_somebody_or_is_refused(channel, value, region):
    check_idempotent(channel, value, region)


@given(
    st.sampled_from(REGIONS),
    st.sampled_from(["", "+", "00", "011", "0", "+44", "+39", "+54 9", "+52 1", "+7 8"]),
    st.text("00123456789 ().-x", min_size=4, max_size=18),
)
def test_a_normalised_number_is_its_own_name(region, prefix, rest):
    check_idempotent(Channel.VOICE, prefix + rest, region)


@given(
    st.text(min_size=1, max_size=60), st.from_regex(r"[A-Za-z]{1,20}\.[a-z]{2,9}", fullmatch=True)
)
def test_a_normalised_address_is_its_own_name(local, domain):
    check_idempotent(Channel.EMAIL, f"{local}@{domain}", "US")


@given(
    st.sampled_from(HANDLES),
    st.text(st.sampled_from(CASES), min_size=1),
)
def test_a_normalised_handle_is_its_own_name(channel, value):
    check_idempotent(channel, value, "US")


def test_the_example_number_of_every_region_has_one_name_in_every_notation():
    formats = phonenumbers.PhoneNumberFormat
    for region in REGIONS:
        number = phonenumbers.example_number(region)
        names = {
            identity_name(Channel.VOICE, phonenumbers.format_number(number, notation), region).value
            for notation in (formats.E164, formats.INTERNATIONAL, formats.NATIONAL, formats.RFC3966)
        }
        assert names == {phonenumbers.format_number(number, formats.E164)}


def check_idempotent(channel, value, region):
    """A value is refused as `BadValue`, or its name is its own name in every region."""
    try:
        name = identity_name(channel, value, region)
    except BadValue:
        return
    assert identity_name(channel, name.value, "US") == name
    assert identity_name(channel, name.value, region) == name
