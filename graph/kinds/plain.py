"""Custom values as JSON has them."""

from datetime import date
from decimal import Decimal

from graph.kinds.geo_point import GeoPoint
from graph.kinds.money import Money


def plain(value: object) -> object:
    """A value of any kind as text, number, flag, or an object or list of those."""
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, date):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, Money):
        return {"amount": f"{value.amount:f}", "currency": value.currency}
    if isinstance(value, GeoPoint):
        return {"latitude": value.latitude, "longitude": value.longitude}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return value


def plain_text(value: object) -> object:
    """The same with flags as `true` and `false`: what a source may say for any other kind."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return plain(value)
