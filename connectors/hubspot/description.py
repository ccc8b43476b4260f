"""What HubSpot says of an object's properties."""

from collections.abc import Mapping, Sequence

from connectors.abilities import Attribute, ValueType
from connectors.errors import BadPayload
from connectors.hubspot.account import Row, rows_of

_TYPES: Mapping[str, ValueType] = {
    "string": ValueType.TEXT,
    "number": ValueType.NUMBER,
    "date": ValueType.DATE,
    "datetime": ValueType.DATETIME,
    "enumeration": ValueType.CHOICE,
    "bool": ValueType.BOOLEAN,
    "phone_number": ValueType.PHONE,
}
_FIELD_TYPES: Mapping[str, ValueType] = {
    "phonenumber": ValueType.PHONE,
    "booleancheckbox": ValueType.BOOLEAN,
    # Several of its options, in one text with semicolons between.
    "checkbox": ValueType.TEXT,
}
_EMAIL = "email"


def attributes_of(source: str, answer: object) -> Sequence[Attribute]:
    """The properties that an answer defines, sorted by name; archived ones are left out.

    Raises:
        BadPayload: it defines none.
    """
    rows = [row for row in rows_of(source, answer) if row.get("archived") is not True]
    if not all(isinstance(row.get("name"), str) for row in rows):
        raise BadPayload(source, "a property has no `name`")
    return sorted((_attribute(row) for row in rows), key=lambda one: one.name)


def _attribute(row: Row) -> Attribute:
    name = str(row["name"])
    metadata = row.get("modificationMetadata")
    is_read_only = isinstance(metadata, dict) and metadata.get("readOnlyValue") is True
    return Attribute(
        name=name,
        label=str(row.get("label") or name),
        type=_type(row, name),
        vendor_type=f"{row.get('type') or ''}/{row.get('fieldType') or ''}",
        is_writable=not is_read_only and row.get("calculated") is not True,
        is_unique=row.get("hasUniqueValue") is True,
        is_sensitive=str(row.get("dataSensitivity") or "non_sensitive") != "non_sensitive",
        options=_options(row.get("options")),
    )


def _type(row: Row, name: str) -> ValueType:
    told = _TYPES.get(str(row.get("type")), ValueType.OTHER)
    if name == _EMAIL:
        return ValueType.EMAIL
    if told is ValueType.NUMBER:
        return ValueType.MONEY if row.get("showCurrencySymbol") is True else told
    return _FIELD_TYPES.get(str(row.get("fieldType")), told)


def _options(options: object) -> tuple[str, ...]:
    listed = options if isinstance(options, list) else []
    shown = (one for one in listed if isinstance(one, dict) and one.get("hidden") is not True)
    return tuple(one["value"] for one in shown if isinstance(one.get("value"), str))
