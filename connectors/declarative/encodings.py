"""What stands behind `=>` in a template: how a value is written in another language."""

import base64
import re
from collections.abc import Callable, Mapping
from typing import Any, Final

import orjson


class Unwritable(ValueError):
    """A value can't be written where it should stand; the message says where, never the value."""


def as_text(value: object) -> str:
    """A single value as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str | int | float):
        return str(value)
    raise Unwritable("only a text, a number or a boolean can stand in a text")


def _csv(value: object) -> str:
    parts = [as_text(item) for item in (value if isinstance(value, list) else [value])]
    if any("," in part for part in parts):
        raise Unwritable("a value with a comma can't stand in a list parted by commas")
    return ",".join(parts)


def _json(value: object) -> str:
    return orjson.dumps(value).decode()


def _soql(value: object) -> str:
    if isinstance(value, list):
        return f"({','.join(map(_soql, value))})"
    if not isinstance(value, str):
        return as_text(value)
    escaped = re.sub(r"""['"\\]""", r"\\\g<0>", value)
    if not escaped.isprintable():
        raise Unwritable("a text in SOQL must be printable")
    return f"'{escaped}'"


def _odata(value: object) -> str:
    if isinstance(value, list):
        return f"[{','.join(map(_odata, value))}]"
    if not isinstance(value, str):
        return as_text(value)
    return "'" + value.replace("'", "''") + "'"


def _integer(value: object) -> object:
    if isinstance(value, list):
        return [_integer(item) for item in value]
    text = as_text(value)
    if not re.fullmatch(r"-?[0-9]{1,18}", text):
        raise Unwritable("only digits make a number")
    return int(text)


def _base64(value: object) -> str:
    return base64.b64encode(as_text(value).encode()).decode()


ENCODINGS: Final[Mapping[str, Callable[[Any], object]]] = {
    "base64": _base64,
    "csv": _csv,
    "integer": _integer,
    "json": _json,
    "lower": lambda value: as_text(value).lower(),
    "odata": _odata,
    "soql": _soql,
    "text": as_text,
}
