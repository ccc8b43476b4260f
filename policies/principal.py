from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks, as far as policies need to know.

    `subject` names a person or a program within its tenant and never leaves it.
    `roles` may hold names that no policy knows: such a role gives nothing.
    `has_second_factor` is true when the sign-in proved more than a password.
    `client` is the program that acts for the subject, or None where the token doesn't say.
    `authenticated_at` is when they signed in, in seconds since 1970, or None where nobody says.
    `scopes` are those that the token was issued for (OAuth 2.0).
    """

    tenant: str
    subject: str
    roles: frozenset[str]
    has_second_factor: bool = False
    client: str | None = None
    authenticated_at: float | None = None
    scopes: frozenset[str] = frozenset()
