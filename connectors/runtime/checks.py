"""What every connector checks in its settings before the first request."""

from collections.abc import Collection
from difflib import get_close_matches
from urllib.parse import SplitResult, urlsplit

from connectors.base import SourceSettings
from connectors.errors import WrongSettings


def address(settings: SourceSettings) -> str:
    """The source's base address, without a trailing slash.

    Raises:
        WrongSettings: not http(s), no host, or with a user, a query or a fragment.
    """
    return checked_url(settings.name, "base_url", settings.base_url)


def checked_url(source: str, name: str, url: str) -> str:
    """`url`, the source's setting `name`, without a trailing slash.

    Raises:
        WrongSettings: not http(s), no host, or with a user, a query or a fragment.
    """
    try:
        # The text is looked at too: urlsplit silently drops line ends.
        sound = is_plain(url) and _is_sound(urlsplit(url))
    except ValueError:  # a port or a host name that can't exist
        sound = False
    if not sound:
        raise WrongSettings(
            source, f"{name} must be https://host or http://host, with a path at most"
        )
    return url.rstrip("/")


def _is_sound(parts: SplitResult) -> bool:
    host = (parts.hostname or "").encode("idna")
    extras = parts.username or parts.password or parts.query or parts.fragment
    return (
        parts.scheme in {"http", "https"}
        and bool(host)
        and (parts.port is None or parts.port > 0)
        and not extras
    )


def is_plain(text: str) -> bool:
    """Whether a text can stand in a header or an address: printable ASCII without spaces."""
    return bool(text) and text.isascii() and text.isprintable() and " " not in text


def bearer(settings: SourceSettings) -> dict[str, str]:
    """The Authorization header for the source's secret.

    Raises:
        WrongSettings: the secret is empty, or can't stand in a header.
    """
    if not is_plain(settings.secret):
        raise WrongSettings(settings.name, "the secret must be printable ASCII without spaces")
    return {"Authorization": f"Bearer {settings.secret}"}


def check_options(
    settings: SourceSettings, needed: Collection[str] = (), optional: Collection[str] = ()
) -> None:
    """Return when the options are those `needed`, none of them empty, and any of those `optional`.

    Raises:
        WrongSettings: one is missing, or one is not known; the message names it.
    """
    for name in needed:
        if not settings.options.get(name):
            raise WrongSettings(settings.name, f"the option `{name}` is missing")
    known = [*needed, *optional]
    for name in sorted(settings.options.keys() - set(known)):
        near = get_close_matches(name, known, n=1, cutoff=0.0)
        hint = f"; did you mean `{near[0]}`?" if near else ""
        raise WrongSettings(settings.name, f"no such option: `{name}`{hint}")
