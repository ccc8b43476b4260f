"""What Salesforce says of an object's fields."""

from collections.abc import Mapping, Sequence

from connectors.abilities import Attribute, ValueType
from connectors.errors import BadPayload

_TYPES: Mapping[str, ValueType] = {
    "string": ValueType.TEXT,
    "textarea": ValueType.TEXT,
    "encryptedstring": ValueType.TEXT,
    "combobox": ValueType.TEXT,
    "id": ValueType.TEXT,
    # Several of its options, in one text with semicolons between.
    "multipicklist": ValueType.TEXT,
    "email": ValueType.EMAIL,
    "phone": ValueType.PHONE,
    "url": ValueType.URL,
    "double": ValueType.NUMBER,
    "percent": ValueType.NUMBER,
    "int": ValueType.INTEGER,
    "long": ValueType.INTEGER,
    "currency": ValueType.MONEY,
    "boolean": ValueType.BOOLEAN,
    "date": ValueType.DATE,
    "datetime": ValueType.DATETIME,
    "picklist": ValueType.CHOICE,
    "reference": ValueType.LINK,
}


def attributes_of(source: str, answer: object) -> Sequence[Attribute]:
    """The fields that a description tells, sorted by name.

    Raises:
        BadPayload: it isn't a description.
    """
    fields = answer.get("fields") if isinstance(answer, dict) else None
    if not isinstance(fields, list) or not all(_is_named(field) for field in fields):
        raise BadPayload(source, "`fields` is not a list of named objects")
    return sorted((_attribute(field) for field in fields), key=lambda one: one.name)


def _is_named(field: object) -> bool:
    return isinstance(field, dict) and isinstance(field.get("name"), str)


def _attribute(field: Mapping[str, object]) -> Attribute:
    name, vendor_type = str(field["name"]), str(field.get("type") or "")
    return Attribute(
        name=name,
        label=str(field.get("label") or name),
        type=_TYPES.get(vendor_type, ValueType.OTHER),
        vendor_type=vendor_type,
        is_writable=field.get("updateable") is True,
        is_unique=field.get("unique") is True or vendor_type == "id",
        is_sensitive=field.get("encrypted") is True or vendor_type == "encryptedstring",
        options=_options(field.get("picklistValues")),
    )


def _options(values: object) -> tuple[str, ...]:
    listed = values if isinstance(values, list) else []
    active = (one for one in listed if isinstance(one, dict) and one.get("active") is not False)
    return tuple(one["value"] for one in active if isinstance(one.get("value"), str))
