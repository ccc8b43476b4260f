"""What Dataverse says of a table's columns."""

from collections.abc import Mapping, Sequence
from typing import Final

from connectors.abilities import Attribute, ValueType
from connectors.base import Call
from connectors.dataverse.environment import Environment, Row, Table

_TYPES: Final[Mapping[str, ValueType]] = {
    "String": ValueType.TEXT,
    "Memo": ValueType.TEXT,
    "Uniqueidentifier": ValueType.TEXT,
    "Integer": ValueType.INTEGER,
    "BigInt": ValueType.INTEGER,
    "Decimal": ValueType.NUMBER,
    "Double": ValueType.NUMBER,
    "Money": ValueType.MONEY,
    "Boolean": ValueType.BOOLEAN,
    "DateTime": ValueType.DATETIME,
    "Picklist": ValueType.CHOICE,
    "State": ValueType.CHOICE,
    "Status": ValueType.CHOICE,
    "Lookup": ValueType.LINK,
    "Customer": ValueType.LINK,
    "Owner": ValueType.LINK,
}
_FORMATS: Final[Mapping[str, ValueType]] = {
    "Email": ValueType.EMAIL,
    "Phone": ValueType.PHONE,
    "Url": ValueType.URL,
}
_COLUMNS = (
    "LogicalName,AttributeType,AttributeOf,DisplayName,IsValidForRead,IsValidForUpdate,IsSecured"
)
_CAST = "Microsoft.Dynamics.CRM"


async def attributes_of(environment: Environment, call: Call, table: Table) -> Sequence[Attribute]:
    """The columns that can be read, sorted by name; four calls."""
    path = f"/EntityDefinitions(LogicalName='{table.name}')"

    async def asked(part: str) -> Sequence[Row]:
        return environment.rows(await environment.get(call, path + part))

    columns = await asked(f"/Attributes?$select={_COLUMNS}")
    texts = await asked(
        f"/Attributes/{_CAST}.StringAttributeMetadata?$select=LogicalName,FormatName"
    )
    choices = await asked(
        f"/Attributes/{_CAST}.PicklistAttributeMetadata"
        "?$select=LogicalName&$expand=OptionSet($select=Options)"
    )
    keys = await asked("/Keys?$select=KeyAttributes")
    formats = {_name(row): _value(row.get("FormatName")) for row in texts}
    options = {_name(row): _options(row.get("OptionSet")) for row in choices}
    unique = {table.id, *(name for row in keys if (name := _only(row.get("KeyAttributes"))))}
    described = [
        _attribute(row, formats, options, is_unique=_name(row) in unique)
        for row in columns
        if _name(row) and row.get("IsValidForRead") is True and not row.get("AttributeOf")
    ]
    return sorted(described, key=lambda one: one.name)


def _attribute(
    row: Row,
    formats: Mapping[str, object],
    options: Mapping[str, tuple[str, ...]],
    *,
    is_unique: bool,
) -> Attribute:
    name, vendor_type = _name(row), str(row.get("AttributeType") or "")
    type_ = _TYPES.get(vendor_type, ValueType.OTHER)
    is_link = type_ is ValueType.LINK
    return Attribute(
        # What a row calls a link, which is written by another name.
        name=f"_{name}_value" if is_link else name,
        label=_label(row.get("DisplayName")) or name,
        type=_FORMATS.get(str(formats.get(name)), type_),
        vendor_type=vendor_type,
        is_writable=row.get("IsValidForUpdate") is True and not is_link,
        is_unique=is_unique,
        is_sensitive=row.get("IsSecured") is True,
        options=options.get(name, ()),
    )


def _name(row: Row) -> str:
    name = row.get("LogicalName")
    return name if isinstance(name, str) else ""


def _value(held: object) -> object:
    return held.get("Value") if isinstance(held, dict) else None


def _label(held: object) -> str:
    label = held.get("UserLocalizedLabel") if isinstance(held, dict) else None
    text = label.get("Label") if isinstance(label, dict) else None
    return text if isinstance(text, str) else ""


def _options(held: object) -> tuple[str, ...]:
    options = held.get("Options") if isinstance(held, dict) else None
    listed = options if isinstance(options, list) else []
    return tuple(str(one["Value"]) for one in listed if isinstance(one, dict) and "Value" in one)


def _only(columns: object) -> str:
    """The one column that a key is of; "" where it is of several."""
    return str(columns[0]) if isinstance(columns, list) and len(columns) == 1 else ""
