"""Guards of `app/auth`: whose tokens and keys count, where, and how long."""

from typing import Final

from tests.mutants.breakage import Breakage

_HOSTILE: Final = (
    "app/auth/test_hostile_tokens.py::test_a_hostile_token_is_refused_for_its_own_reason",
)
_BOUND: Final = (
    (
        "app/auth/test_bound_tokens.py"
        "::test_with_another_certificate_it_is_refused_although_it_is_remembered"
    ),
)

OF_SIGN_IN: Final = (
    Breakage(
        "signatures-are-not-verified",
        "app/auth/validator.py",
        "        self._check_signature(token, key)\n",
        "",
        _HOSTILE,
    ),
    Breakage(
        "a-broken-signature-holds",
        "app/auth/validator.py",
        "        except JoseError:\n"
        "            raise Unauthenticated(\"The token's signature doesn't hold.\") from None\n",
        "        except JoseError:\n            return\n",
        _HOSTILE,
    ),
    Breakage(
        "every-algorithm-is-accepted",
        "app/auth/validator.py",
        'if header.get("alg") not in self._issuer.algorithms:',
        "if False:",
        _HOSTILE,
    ),
    Breakage(
        "the-library-chooses-algorithms",
        "app/auth/validator.py",
        "        if name not in self._names:\n            raise UnsupportedAlgorithmError\n",
        "",
        (
            (
                "app/auth/test_hostile_tokens.py"
                "::test_the_library_gets_no_algorithm_that_the_issuer_does_not_use"
            ),
        ),
    ),
    Breakage(
        "every-type-is-an-access-token",
        "app/auth/validator.py",
        'if str(header.get("typ", "")).lower() not in self._types:',
        "if False:",
        _HOSTILE,
    ),
    Breakage(
        "critical-extensions-are-ignored",
        "app/auth/validator.py",
        'if "crit" in header:',
        "if False:",
        _HOSTILE,
    ),
    Breakage(
        "tokens-of-any-issuer-are-accepted",
        "app/auth/claims.py",
        'iss={"essential": True, "value": issuer.issuer}',
        'iss={"essential": True}',
        (
            *_HOSTILE,
            "app/auth/test_introspection.py::test_claims_are_held_to_the_rules_of_signed_tokens",
        ),
    ),
    Breakage(
        "tokens-for-others-are-accepted",
        "app/auth/claims.py",
        'aud={"essential": True, "value": issuer.audience}',
        'aud={"essential": True}',
        _HOSTILE,
    ),
    Breakage(
        "tokens-need-no-end",
        "app/auth/claims.py",
        'exp={"essential": True}',
        "exp={}",
        _HOSTILE,
    ),
    Breakage(
        "expired-tokens-are-accepted",
        "app/auth/claims.py",
        "    except ExpiredTokenError:\n"
        '        raise Unauthenticated("The token has expired.") from None\n',
        "    except ExpiredTokenError:\n        pass\n",
        _HOSTILE,
    ),
    Breakage(
        "tokens-live-for-ever",
        "app/auth/claims.py",
        'if not 0 < claims["exp"] - claims["iat"] <= max_lifetime_s:',
        "if False:",
        _HOSTILE,
    ),
    Breakage(
        "id-tokens-are-accepted",
        "app/auth/claims.py",
        'if claims.get("typ", "Bearer") != "Bearer" or "at_hash" in claims or "c_hash" in claims:',
        "if False:",
        _HOSTILE,
    ),
    Breakage(
        "signing-in-may-lie-ahead",
        "app/auth/claims.py",
        'if claims.get("auth_time", 0) > now + leeway_s:',
        "if False:",
        _HOSTILE,
    ),
    Breakage(
        "any-method-is-a-second-factor",
        "app/auth/claims.py",
        "used = is_sound and not _SECOND_FACTORS.isdisjoint(listed)",
        "used = bool(listed)",
        (
            "app/auth/test_good_tokens.py::test_anything_else_is_no_second_factor",
            "app/auth/test_what_tokens_say.py",
        ),
    ),
    Breakage(
        "roles-that-are-not-mapped-count",
        "app/auth/claims.py",
        "return frozenset(names[name] for name in given if name in names) if names else given",
        "return frozenset(names.get(name, name) for name in given)",
        (
            (
                "app/auth/test_what_tokens_say.py"
                "::test_roles_that_are_mapped_count_and_others_give_nothing"
            ),
        ),
    ),
    Breakage(
        "a-name-may-be-given-twice",
        "app/auth/tokens.py",
        "if len(found) != len(pairs):",
        "if False:",
        _HOSTILE,
    ),
    Breakage(
        "http-key-sets-are-trusted",
        "app/auth/addresses.py",
        'return scheme == "https" or (scheme == "http" and is_loopback(host))',
        'return scheme in {"https", "http"}',
        ("app/auth/test_accepted_issuers.py",),
    ),
    Breakage(
        "withdrawn-keys-go-on",
        "app/auth/authenticator.py",
        "if found.keys is not None and found.generation != found.keys.generation:",
        "if False:",
        ("app/auth/test_key_sets.py::test_a_withdrawn_key_ends_even_a_remembered_token",),
    ),
    Breakage(
        "remembered-tokens-do-not-expire",
        "app/auth/authenticator.py",
        "until = min(found.session.until, self._now() + longest_s)",
        "until = self._now() + longest_s",
        ("app/auth/test_good_tokens.py::test_a_remembered_token_ends_when_it_expires",),
    ),
    Breakage(
        "where-a-token-comes-from-is-no-matter",
        "app/auth/authenticator.py",
        "            await self._revocations.check(found)\n"
        "        found.check_origin(origin, self._now())\n",
        "            await self._revocations.check(found)\n",
        (*_BOUND, "app/auth/test_api_keys.py::test_a_key_of_networks_counts_there_alone"),
    ),
    Breakage(
        "revocations-are-not-looked-at",
        "app/auth/authenticator.py",
        "            await self._revocations.check(found)\n",
        "            pass\n",
        ("app/auth/test_revocations.py",),
    ),
    Breakage(
        "nothing-is-revoked",
        "app/auth/revocations.py",
        "return any(self._until.get(mark, 0.0) > now for mark in session.marks())",
        "return False",
        ("app/auth/test_revocations.py",),
    ),
    Breakage(
        "without-revocations-everybody-gets-in",
        "app/auth/revocations.py",
        "if not self._is_known:",
        "if False:",
        ("app/auth/test_revocations.py::test_before_the_store_has_ever_answered_nobody_gets_in",),
    ),
    Breakage(
        "revoking-is-of-every-tenant",
        "app/auth/session.py",
        'found: list[Mark] = [(tenant, "subject", self.principal.subject)]',
        'found: list[Mark] = [(tenant, "subject", "")]',
        ("app/auth/test_revocations.py",),
    ),
    Breakage(
        "any-secret-fits-a-key",
        "app/auth/api_keys.py",
        "if found is None or not is_right:",
        "if found is None:",
        ("app/auth/test_api_keys.py",),
    ),
    Breakage(
        "revoked-keys-count",
        "app/auth/api_keys.py",
        "if found.revoked_at is not None:",
        "if False:",
        ("app/auth/test_api_keys.py::test_a_revoked_key_is_refused_within_three_seconds",),
    ),
    Breakage(
        "expired-keys-count",
        "app/auth/api_keys.py",
        "if now >= found.expires_at.timestamp():",
        "if False:",
        ("app/auth/test_api_keys.py",),
    ),
    Breakage(
        "keys-count-in-every-network",
        "app/auth/session.py",
        "if self.networks and not origin.is_in(self.networks):",
        "if False:",
        ("app/auth/test_api_keys.py::test_a_key_of_networks_counts_there_alone",),
    ),
    Breakage(
        "who-comes-from-nowhere-is-in-every-network",
        "app/auth/origin.py",
        "return self.address is not None and any(self.address in one for one in networks)",
        "return self.address is None or any(self.address in one for one in networks)",
        ("app/auth/test_api_keys.py",),
    ),
    Breakage(
        "bound-tokens-are-taken-as-free-ones",
        "app/auth/claims.py",
        "thumbprint=bound_to(claims, is_required=issuer.certificate_bound),",
        "thumbprint=None,",
        _BOUND,
    ),
    Breakage(
        "free-tokens-are-taken-for-bound-ones",
        "app/auth/binding.py",
        "        if is_required:\n",
        "        if False:\n",
        ("app/auth/test_bound_tokens.py::test_an_issuer_may_accept_bound_tokens_alone",),
    ),
    Breakage(
        "any-certificate-fits",
        "app/auth/binding.py",
        "if not hmac.compare_digest(thumbprint, thumbprint_of(certificate)):",
        "if False:",
        _BOUND,
    ),
    Breakage(
        "certificates-do-not-expire",
        "app/auth/binding.py",
        "if not shown.not_valid_before_utc <= instant <= shown.not_valid_after_utc:",
        "if False:",
        ("app/auth/test_bound_tokens.py::test_a_certificate_ends_while_its_token_goes_on",),
    ),
    Breakage(
        "inactive-tokens-count",
        "app/auth/introspection.py",
        'if claims["active"]:',
        'if "active" in claims:',
        ("app/auth/test_introspection.py",),
    ),
    Breakage(
        "opaque-tokens-are-shown-to-every-issuer",
        "app/auth/authenticator.py",
        "if text.startswith(introspector.prefix):",
        "if text is not None:",
        (
            (
                "app/auth/test_introspection.py"
                "::test_a_token_is_shown_to_the_issuer_of_its_prefix_alone"
            ),
        ),
    ),
)
