import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from joserfc.errors import UnsupportedAlgorithmError

from app.auth.errors import Unauthenticated
from app.auth.validator import _Algorithms
from policies.principal import Principal
from tests.app.auth.hostile_tokens import ATTACKER, HOSTILE
from tests.app.auth.mint import signed

EXAMPLES = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


async def outcome(authenticator, authorization):
    try:
        return await authenticator.principal(authorization)
    except Unauthenticated as refusal:
        return refusal


def test_the_battery_has_no_two_cases_of_one_name():
    assert len({case.what for case in HOSTILE}) == len(HOSTILE)


@pytest.mark.parametrize("case", HOSTILE, ids=lambda case: case.what)
async def test_a_hostile_token_is_refused_for_its_own_reason(
    case, session_authenticator, session_mint
):
    authorization = case.make(session_mint)

    with pytest.raises(Unauthenticated) as refusal:
        await session_authenticator.principal(authorization)

    assert type(refusal.value) is Unauthenticated
    assert refusal.value.reason == case.reason


async def test_the_battery_differs_from_a_token_that_is_accepted(
    session_authenticator, session_mint
):
    principal = await session_authenticator.principal(session_mint.bearer())

    assert principal == Principal("acme", "agent-7", frozenset({"agent"}))


async def test_a_key_that_a_token_points_to_is_never_fetched(authenticator, issuer, mint):
    pointers = {"jku": f"{issuer.address}/attacker", "x5u": f"{issuer.address}/attacker"}
    header = mint.header(kid=ATTACKER.kid, **pointers)

    with pytest.raises(Unauthenticated):
        await authenticator.principal(mint.bearer(ATTACKER, header))

    assert issuer.other_fetches == 0


async def test_an_rsa_key_of_1024_bits_signs_nothing_even_if_its_issuer_publishes_it(
    session_authenticator, session_mint, signers
):
    token = session_mint.bearer(signers["short"])

    with pytest.raises(Unauthenticated) as refusal:
        await session_authenticator.principal(token)

    assert refusal.value.reason == "The token's key isn't one of its issuer's."


def test_the_library_gets_no_algorithm_that_the_issuer_does_not_use():
    with pytest.raises(UnsupportedAlgorithmError):
        _Algorithms(("ES256",)).get_alg("HS256")
    with pytest.raises(UnsupportedAlgorithmError):
        _Algorithms(()).get_alg("HS256")


async def test_a_refusal_tells_nothing_of_the_token(session_authenticator, session_mint):
    secrets = {"sub": "agent-7-secret", "tenant": "Acme/Secret", "note": "secret"}

    with pytest.raises(Unauthenticated) as refusal:
        await session_authenticator.principal(session_mint.bearer(**secrets))

    assert "ecret" not in str(refusal.value)
    assert refusal.value.__cause__ is None


@EXAMPLES
@given(
    name=st.sampled_from(
        [
            "iss",
            "aud",
            "sub",
            "iat",
            "exp",
            "nbf",
            "tenant",
            "roles",
            "amr",
            "acr",
            "client_id",
            "azp",
            "jti",
        ]
    ),
    value=json_values,
)
async def test_any_value_in_any_claim_is_accepted_or_refused_and_nothing_else(
    session_authenticator, session_mint, name, value
):
    found = await outcome(session_authenticator, session_mint.bearer(**{name: value}))

    assert isinstance(found, Principal | Unauthenticated)


@EXAMPLES
@given(
    name=st.sampled_from(
        [
            "alg",
            "kid",
            "typ",
            "crit",
            "b64",
            "jwk",
            "jku",
            "x5c",
            "x5t",
            "x5u",
            "cty",
            "x5t#S256",
            "zip",
        ]
    ),
    value=json_values,
)
async def test_any_value_in_any_header_is_accepted_or_refused_and_nothing_else(
    session_authenticator, session_mint, name, value
):
    header = session_mint.header(**{name: value})

    found = await outcome(session_authenticator, session_mint.bearer(header=header))

    assert isinstance(found, Principal | Unauthenticated)


@EXAMPLES
@given(header=json_values, claims=json_values)
async def test_any_two_signed_json_values_are_refused(
    session_authenticator, session_mint, header, claims
):
    token = "Bearer " + signed(header, claims, session_mint.signer)

    found = await outcome(session_authenticator, token)

    assert isinstance(found, Unauthenticated)


@EXAMPLES
@given(data=st.data())
async def test_changing_any_character_of_a_good_token_makes_it_a_bad_one(
    session_authenticator, session_mint, data
):
    token = session_mint.token()
    at = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters().filter(lambda char: char not in (token[at], " ")))

    found = await outcome(session_authenticator, f"Bearer {token[:at]}{other}{token[at + 1 :]}")

    assert isinstance(found, Unauthenticated)
