import secrets
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key

from app.auth.settings import IssuerSettings
from app.keys import SecretUnusable, kept_secret
from app.setting_types import TENANT_NAME
from app.settings import Settings

DEVELOPMENT_ISSUER = "urn:profile-gateway:development"
SWITCHED_OFF = "Development tokens are switched off (auth.development, or env is production)."
"""What to tell where there is no development issuer."""
_ALGORITHM = "ES256"
_KEY_FILE = "development-issuer.pem"


class DevelopmentIssuer:
    """Makes access tokens on one's own machine, so that nobody needs a provider to start.

    Its tokens pass the same checks as everyone's.  It is refused in production.
    """

    def __init__(self, key: ECKey, now: Callable[[], float] = time.time) -> None:
        self.kid = key.thumbprint()
        self.settings = IssuerSettings(issuer=DEVELOPMENT_ISSUER, algorithms=(_ALGORITHM,))
        self.public_key: Key = ECKey.import_key(key.as_pem(private=False))
        self._key = key
        self._now = now

    @classmethod
    def load_or_create(
        cls, directory: Path, now: Callable[[], float] = time.time
    ) -> "DevelopmentIssuer":
        """The issuer whose key is kept under `directory`, made there on the first run.

        Raises:
            SecretUnusable: the kept file isn't a key any more.
            OSError: `directory` can't be written or read.
        """
        pem = kept_secret(directory, _KEY_FILE, _new_key)
        try:
            return cls(ECKey.import_key(pem), now)
        except (JoseError, ValueError, TypeError):
            raise SecretUnusable("auth.development", f"in {_KEY_FILE} isn't an EC key") from None

    def token(
        self,
        roles: Iterable[str],
        tenant: str,
        *,
        subject: str = "developer",
        lifetime_s: int = 3600,
        second_factor: bool = False,
    ) -> str:
        """An access token for `subject` with these roles, valid from now for `lifetime_s` seconds.

        Raises:
            ValueError: `tenant` isn't a tenant name, or the lifetime isn't positive.
        """
        if not TENANT_NAME.fullmatch(tenant):
            raise ValueError("a tenant name is lower case letters, digits and hyphens")
        if lifetime_s <= 0:
            raise ValueError("a token's lifetime is longer than 0 seconds")
        issued_at = int(self._now())
        claims = {
            "iss": DEVELOPMENT_ISSUER,
            "aud": self.settings.audience,
            "sub": subject,
            "iat": issued_at,
            "exp": issued_at + lifetime_s,
            "jti": secrets.token_urlsafe(12),
            "client_id": "development",
            "tenant": tenant,
            "roles": sorted(roles),
            "amr": ["pwd", "otp"] if second_factor else ["pwd"],
            "auth_time": issued_at,
        }
        header = {"alg": _ALGORITHM, "typ": "at+jwt", "kid": self.kid}
        return jwt.encode(header, claims, self._key)


def development_issuer(settings: Settings) -> DevelopmentIssuer | None:
    """The development issuer, where the settings allow it; raises as `load_or_create` does."""
    if settings.env == "production" or not settings.auth.development:
        return None
    return DevelopmentIssuer.load_or_create(settings.store.path)


def _new_key() -> bytes:
    return ECKey.generate_key("P-256").as_pem(private=True)
