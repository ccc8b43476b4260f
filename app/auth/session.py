from dataclasses import dataclass
from typing import Literal

from app.auth.binding import check_certificate
from app.auth.errors import Unauthenticated
from app.auth.origin import Network, Origin
from policies.principal import Principal

Mark = tuple[str, Literal["subject", "token", "session"], str]
"""What a revocation names: a tenant, and in it a subject, a token's id or a session."""


@dataclass(frozen=True, slots=True)
class Session:
    """What a token or key has proved, and what a request that brings it must fit.

    It holds `until`, in seconds since 1970.  `acr_values` are those that its issuer takes for a
    second factor.  `thumbprint` is of the certificate that it is bound to (RFC 8705).
    `networks`: it counts there alone; none: everywhere.
    """

    principal: Principal
    until: float
    acr_values: tuple[str, ...] = ()
    token_id: str | None = None
    session_id: str | None = None
    thumbprint: str | None = None
    networks: tuple[Network, ...] = ()

    def marks(self) -> list[Mark]:
        """What may be revoked, with this among it."""
        tenant = self.principal.tenant
        found: list[Mark] = [(tenant, "subject", self.principal.subject)]
        if self.token_id is not None:
            found.append((tenant, "token", self.token_id))
        if self.session_id is not None:
            found.append((tenant, "session", self.session_id))
        return found

    def check_origin(self, origin: Origin, now: float) -> None:
        """Return when a request from there, at `now`, may use this.

        Raises:
            Unauthenticated: another network, or not the certificate that this is bound to.
        """
        if self.networks and not origin.is_in(self.networks):
            raise Unauthenticated("The key isn't for this network.")
        if self.thumbprint is not None:
            check_certificate(self.thumbprint, origin.certificate, now)
