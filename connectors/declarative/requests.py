"""From a request in a file to one that can be sent; values are written for where they stand."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import quote, urlencode

from connectors.declarative.credentials import is_plain
from connectors.declarative.encodings import Unwritable, as_text
from connectors.declarative.request_parts import RequestPart
from connectors.declarative.templates import Scope, Template
from connectors.errors import WrongSettings
from connectors.runtime.call import Request

_ELSEWHERE: Final = frozenset({".", ".."})


def filled(base: str, part: RequestPart, scope: Scope, common: Mapping[str, Template]) -> Request:
    """The request that `part` is for the values of `scope`, below `base`.

    `common` are headers of every request.

    Raises:
        Unwritable: a value can't stand where the file puts it.
    """
    query = _parameters(part.query, scope)
    address = f"{base}{path_of(part.to.path, scope)}"
    return Request(
        part.to.method,
        f"{address}?{urlencode(query, quote_via=quote)}" if query else address,
        headers={**_headers(common, scope), **_headers(part.headers, scope)},
        json=part.content.fill(scope) if part.content else None,
        form=dict(_parameters(part.form, scope)) if part.form is not None else None,
        lane=part.lane,
    )


def path_of(template: Template, scope: Scope) -> str:
    """A path whose holes can add no segment to it.

    Raises:
        Unwritable: a hole is null or empty, or a segment would lead elsewhere.
    """
    path = template.text(scope, _segment)
    if path is None or not _ELSEWHERE.isdisjoint(path.split("/")):
        raise Unwritable("a value can't stand in an address")
    return path


def base_of(source: str, address: str, template: Template, scope: Scope) -> str:
    """The address that all requests begin with.

    Raises:
        WrongSettings: an option can't stand in an address.
    """
    try:
        return address + path_of(template, scope).rstrip("/")
    except Unwritable:
        raise WrongSettings(source, "an option can't stand in an address") from None


def _segment(value: object) -> str:
    text = as_text(value)
    if not text:
        raise Unwritable("nothing can't stand in an address")
    return quote(text, safe="")


def _parameters(templates: Mapping[str, Template], scope: Scope) -> list[tuple[str, str]]:
    """Names and values; a list is a parameter several times, null is none."""
    pairs = []
    for name, template in templates.items():
        value = template.fill(scope)
        items = value if isinstance(value, list) else [value]
        pairs += [(name, as_text(item)) for item in items if item is not None]
    return pairs


def _headers(templates: Mapping[str, Template], scope: Scope) -> dict[str, str]:
    made = {name: text for name, text in _parameters(templates, scope) if text}
    if not all(map(is_plain, made.values())):
        raise Unwritable("a value can't stand in a header")
    return made
