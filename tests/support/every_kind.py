"""One custom field of every kind, and lists of some, as they are defined."""

from typing import Any

_PUBLIC = {"dataClass": "PUBLIC", "isSearchable": True}
_KINDS = {
    "note": "STRING",
    "company": "NAME",
    "code": "ALPHANUMERIC",
    "mail": "EMAIL",
    "mobile": "PHONE_NUMBER",
    "site": "URL",
    "address": "IP",
    "pin": "PASSWORD",
    "vip": "BOOLEAN",
    "score": "NUMBER",
    "limit": "DECIMAL",
    "debt": "MONEY",
    "since": "DATE",
    "seen": "DATETIME",
    "tier": "CHOICE",
    "likes": "CHOICES",
    "home": "GEO_POINT",
    "spouse": "REFERENCE",
    "tags": "STRING",
    "years": "NUMBER",
}
_MORE: dict[str, dict[str, Any]] = {
    "tier": {"choices": ["gold", "silver"]},
    "likes": {"choices": ["tea", "jam", "rum"]},
    "tags": {"isList": True},
    "years": {"isList": True},
}


def fields(*keys: str) -> list[dict[str, Any]]:
    """The definitions of these keys, or of all: public, and searchable."""
    return [
        {"key": key, "kind": _KINDS[key], **_MORE.get(key, {}), **_PUBLIC} for key in keys or _KINDS
    ]
