from collections.abc import Sequence

from joserfc import jws
from joserfc.errors import JoseError, UnsupportedAlgorithmError
from joserfc.jwa import JWSAlgModel
from joserfc.jwk import Key
from joserfc.jws import JWSRegistry

from app.auth.claims import session_of
from app.auth.errors import Unauthenticated
from app.auth.key_sets import KeySource
from app.auth.session import Session
from app.auth.settings import AuthSettings, IssuerSettings
from app.auth.tokens import MAX_TOKEN_BYTES, UnverifiedToken


class Validator:
    """Checks the access tokens of one issuer: header, key, signature, claims, in this order."""

    def __init__(self, issuer: IssuerSettings, keys: KeySource, settings: AuthSettings) -> None:
        self.keys = keys
        self._issuer = issuer
        self._settings = settings
        self._types = frozenset(name.lower() for name in issuer.types)
        self._registry = _Algorithms(issuer.algorithms)

    async def verify(self, token: UnverifiedToken, now: float) -> Session:
        """What an access token of this issuer proves, at `now` in seconds since 1970.

        Raises:
            Unauthenticated: the first rule that the token breaks.
            KeySetUnavailable: the issuer's keys can't be had.
        """
        kid = self._check_header(token)
        key = await self.keys.key(kid)
        self._check_signature(token, key)
        return session_of(token.claims, self._issuer, self._settings, now)

    def _check_header(self, token: UnverifiedToken) -> str:
        """The key id.  Keys that a header carries or points to (jwk, jku, x5c) are never read."""
        header = token.header
        if header.get("alg") not in self._issuer.algorithms:
            raise Unauthenticated("The token's algorithm isn't accepted.")
        if str(header.get("typ", "")).lower() not in self._types:
            raise Unauthenticated("The token isn't an access token by its type.")
        if "crit" in header:
            raise Unauthenticated("The token asks for extensions that aren't supported.")
        kid = header.get("kid")
        if not isinstance(kid, str) or not kid:
            raise Unauthenticated("The token doesn't name its key.")
        return kid

    def _check_signature(self, token: UnverifiedToken, key: Key) -> None:
        try:
            jws.deserialize_compact(token.text, key, registry=self._registry)
        except JoseError:
            raise Unauthenticated("The token's signature doesn't hold.") from None


class _Algorithms(JWSRegistry):
    """joserfc's rules with our algorithms and sizes; header names it doesn't know are ignored."""

    max_header_length = MAX_TOKEN_BYTES
    max_payload_length = MAX_TOKEN_BYTES
    max_signature_length = MAX_TOKEN_BYTES

    def __init__(self, names: Sequence[str]) -> None:
        super().__init__(algorithms=names, strict_check_header=False)
        self._names = frozenset(names)

    def get_alg(self, name: str) -> JWSAlgModel:
        """The algorithm, when it is one of ours.

        joserfc's own warns at each use of the name EdDSA, which providers still write, and
        falls back to its recommendations, HS256 among them, when none are named.
        """
        if name not in self._names:
            raise UnsupportedAlgorithmError
        return self.algorithms[name]
