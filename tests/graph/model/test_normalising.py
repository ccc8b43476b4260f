"""What a tenant takes as the same identity: more than one spelling, and always the plain one."""

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from graph.model.channel import Channel
from graph.model.errors import BadValue
from graph.model.identity import IdentityName, identity_name
from graph.model.normalising import WIDE_KINDS, Normalising, wide_name

ALL = Normalising(email_providers=True, account_separators=True)


def mailbox(address):
    return wide_name(identity_name(Channel.EMAIL, address, "US"), ALL)


@pytest.mark.parametrize(
    ("written", "box"),
    [
        ("Ada.Love.Lace+shop@Gmail.com", "adalovelace@gmail.com"),
        ("ada.lovelace@googlemail.com", "adalovelace@gmail.com"),
        ("adalovelace@gmail.com", "adalovelace@gmail.com"),
        ("ada.lovelace+a+b@outlook.com", "ada.lovelace@outlook.com"),
        ("ada.l@hotmail.com", "ada.l@hotmail.com"),
        ("ada+news@live.com", "ada@live.com"),
        ("ada+news@fastmail.com", "ada@fastmail.com"),
        ("ada+news@proton.me", "ada@proton.me"),
    ],
)
def test_what_a_provider_delivers_to_one_mailbox_is_one(written, box):
    assert mailbox(written) == IdentityName("mailbox", box)


@pytest.mark.parametrize(
    "written", ["a.b+c@example.org", "+tag@gmail.com", "a+b@gmail.com.evil.org"]
)
def test_of_other_addresses_nothing_is_assumed(written):
    assert mailbox(written) is None


@pytest.mark.parametrize("written", ["AT 4711-08 15", "at4711 0815", "at-4711-0815"])
def test_blanks_and_dashes_do_not_tell_account_numbers_apart(written):
    name = identity_name(Channel.ACCOUNT, written, "US")

    assert wide_name(name, ALL) == IdentityName("account-number", "at47110815")


def test_an_account_number_of_separators_alone_has_its_plain_name_only():
    assert wide_name(IdentityName("account", "--"), ALL) is None


@pytest.mark.parametrize(
    ("channel", "value"),
    [(Channel.EMAIL, "a.b@gmail.com"), (Channel.ACCOUNT, "1-2"), (Channel.X, "a-b")],
)
def test_without_a_rule_there_is_the_plain_name_only(channel, value):
    assert wide_name(identity_name(channel, value, "US"), Normalising()) is None


values = st.one_of(
    st.from_regex(r"\A[a-z.+]{1,12}@(gmail|googlemail|outlook|proton|x)\.(com|me)\Z"),
    st.from_regex(r"\A[A-Za-z0-9 \-@.]{1,20}\Z"),
    st.text(max_size=30),
)


@given(st.sampled_from(Channel), values)
def test_normalising_what_is_normal_gives_itself(channel, value):
    try:
        name = identity_name(channel, value, "AT")
    except BadValue:
        assume(False)  # noqa: FBT003 - Hypothesis asks so
    wide = wide_name(name, ALL)

    assert identity_name(channel, name.value, "AT") == name
    if wide is not None:
        assert WIDE_KINDS[wide.kind] == name.kind
        assert wide_name(IdentityName(name.kind, wide.value), ALL) == wide
        again = identity_name(channel, wide.value, "AT")
        assert wide_name(again, ALL) == wide
