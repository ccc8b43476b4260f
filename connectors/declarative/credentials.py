"""Who we are to a source, as its file says."""

import base64
from collections.abc import Mapping

from connectors.base import Call, SourceSettings
from connectors.declarative.encodings import Unwritable, as_text
from connectors.declarative.request_parts import AuthPart
from connectors.declarative.templates import Scope, Template
from connectors.errors import WrongSettings
from connectors.runtime.auth import Auth
from connectors.runtime.checks import address, checked_url
from connectors.runtime.oauth import ClientCredentials, Grant, JwtBearer, TokenAuth


class StaticHeaders:
    """The same headers for every request; refused ones can't be renewed."""

    def __init__(self, headers: Mapping[str, str]) -> None:
        self._headers = headers

    async def headers(self, call: Call) -> Mapping[str, str]:
        """See `connectors.runtime.auth.Auth`."""
        del call
        return self._headers

    def renew(self) -> bool:
        """See `connectors.runtime.auth.Auth`."""
        return False


def auth_of(settings: SourceSettings, part: AuthPart, scope: Scope) -> Auth:
    """Who we are, with the source's own secret and options.

    Raises:
        WrongSettings: the secret is empty, or can't stand where it must.
    """
    if part.client_credentials or part.jwt_bearer:
        return _token_auth(settings, part, scope)
    if not is_plain(settings.secret) or " " in settings.secret:
        raise WrongSettings(settings.name, "the secret must be printable ASCII without spaces")
    name, value = "Authorization", ""
    if part.bearer:
        value = f"Bearer {_text(settings, part.bearer, scope)}"
    elif part.basic:
        user = _text(settings, part.basic.user, scope)
        if ":" in user:
            raise WrongSettings(settings.name, "the user's name can't have a colon in it")
        value = f"Basic {_pair(user, _text(settings, part.basic.password, scope))}"
    elif part.header:
        name, value = part.header.name, _text(settings, part.header.value, scope)
    return StaticHeaders({name: value})


def _token_auth(settings: SourceSettings, part: AuthPart, scope: Scope) -> TokenAuth:
    grant: Grant
    if own := part.client_credentials:
        url = _token_url(settings, own.token_url, scope)
        wished = _text(settings, own.scope, scope) if own.scope else ""
        client_id = _text(settings, own.client_id, scope)
        grant = ClientCredentials(client_id, _text(settings, own.client_secret, scope), wished)
    elif signed := part.jwt_bearer:
        url = _token_url(settings, signed.token_url, scope)
        grant = JwtBearer(
            settings.name,
            str(signed.key.fill(scope) or ""),
            issuer=_text(settings, signed.issuer, scope),
            subject=_text(settings, signed.subject, scope),
            audience=_text(settings, signed.audience, scope),
        )
    return TokenAuth(settings.name, url, grant)


def _token_url(settings: SourceSettings, template: Template, scope: Scope) -> str:
    """Where tokens are: below the source's own address, or at another one by https."""
    url = _text(settings, template, scope)
    if url.startswith("/"):
        return address(settings) + url
    if not url.startswith("https://"):
        told = "`token_url` must be an https address, or a path of the source's own"
        raise WrongSettings(settings.name, told)
    return checked_url(settings.name, "`token_url`", url)


def is_plain(text: str) -> bool:
    """Whether a text can stand in a header."""
    return bool(text) and text.isascii() and text.isprintable()


def _pair(user: str, password: str) -> str:
    return base64.b64encode(f"{user}:{password}".encode()).decode()


def _text(settings: SourceSettings, template: Template, scope: Scope) -> str:
    try:
        text = template.text(scope, as_text) or ""
    except Unwritable:
        text = ""
    if not is_plain(text):
        told = "what says who we are must be printable ASCII: check the options"
        raise WrongSettings(settings.name, told)
    return text
