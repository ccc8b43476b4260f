import base64
import os
import traceback
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import bson
import pytest
from bson.decimal128 import Decimal128
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from app.keyring.envelope import (
    Unsealable,
    ValueDamaged,
    WrongGeneration,
    bound_to,
    generation_of,
    seal,
    unseal,
    unwrap,
    wrap,
)

KEY = bytes(range(32))
NONCE = bytes(range(0x40, 0x4C))
GENERATION = 7
HEADER = bytes.fromhex("0100000007")
CONTEXT = bytes.fromhex(
    "0000000b6370672f6669656c642f31"  # cpg/field/1
    "0000000461636d65"  # acme
    "0000000870726f66696c6573"  # profiles
    "00000003616461"  # ada
    "0000000667656e646572"  # gender
)
# A value, its BSON, and the ciphertext with its tag: made with Node's crypto, the BSON by hand.
VECTORS = {
    "text": (
        "Zoë",
        "100000000200050000005a6fc3ab0000",
        (
            "f2b9ae23243c8203cdc44d5958cf135bf9c6525cb7350f2377474ee59713eddb"
            "f4939b14fd9bd4f55bb283a702c709ae"
        ),
    ),
    "int": (
        -42,
        "0b0000001000d6ffffff00",
        "e9b9ae23363c51fc323b17b69b64135b44efd48d7cf3f25b5df0920e5df4e79d",
    ),
    "long int": (
        2**53 + 1,
        "0f0000001200010000000000200000",
        "edb9ae23343c8603cdc41736bb6413db151b59f2892cccb781e6a4cb4e2148d3",
    ),
    "list": (
        ["a", 7, True],
        "2000000004001900000002300002000000610010310007000000083200010000",
        (
            "c2b9ae23223c9e03cdc415069b66135b79a7524c86350823774746d79712eddb"
            "1808f3acdeb9df5421f40b6f910ddfdab19c8f12d8694b8099930bc5aeedb41c"
        ),
    ),
    "date": (
        datetime(2026, 11, 23, 12, 30, 45, 678_000, tzinfo=UTC),
        "0f0000000900ae276308a201000000",
        "edb9ae232f3c2924aeccb5379b6413db6e0d183dd991563208d15a66f44cdaee",
    ),
    "decimal": (
        Decimal128("12.50"),
        "170000001300e2040000000000000000000000003c3000",
        (
            "f5b9ae23353c6507cdc417369b64135b79c6525c8b050fa377474ee59713eddb"
            "a3d44184f6e0ba6abc67f8628603a4ea"
        ),
    ),
}
KEPT_KEY = bytes(range(0x80, 0xA0))
KEY_CONTEXT = bytes.fromhex(
    "000000096370672f70646b2f31"  # cpg/pdk/1
    "0000000461636d65"  # acme
    "00000003616461"  # ada
    "0000000131"  # generation 1
    "0000000131"  # by version 1
)
WRAPPED = NONCE + bytes.fromhex(
    "62382ca0a2b90184454d9dbd17e99dd4e957c0cf23a099b4efded47e0b8e7344"
    "a08979ec32c26593c8bb4e5cc040b46c"
)
SECRET = "Mxyzptlk-4711"

laws = settings(max_examples=80, deadline=None)
keys = st.binary(min_size=32, max_size=32)
generations = st.integers(1, 2**32 - 1)
parts = st.lists(st.text(max_size=8) | st.integers(0, 2**40), max_size=5)
# BSON counts milliseconds.
instants = st.integers(-62_135_596_800_000, 253_402_300_799_999).map(
    lambda milliseconds: datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=milliseconds)
)
decimals = st.builds(
    lambda number, places: Decimal128(f"{number}E{-places}"),
    st.integers(-(10**34) + 1, 10**34 - 1),
    st.integers(0, 34),
)
scalars = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**63), 2**63 - 1),
    st.floats(),
    st.text(max_size=60),
    instants,
    decimals,
)
names = st.text(st.characters(exclude_characters="\0$", exclude_categories=["Cs"]), max_size=8)
values = st.recursive(
    scalars, lambda below: st.lists(below, max_size=4) | st.dictionaries(names, below, max_size=4)
)


def as_bson(value: object) -> bytes:
    """The value with its types: 1, 1.0 and True differ, and what is no number is itself."""
    return bson.encode({"": value})


def told(raises: Callable[[], object]) -> str:
    """Everything that the error of a call says, with its traceback."""
    with pytest.raises(Unsealable) as caught:
        raises()
    return "".join(traceback.format_exception(caught.value)) + repr(caught.value)


def flipped(content: bytes, bit: int) -> bytes:
    """The same with one other bit."""
    changed = bytearray(content)
    changed[bit // 8 % len(content)] ^= 1 << bit % 8
    return bytes(changed)


@pytest.mark.parametrize(("value", "content", "sealed"), VECTORS.values(), ids=VECTORS)
def test_what_others_sealed_opens(value, content, sealed):
    whole = HEADER + NONCE + bytes.fromhex(sealed)

    opened = unseal(AESGCM(KEY), GENERATION, whole, CONTEXT)

    assert opened == value
    assert as_bson(opened).hex() == content
    assert generation_of(whole) == GENERATION


@pytest.mark.parametrize(("value", "content", "sealed"), VECTORS.values(), ids=VECTORS)
def test_a_value_is_sealed_as_others_do_it(value, content, sealed, monkeypatch):
    monkeypatch.setattr(os, "urandom", lambda length: NONCE[:length])

    whole = seal(AESGCM(KEY), GENERATION, value, CONTEXT)
    plain = AESGCM(KEY).decrypt(NONCE, whole[17:], CONTEXT + HEADER)

    assert whole == HEADER + NONCE + bytes.fromhex(sealed)
    assert plain.startswith(bytes.fromhex(content) + b"\x80")
    assert not any(plain[len(content) // 2 + 1 :])
    assert len(plain) % 16 == 0


def test_a_key_is_wrapped_as_others_do_it_and_unwraps(monkeypatch):
    monkeypatch.setattr(os, "urandom", lambda length: NONCE[:length])

    assert wrap(AESGCM(KEY), KEPT_KEY, KEY_CONTEXT) == WRAPPED
    assert unwrap(AESGCM(KEY), WRAPPED, KEY_CONTEXT) == KEPT_KEY


def test_the_contexts_of_the_vectors_are_those_of_a_field_and_a_key():
    assert bound_to("cpg/field/1", "acme", "profiles", "ada", "gender") == CONTEXT
    assert bound_to("cpg/pdk/1", "acme", "ada", 1, 1) == KEY_CONTEXT


@laws
@given(keys, generations, values, parts)
def test_what_is_sealed_opens_as_it_was(key, generation, value, places):
    cipher, context = AESGCM(key), bound_to(*places)

    sealed = seal(cipher, generation, value, context)

    assert as_bson(unseal(cipher, generation, sealed, context)) == as_bson(value)
    assert generation_of(sealed) == generation


@laws
@given(values)
def test_a_value_is_never_sealed_twice_alike(value):
    one, other = (seal(AESGCM(KEY), 1, value, CONTEXT) for _ in range(2))

    assert one[5:17] != other[5:17]
    assert one[17:] != other[17:]


@laws
@given(st.text(max_size=100))
@example("")
@example("abc")
@example("abcd")
def test_the_length_of_a_sealed_text_tells_its_block_alone(text):
    # Head, nonce and tag; then the BSON, which has 12 bytes more than the text, and one byte more.
    blocks = -(-(12 + len(text.encode()) + 1) // 16)

    assert len(seal(AESGCM(KEY), 1, text, CONTEXT)) == 17 + 16 + 16 * blocks


def test_short_answers_can_t_be_told_apart_by_their_length():
    answers = ["M", "F", "x", "no", "yes", "n/a", True, False, None, 0, 100, ""]

    assert {len(seal(AESGCM(KEY), 1, answer, CONTEXT)) for answer in answers} == {49}


@laws
@given(keys, generations, values, parts, st.data())
def test_a_sealed_value_with_one_other_bit_never_opens(key, generation, value, places, data):
    cipher, context = AESGCM(key), bound_to(*places)
    sealed = seal(cipher, generation, value, context)
    bit = data.draw(st.integers(0, 39) | st.integers(0, 8 * len(sealed) - 1))
    changed = flipped(sealed, bit)

    expected = WrongGeneration if 8 <= bit < 40 else ValueDamaged

    with pytest.raises(Unsealable) as caught:
        unseal(cipher, generation, changed, context)
    assert type(caught.value) is expected


@laws
@given(values, generations, generations)
def test_the_generation_in_the_header_can_t_be_changed(value, generation, other):
    assume(generation != other)
    sealed = seal(AESGCM(KEY), generation, value, CONTEXT)
    changed = sealed[:1] + other.to_bytes(4, "big") + sealed[5:]

    with pytest.raises(WrongGeneration):
        unseal(AESGCM(KEY), other, sealed, CONTEXT)
    with pytest.raises(ValueDamaged):
        unseal(AESGCM(KEY), other, changed, CONTEXT)


@laws
@given(values, st.data())
def test_a_sealed_value_that_was_cut_or_grew_never_opens(value, data):
    sealed = seal(AESGCM(KEY), 1, value, CONTEXT)
    at = data.draw(st.integers(0, len(sealed) - 1))
    end = data.draw(st.integers(at, len(sealed)))
    more = data.draw(st.binary(min_size=1, max_size=20))
    changed = {
        sealed[:at],
        sealed[at + 1 :],
        sealed + more,
        more + sealed,
        sealed[:at] + more + sealed[end:],
    }

    for one in changed - {sealed}:
        with pytest.raises(Unsealable):
            unseal(AESGCM(KEY), 1, one, CONTEXT)


@laws
@given(values, parts, parts)
def test_a_sealed_value_never_opens_elsewhere(value, here, there):
    assume(list(map(str, here)) != list(map(str, there)))
    sealed = seal(AESGCM(KEY), 1, value, bound_to(*here))

    with pytest.raises(ValueDamaged):
        unseal(AESGCM(KEY), 1, sealed, bound_to(*there))


@laws
@given(values, keys, keys)
def test_another_key_never_opens_a_value(value, key, other):
    assume(key != other)
    sealed = seal(AESGCM(key), 1, value, CONTEXT)

    with pytest.raises(ValueDamaged):
        unseal(AESGCM(other), 1, sealed, CONTEXT)


headed = st.builds(
    lambda generation, rest: b"\x01" + generation.to_bytes(4, "big") + rest,
    st.integers(0, 3),
    st.binary(max_size=80),
)


@laws
@given(st.binary(max_size=80) | headed)
def test_arbitrary_bytes_are_refused_as_unsealable_and_no_otherwise(content):
    with pytest.raises(Unsealable):
        unseal(AESGCM(KEY), 1, content, CONTEXT)
    with pytest.raises(Unsealable):
        unwrap(AESGCM(KEY), content, CONTEXT)
    if len(content) < 49 or content[0] != 1:
        with pytest.raises(ValueDamaged):
            generation_of(content)


@laws
@given(st.binary(max_size=80).map(lambda plain: plain + b"\x80") | st.binary(max_size=80))
@example(b"")
@example(b"\x80")
@example(bson.encode({}) + b"\x80")
@example(bson.encode({"other": 1}) + b"\x80")
@example(as_bson("x")[:-2] + b"\xff\0\0\x80")
@example(as_bson("x").replace(b"x", b"\xff") + b"\x80")
def test_what_the_key_sealed_and_is_no_value_is_damaged(plain):
    try:
        known = "" in bson.decode(plain[: max(plain.rfind(b"\x80"), 0)])
    except bson.errors.BSONError:
        known = False
    assume(not known)
    sealed = HEADER + NONCE + AESGCM(KEY).encrypt(NONCE, plain, CONTEXT + HEADER)

    with pytest.raises(ValueDamaged):
        unseal(AESGCM(KEY), GENERATION, sealed, CONTEXT)


def parts_of(context: bytes) -> list[str]:
    """The parts of a context, read back by their lengths."""
    if not context:
        return []
    end = 4 + int.from_bytes(context[:4], "big")
    return [context[4:end].decode(), *parts_of(context[end:])]


@laws
@given(parts)
@example(["a", "b"])
@example(["ab", ""])
@example(["", "ab"])
@example(["\0\0\0\1a"])
def test_parts_can_be_read_back_from_what_they_are_bound_to(places):
    assert parts_of(bound_to(*places)) == [str(part) for part in places]


@laws
@given(keys, keys, parts)
def test_a_wrapped_key_unwraps(key, kept, places):
    wrapped = wrap(AESGCM(key), kept, bound_to(*places))

    assert unwrap(AESGCM(key), wrapped, bound_to(*places)) == kept
    assert kept not in wrapped


@laws
@given(keys, st.integers(0, 60 * 8 - 1), st.integers(0, 59), st.binary(min_size=1, max_size=8))
def test_a_wrapped_key_that_was_changed_cut_or_grew_never_unwraps(kept, bit, at, more):
    wrapped = wrap(AESGCM(KEY), kept, KEY_CONTEXT)

    for changed in (flipped(wrapped, bit), wrapped[:at], wrapped[at + 1 :], wrapped + more):
        with pytest.raises(ValueDamaged):
            unwrap(AESGCM(KEY), changed, KEY_CONTEXT)


@laws
@given(keys, keys, parts, parts)
def test_a_wrapped_key_never_unwraps_elsewhere_or_by_another_key(kept, other, here, there):
    assume(other != KEY and list(map(str, here)) != list(map(str, there)))
    wrapped = wrap(AESGCM(KEY), kept, bound_to(*here))

    with pytest.raises(ValueDamaged):
        unwrap(AESGCM(KEY), wrapped, bound_to(*there))
    with pytest.raises(ValueDamaged):
        unwrap(AESGCM(other), wrapped, bound_to(*here))


def test_errors_tell_neither_value_nor_key():
    cipher, other = AESGCM(KEY), AESGCM(KEPT_KEY)
    sealed = seal(cipher, 1, SECRET, CONTEXT)
    bare = sealed[:17] + cipher.encrypt(sealed[5:17], SECRET.encode() * 3, CONTEXT + sealed[:5])
    wrapped = wrap(cipher, KEPT_KEY, CONTEXT)
    calls: list[Callable[[], Any]] = [
        lambda: unseal(other, 1, sealed, CONTEXT),
        lambda: unseal(cipher, 2, sealed, CONTEXT),
        lambda: unseal(cipher, 1, sealed, CONTEXT + b"x"),
        lambda: unseal(cipher, 1, sealed[:-1], CONTEXT),
        lambda: unseal(cipher, 1, SECRET.encode(), CONTEXT),
        lambda: unseal(cipher, 1, bare, CONTEXT),
        lambda: unwrap(other, wrapped, CONTEXT),
        lambda: unwrap(cipher, KEPT_KEY, CONTEXT),
    ]
    spelt = [
        form
        for secret in (KEY, KEPT_KEY, sealed, wrapped)
        for form in (secret.hex(), repr(secret)[2:-1], base64.b64encode(secret).decode())
    ]

    for call in calls:
        text = told(call)
        assert [form for form in (SECRET, *spelt) if form in text] == []
