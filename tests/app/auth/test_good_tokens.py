import pytest

from app.auth.errors import Unauthenticated
from policies.principal import Principal
from tests.app.auth.mint import ABSENT

AGENT = Principal("acme", "agent-7", frozenset({"agent"}))


@pytest.mark.parametrize("algorithm", ["ES256", "RS256", "PS256", "Ed25519", "EdDSA"])
async def test_a_token_of_each_algorithm_is_accepted(authenticator, mint, signers, algorithm):
    principal = await authenticator.principal(mint.bearer(signers[algorithm]))

    assert principal == AGENT


@pytest.mark.parametrize("typ", ["at+jwt", "AT+JWT", "application/at+jwt"])
async def test_the_type_of_an_access_token_has_two_spellings_in_any_case(authenticator, mint, typ):
    assert await authenticator.principal(mint.bearer(header=mint.header(typ=typ))) == AGENT


@pytest.mark.parametrize("scheme", ["Bearer ", "bearer ", "BEARER ", "Bearer   "])
async def test_the_scheme_is_read_in_any_case(authenticator, mint, scheme):
    assert await authenticator.principal(scheme + mint.token()) == AGENT


@pytest.mark.parametrize(
    "extra", [{"nonce": "n"}, {"jku": "https://example.com/keys"}, {"x5t": "AA"}, {"b64": True}]
)
async def test_headers_that_change_nothing_are_ignored(authenticator, mint, extra):
    assert await authenticator.principal(mint.bearer(header=mint.header(**extra))) == AGENT


async def test_a_long_header_and_many_claims_fit_into_8_kb(authenticator, mint):
    header = mint.header(x5c=["M" * 1500])

    assert await authenticator.principal(mint.bearer(header=header, note="x" * 3500)) == AGENT


async def test_a_legacy_issuer_may_name_its_own_types(authenticator_of, mint):
    authenticator = authenticator_of(types=("JWT", ""))

    typed = await authenticator.principal(mint.bearer(header=mint.header(typ="JWT")))
    untyped = await authenticator.principal(mint.bearer(header=mint.header(typ=ABSENT)))

    assert typed == untyped == AGENT
    with pytest.raises(Unauthenticated):
        await authenticator.principal(mint.bearer(header=mint.header(typ="at+jwt")))


async def test_our_audience_may_be_one_of_several(authenticator, mint):
    assert await authenticator.principal(mint.bearer(aud=["mail", "profile-gateway"])) == AGENT


async def test_clocks_may_differ_by_the_leeway(authenticator, mint):
    late = mint.bearer(iat=int(mint.now) - 600, exp=int(mint.now) - 28)
    early = mint.bearer(iat=int(mint.now) + 29, nbf=int(mint.now) + 29)

    assert await authenticator.principal(late) == AGENT
    assert await authenticator.principal(early) == AGENT


async def test_instants_may_have_fractions(authenticator, mint):
    bearer = mint.bearer(iat=mint.now - 0.5, exp=mint.now + 599.5)

    assert await authenticator.principal(bearer) == AGENT


@pytest.mark.parametrize(
    ("claim", "roles"),
    [
        (["agent", "reviewer"], {"agent", "reviewer"}),
        (["agent", "agent"], {"agent"}),
        ("agent  reviewer", {"agent", "reviewer"}),
        (["Team Lead"], {"Team Lead"}),
        (["a-role-nobody-knows"], {"a-role-nobody-knows"}),
        ([], set()),
        ("", set()),
        (None, set()),
        (ABSENT, set()),
    ],
)
async def test_roles_are_a_list_or_words_and_kept_as_they_are(authenticator, mint, claim, roles):
    principal = await authenticator.principal(mint.bearer(roles=claim))

    assert principal.roles == roles


async def test_dots_lead_to_the_roles_and_the_tenant(authenticator_of, mint):
    authenticator = authenticator_of(roles_claim="realm_access.roles", tenant_claim="org.name")
    bearer = mint.bearer(realm_access={"roles": ["admin"]}, org={"name": "globex"})

    principal = await authenticator.principal(bearer)

    assert principal == Principal("globex", "agent-7", frozenset({"admin"}))


async def test_a_claim_whose_name_has_dots_is_found_by_its_name(authenticator_of, mint):
    authenticator = authenticator_of(roles_claim="https://example.com/roles")

    principal = await authenticator.principal(mint.bearer(**{"https://example.com/roles": "admin"}))

    assert principal.roles == {"admin"}


async def test_dots_that_lead_nowhere_give_no_roles(authenticator_of, mint):
    authenticator = authenticator_of(roles_claim="realm_access.roles")

    principal = await authenticator.principal(mint.bearer(realm_access="admin"))

    assert principal.roles == frozenset()


async def test_an_issuer_with_a_fixed_tenant_has_no_say_in_it(authenticator_of, mint):
    authenticator = authenticator_of(tenant="globex")

    chosen = await authenticator.principal(mint.bearer(tenant="acme"))
    silent = await authenticator.principal(mint.bearer(tenant=ABSENT))

    assert chosen.tenant == silent.tenant == "globex"


@pytest.mark.parametrize("method", ["otp", "hwk", "swk", "mfa", "pop", "fpt"])
async def test_each_method_beyond_a_password_is_a_second_factor(authenticator, mint, method):
    principal = await authenticator.principal(mint.bearer(amr=["pwd", method]))

    assert principal.has_second_factor


@pytest.mark.parametrize(
    "claims",
    [
        {},
        {"amr": []},
        {"amr": ["pwd"]},
        {"amr": "otp"},
        {"amr": ["OTP"]},
        {"amr": [["otp"], {"otp": 1}, None]},
        {"amr": {"otp": True}},
        {"acr": "gold"},
    ],
)
async def test_anything_else_is_no_second_factor(authenticator, mint, claims):
    principal = await authenticator.principal(mint.bearer(**claims))

    assert not principal.has_second_factor


@pytest.mark.parametrize(("acr", "proved"), [("gold", True), ("bronze", False), (["gold"], False)])
async def test_an_issuer_may_say_second_factor_in_its_own_words(
    authenticator_of, mint, acr, proved
):
    authenticator = authenticator_of(second_factor_acr=("gold", "platinum"))

    principal = await authenticator.principal(mint.bearer(acr=acr))

    assert principal.has_second_factor is proved


@pytest.mark.parametrize(
    ("claims", "client"),
    [({"client_id": "web", "azp": "x"}, "web"), ({"azp": "mobile"}, "mobile"), ({}, None)],
)
async def test_the_client_is_named_by_the_token(authenticator, mint, claims, client):
    principal = await authenticator.principal(mint.bearer(**claims))

    assert principal.client == client


async def test_a_remembered_token_ends_when_it_expires(authenticator, mint, clock):
    bearer = mint.bearer(iat=int(mint.now) - 10, exp=int(mint.now) + 20)
    assert await authenticator.principal(bearer) == AGENT

    clock.now += 55

    with pytest.raises(Unauthenticated, match="has expired"):
        await authenticator.principal(bearer)


async def test_a_token_is_verified_once_a_minute(authenticator, mint, clock):
    bearer = mint.bearer()
    first = await authenticator.principal(bearer)
    clock.now += 59
    remembered = await authenticator.principal(bearer)
    clock.now += 2
    renewed = await authenticator.principal(bearer)

    assert remembered is first
    assert renewed is not first
    assert renewed == first


async def test_the_longest_unused_token_is_forgotten_first(authenticator_of, mint, monkeypatch):
    monkeypatch.setattr("app.auth.authenticator._MAX_REMEMBERED", 2)
    authenticator = authenticator_of()
    one, two, three = (mint.bearer(jti=name) for name in ("one", "two", "three"))
    first, second = await authenticator.principal(one), await authenticator.principal(two)
    await authenticator.principal(one)

    await authenticator.principal(three)

    assert await authenticator.principal(one) is first
    assert await authenticator.principal(two) is not second
