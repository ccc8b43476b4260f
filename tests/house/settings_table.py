"""The settings of the gateway as a Markdown table, and where app/README.md keeps it.

`python -m tests.house.settings_table` writes the table anew; `make docs` calls it.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from app.settings import Settings

PAGE = Path(__file__).parents[2] / "app" / "README.md"
BEGIN = "<!-- settings: `make docs` writes this table -->\n"
END = "<!-- end of settings -->\n"


@dataclass(frozen=True, slots=True)
class Row:
    """One setting: its dotted name, where NAME and N stand for what the operator chooses."""

    name: str
    default: str
    description: str

    @property
    def variable(self) -> str | None:
        """The environment variable that sets it; None inside a list, which is set as a whole."""
        if "[" in self.name:
            return None
        return "GATEWAY_" + self.name.upper().replace(".", "__")


def rows(section: type[BaseModel] = Settings, prefix: str = "") -> Iterator[Row]:
    """Every setting below `section`, in the order of the source."""
    for name, field in section.model_fields.items():
        inner, suffix = inside(field.annotation)
        if inner is None or suffix or field.default is None:
            yield Row(prefix + name, _default(field), field.description or "")
        if inner is not None:
            yield from rows(inner, f"{prefix}{name}{suffix}.")


def render() -> str:
    """The whole table, ending in a newline."""
    lines = ["| setting | variable | default | what it is |", "|---|---|---|---|"]
    for row in rows():
        variable = f"`{row.variable}`" if row.variable else ""
        description = row.description.replace("|", "\\|")
        lines.append(f"| `{row.name}` | {variable} | {row.default} | {description} |")
    return "\n".join(lines) + "\n"


def placed(page: str) -> str:
    """`page` with the table of today between its two marks."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not (begin and end):
        raise ValueError("the page has lost the two marks around its settings table")
    return f"{before}{begin}\n{render()}\n{end}{after}"


def inside(annotation: Any) -> tuple[type[BaseModel] | None, str]:
    """The section behind an annotation, and how a name steps into it: "", ".NAME" or "[]"."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation, ""
    sections = [
        argument
        for argument in get_args(annotation)
        if isinstance(argument, type) and issubclass(argument, BaseModel)
    ]
    if not sections:
        return None, ""
    return sections[0], {dict: ".NAME", tuple: "[]"}.get(get_origin(annotation), "")


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is None:
        return "unset"
    if isinstance(value, bool | tuple | dict):
        return f"`{json.dumps(value)}`"
    return f"`{value}`"


if __name__ == "__main__":
    PAGE.write_text(placed(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
