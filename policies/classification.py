"""What a field says about a person, said once, beside the field's type.

A model attribute is declared with `classified(...)`; the GraphQL schema prints the same label
as `@access(class: ...)`.  An attribute without a label can't be asked for: building stops.
"""

import dataclasses
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any

from policies.errors import Unlabelled
from policies.standing import Purpose

_KEY = "policies.label"


class DataClass(Enum):
    """How sensitive a value is; the matrix says who may do what with each class."""

    PUBLIC = "PUBLIC"
    IDENTITY = "IDENTITY"
    CONTACT = "CONTACT"
    DEMOGRAPHIC = "DEMOGRAPHIC"
    SENSITIVE = "SENSITIVE"
    FINANCIAL = "FINANCIAL"
    BEHAVIOURAL = "BEHAVIOURAL"
    CONVERSATION = "CONVERSATION"
    RECORDING = "RECORDING"
    INTERNAL = "INTERNAL"


@dataclass(frozen=True, slots=True)
class Label:
    """What protects one field.

    `roles` narrows the field to these roles, `purposes` to these purposes (None: the matrix alone
    decides); `needs_step_up` asks for a second factor of just now, whatever the role.
    """

    data_class: DataClass
    roles: frozenset[str] | None = None
    needs_step_up: bool = False
    purposes: frozenset[Purpose] | None = None

    def is_open_to(self, roles: frozenset[str]) -> bool:
        """Whether who holds these roles is none of those from whom the field is reserved."""
        return self.roles is None or bool(self.roles & roles)


def classified(
    data_class: DataClass,
    *,
    roles: frozenset[str] | None = None,
    needs_step_up: bool = False,
    purposes: frozenset[Purpose] | None = None,
    **field_options: Any,  # noqa: ANN401 - handed to dataclasses.field as they are
) -> Any:  # noqa: ANN401 - stands where dataclasses.field stands
    """A dataclass field that carries its label; takes what `dataclasses.field` takes."""
    label = Label(data_class, roles, needs_step_up, purposes)
    return dataclasses.field(metadata={_KEY: label}, **field_options)


def labels_of(model: type[Any]) -> dict[str, Label]:
    """The label of each attribute of a dataclass, in order of declaration.

    Raises:
        Unlabelled: an attribute was declared without `classified`.
    """
    return _labels_of(model)  # type: ignore[arg-type]  # classes are hashable


@cache
def _labels_of(model: type[Any]) -> dict[str, Label]:
    found = {}
    for item in dataclasses.fields(model):
        if _KEY not in item.metadata:
            raise Unlabelled(f"{model.__name__}.{item.name} has no data class: use classified()")
        found[item.name] = item.metadata[_KEY]
    return found
