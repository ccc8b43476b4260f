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
    try:
        # The text is looked at too: urlsplit silently drops line ends.
        sound = _is_plain(settings.base_url) and _is_sound(urlsplit(settings.base_url))
    except ValueError:  # a port or a host name that can't exist
        sound = False
    if not sound:
        raise WrongSettings(
            settings.name, "base_url must be https://host or http://host, with a path at most"
        )
    return settings.base_url.rstrip("/")


def _is_sound(parts: SplitResult) -> bool:
    host = (parts.hostname or "").encode("idna")
    extras = parts.username or parts.password or parts.query or parts.fragment
    return (
        parts.scheme in {"http", "https"}
        and bool(host)
        and (parts.port is None or parts.port > 0)
        and not extras
    )


def _is_plain(text: str) -> bool:
    return bool(text) and text.isascii() and text.isprintable() and " " not in text


def bearer(settings: SourceSettings) -> dict[str, str]:
    """The Authorization header for the source's secret.

    Raises:
        WrongSettings: the secret is empty, or can't stand in a header.
    """
    if not _is_plain(settings.secret):
        raise WrongSettings(settings.name, "the secret must be printable ASCII without spaces")
    return {"Authorization": f"Bearer {settings.secret}"}


def check_options(
    settings: SourceSettings, needed: Collection[str] = (), possible: Collection[str] = ()
) -> None:
    """Return when the options are those `needed`, none of them empty, and `possible` ones.

    Raises:
        WrongSettings: one is missing, or one is not known; the message names it.
    """
    for name in needed:
        if not settings.options.get(name):
            raise WrongSettings(settings.name, f"the option `{name}` is missing")
    known = [*needed, *possible]
    for name in sorted(settings.options.keys() - set(known)):
        near = get_close_matches(name, known, n=1, cutoff=0.0)
        hint = f"; did you mean `{near[0]}`?" if near else ""
        raise WrongSettings(settings.name, f"no such option: `{name}`{hint}")
