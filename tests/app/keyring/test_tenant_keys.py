"""The index of a tenant: what stands for a value."""

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.keyring.tenant_keys import TenantKeys

# The vectors below were made with the openssl command, not with this project.
ACME = bytes.fromhex("1bfebce3f3e5fa842fdbf6053e78ca1638544c1e4564b247472cc3ac4e49229d")
GLOBEX = bytes.fromhex("94e64a070395f2e662639cb4b48624386fb5cffb70b8d5a524238fc376ac0235")
ADA = "+14155550123"


def keys_of(key: bytes, *versions: int) -> TenantKeys:
    """A tenant's keys with this index key as every version."""
    return TenantKeys("acme", {1: bytes(32)}, dict.fromkeys(versions or (1,), key))


@pytest.mark.parametrize(
    ("key", "version", "field", "value", "index"),
    [
        (ACME, 1, "phone", ADA, "AcXORzh09YF6_PEOsCgYCW8"),
        (ACME, 2, "phone", ADA, "AhxUUeDXIc00THAfpO68gqo"),
        (ACME, 258, "phone", ADA, "Ald7lJvKypx_ppamggbjaTk"),
        (GLOBEX, 1, "phone", ADA, "AbnEMhGXn71b2b5EdulhDS8"),
        (GLOBEX, 2, "phone", ADA, "AvkEUelzItwKD4fDIqj06io"),
        (ACME, 1, "email", "ada@example.com", "ASRTJuq9vENI3a6IIV2pS4g"),
        (ACME, 1, "account", "Zoë1", "AazxlqHBc-77bNHNkQCZl3o"),
        (ACME, 1, "search:birth", "1985-12-10", "AVCylBQSBYKlP4hWq8ZNot4"),
        (ACME, 1, "", "", "AX23Tm6TMsIvfiZeqgm-yDI"),
    ],
)
def test_an_index_is_what_its_construction_says(key, version, field, value, index):
    assert keys_of(key, version).index(field, value, version) == index


@pytest.mark.parametrize(("version", "told"), [(1, 1), (2, 2), (255, 255), (256, 0), (258, 2)])
def test_an_index_tells_its_version_and_sixteen_bytes(version, told):
    found = keys_of(ACME, version).index("phone", ADA)
    kept = base64.urlsafe_b64decode(f"{found}=")

    assert re.fullmatch(r"[A-Za-z0-9_-]{23}", found)
    assert (kept[0], len(kept)) == (told, 17)


def test_the_same_value_has_another_index_by_another_key_of_another_field_or_version():
    indexes = {
        keys_of(key, 1, 2, 258).index(field, "4155550123", version)[1:]
        for key in (ACME, GLOBEX)
        for field in ("phone", "account")
        for version in (1, 2, 258)
    }

    assert len(indexes) == 12


def test_the_newest_version_makes_an_index_unless_another_is_asked_for():
    keys = TenantKeys("acme", {1: bytes(32)}, {1: ACME, 2: GLOBEX})

    assert keys.index_versions == [2, 1]
    assert keys.index("phone", ADA) == "AvkEUelzItwKD4fDIqj06io"
    assert keys.index("phone", ADA, 1) == "AcXORzh09YF6_PEOsCgYCW8"
    with pytest.raises(KeyError):
        keys.index("phone", ADA, 3)


words = st.text(st.characters(codec="utf-8"), max_size=8)


@given(words, words, words, words)
def test_only_equal_fields_and_values_have_equal_indexes(field, value, other_field, other_value):
    keys = keys_of(ACME)

    is_same = keys.index(field, value) == keys.index(other_field, other_value)

    assert is_same is ((field, value) == (other_field, other_value))


def test_keys_are_not_shown_with_their_tenant():
    assert repr(keys_of(ACME)) == "TenantKeys(tenant='acme')"
