"""What else a token says of a sign-in: when, how, for which scopes, and with whose role names."""

import pytest

from app.auth.errors import Unauthenticated
from policies.principal import Principal
from tests.app.auth.mint import ABSENT

FACTORS = ["otp", "hwk", "swk", "mfa", "pop", "fpt"]


@pytest.mark.parametrize("ago_s", [-29.5, 0, 0.5, 3600, 86_400 * 30])
async def test_when_somebody_signed_in_is_known(authenticator, mint, ago_s):
    principal = await authenticator.principal(mint.bearer(auth_time=mint.now - ago_s))

    assert principal.authenticated_at == mint.now - ago_s


async def test_when_nobody_says_it_is_not_known(authenticator, mint):
    principal = await authenticator.principal(mint.bearer())

    assert (principal.authenticated_at, principal.scopes) == (None, frozenset())


@pytest.mark.parametrize(
    ("scope", "scopes"),
    [
        ("read", {"read"}),
        ("read write", {"read", "write"}),
        (" read  read ", {"read"}),
        ("", set()),
        (None, set()),
    ],
)
async def test_scopes_are_words(authenticator, mint, scope, scopes):
    assert (await authenticator.principal(mint.bearer(scope=scope))).scopes == scopes


@pytest.mark.parametrize("factor", FACTORS)
async def test_a_second_factor_is_one_of_rfc_8176(authenticator, mint, factor):
    principal = await authenticator.principal(mint.bearer(amr=["pwd", factor]))

    assert principal.has_second_factor


@pytest.mark.parametrize(
    "amr",
    [
        *(ABSENT, None, [], ["pwd"], ["OTP"], "otp", "otp mfa", 7, True),
        *({"otp": True}, ["otp", 7], ["otp", None], [["otp"]], [{"otp": 1}, "mfa"]),
    ],
)
async def test_whatever_is_no_list_of_texts_proves_no_second_factor(authenticator, mint, amr):
    principal = await authenticator.principal(mint.bearer(amr=amr))

    assert not principal.has_second_factor


@pytest.mark.parametrize("acr", ["gold", "urn:two"])
async def test_an_issuers_own_acr_proves_one(authenticator_of, mint, acr):
    authenticator = authenticator_of(second_factor_acr=("gold", "urn:two"))

    session = await authenticator.session(mint.bearer(acr=acr))

    assert session.principal.has_second_factor
    assert session.acr_values == ("gold", "urn:two")


@pytest.mark.parametrize("acr", ["Gold", "", None, 1, ["gold"], {"gold": 1}, "gold "])
async def test_any_other_acr_proves_none(authenticator_of, mint, acr):
    authenticator = authenticator_of(second_factor_acr=("gold",))

    assert not (await authenticator.principal(mint.bearer(acr=acr))).has_second_factor


async def test_roles_that_are_mapped_count_and_others_give_nothing(authenticator_of, mint):
    authenticator = authenticator_of(role_names={"cc-agent": "agent", "cc-lead": "supervisor"})

    mapped = await authenticator.principal(mint.bearer(roles=["cc-agent", "cc-lead", "x"]))
    unmapped = await authenticator.principal(mint.bearer(roles=["admin", "agent"]))

    assert mapped.roles == {"agent", "supervisor"}
    assert unmapped.roles == frozenset()


def keycloaks(mint, **changes):
    """A token as Keycloak issues it to a confidential client for a user of a realm."""
    claims = {
        "typ": "Bearer",
        "azp": "agent-desk",
        "sid": "7f0d2a0e",
        "acr": "gold",
        "auth_time": int(mint.now) - 60,
        "realm_access": {"roles": ["offline_access", "cc-agent", "default-roles-acme"]},
        "resource_access": {"account": {"roles": ["manage-account"]}},
        "scope": "openid email profile",
        "email_verified": True,
        "roles": ABSENT,
        "tenant": ABSENT,
        **changes,
    }
    return mint.bearer(header=mint.header(typ="JWT"), **claims)


async def test_a_token_of_keycloak_is_understood_by_the_settings_that_the_docs_show(
    authenticator_of, mint
):
    authenticator = authenticator_of(
        types=("JWT",),
        tenant="acme",
        roles_claim="realm_access.roles",
        role_names={"cc-agent": "agent"},
        second_factor_acr=("gold",),
    )

    session = await authenticator.session(keycloaks(mint))

    assert session.principal == Principal(
        "acme",
        "agent-7",
        frozenset({"agent"}),
        has_second_factor=True,
        client="agent-desk",
        authenticated_at=int(mint.now) - 60,
        scopes=frozenset({"openid", "email", "profile"}),
    )
    assert session.session_id == "7f0d2a0e"
    for typ in ("ID", "Refresh", "Logout", "Offline"):
        with pytest.raises(Unauthenticated, match="isn't an access token by its claims"):
            await authenticator.principal(keycloaks(mint, typ=typ))
