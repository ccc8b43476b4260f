"""What attributes a model of Tryton has, from its answer to `fields_get`, and what they take."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from connectors.abilities import Attribute, ValueType
from connectors.errors import BadPayload, UnknownField

_TYPES: Final = {
    "char": ValueType.TEXT,
    "text": ValueType.TEXT,
    "fulltext": ValueType.TEXT,
    "integer": ValueType.INTEGER,
    "float": ValueType.NUMBER,
    "numeric": ValueType.NUMBER,
    "boolean": ValueType.BOOLEAN,
    "date": ValueType.DATE,
    "datetime": ValueType.DATETIME,
    "timestamp": ValueType.DATETIME,
    "selection": ValueType.CHOICE,
    "multiselection": ValueType.CHOICE,
    "many2one": ValueType.LINK,
    "one2one": ValueType.LINK,
    "one2many": ValueType.LINK,
    "many2many": ValueType.LINK,
    "reference": ValueType.LINK,
}
_LISTS: Final = frozenset({"multiselection", "one2many", "many2many"})
# Tryton has no types for them, but names them alike everywhere.
_NAMED: Final = {
    "email": ValueType.EMAIL,
    "phone": ValueType.PHONE,
    "mobile": ValueType.PHONE,
    "website": ValueType.URL,
}


def attributes_of(source: str, answer: object) -> list[Attribute]:
    """The attributes that `fields_get` told of, sorted by name.

    Raises:
        BadPayload: the answer isn't what `fields_get` gives.
    """
    if not isinstance(answer, dict) or not all(isinstance(one, dict) for one in answer.values()):
        raise BadPayload(source, "the answer to fields_get is not an object of objects")
    return [_attribute(name, told) for name, told in sorted(answer.items())]


def _attribute(name: str, told: Mapping[str, Any]) -> Attribute:
    kind = str(told.get("type", ""))
    type_ = _TYPES.get(kind, ValueType.OTHER)
    if type_ is ValueType.TEXT:
        type_ = _NAMED.get(name, type_)
    return Attribute(
        name=name,
        label=str(told.get("string") or name),
        type=type_,
        vendor_type=kind,
        is_list=kind in _LISTS,
        is_writable=not told.get("readonly") and kind in _SENT,
        is_unique=name == "id",
        options=_options(told.get("selection")),
    )


def _options(selection: object) -> tuple[str, ...]:
    # Where it is a text, it names a method that gives them.
    if not isinstance(selection, list):
        return ()
    return tuple(str(pair[0]) for pair in selection if isinstance(pair, list) and pair and pair[0])


def sent_values(
    source: str, known: Mapping[str, Attribute], values: Mapping[str, Any]
) -> dict[str, object]:
    """Values as Tryton takes them.

    Raises:
        UnknownField: an attribute isn't there, or can't be written.
        BadPayload: a value isn't one of its attribute.
    """
    sent: dict[str, object] = {}
    for name, value in values.items():
        if name not in known or not known[name].is_writable:
            raise UnknownField(source, f"`{name}` is not an attribute that can be written")
        try:
            sent[name] = None if value is None else _SENT[known[name].vendor_type](value)
        except (TypeError, ValueError, InvalidOperation):
            kind = known[name].vendor_type
            raise BadPayload(source, f"`{name}` takes a {kind}") from None
    return sent


def instant_sent(at: datetime) -> dict[str, object]:
    """An instant as Tryton takes it: UTC, without saying so."""
    utc = at.astimezone(UTC)
    clock = {"hour": utc.hour, "minute": utc.minute, "second": utc.second}
    return {**_day_sent(utc), "__class__": "datetime", **clock, "microsecond": utc.microsecond}


def _day_sent(day: date) -> dict[str, object]:
    return {"__class__": "date", "year": day.year, "month": day.month, "day": day.day}


def _date(value: object) -> object:
    return _day_sent(value if isinstance(value, date) else date.fromisoformat(str(value)))


def _datetime(value: object) -> object:
    at = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return instant_sent(at)


def _numeric(value: object) -> object:
    return {"__class__": "Decimal", "decimal": str(Decimal(str(value)))}


def _boolean(value: object) -> object:
    if not isinstance(value, bool):
        raise TypeError
    return value


_SENT: Final[Mapping[str, Callable[[Any], object]]] = {
    "char": str,
    "text": str,
    "integer": int,
    "float": float,
    "numeric": _numeric,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
    "selection": str,
    "many2one": int,
}
