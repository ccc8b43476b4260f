"""The labels of the schema: what the model says about a field, printed as `@access`."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import strawberry
from strawberry.schema_directive import Location
from strawberry.types.base import get_object_definition

import graph.types.enums  # noqa: F401 - registers the enums before any type names them
from policies.classification import DataClass, Label, labels_of
from policies.errors import Unlabelled
from policies.standing import Purpose

_Class = TypeVar("_Class", bound=type)
_MODEL = "__exposed_model__"
_ABOUT = "about"


@strawberry.schema_directive(
    locations=[
        Location.FIELD_DEFINITION,
        Location.OBJECT,
        Location.INPUT_OBJECT,
        Location.INPUT_FIELD_DEFINITION,
        Location.ARGUMENT_DEFINITION,
    ],
    name="access",
    description=(
        "Protects a field: the matrix decides by class and role; `roles` narrows the field to"
        " these roles, `purposes` to these purposes; `stepUp` asks for a second factor of just"
        " now."
    ),
)
class Access:
    """What is enforced, as the schema shows it."""

    class_: DataClass = strawberry.directive_field(name="class")
    roles: list[str] | None = strawberry.directive_field(name="roles", default=strawberry.UNSET)
    step_up: bool | None = strawberry.directive_field(name="stepUp", default=strawberry.UNSET)
    purposes: list[Purpose] | None = strawberry.directive_field(
        name="purposes", default=strawberry.UNSET
    )


def access(data_class: DataClass, about: str | None = None) -> Access:
    """The directive of a field that only its class protects.

    `about` is the coordinate of the field that an input speaks of, where its name doesn't tell.
    """
    directive = Access(class_=data_class)
    if about is not None:
        setattr(directive, _ABOUT, about)
    return directive


STRUCTURE = access(DataClass.PUBLIC)
"""On a type that holds nothing about a person: paging, payloads, the customer schema."""


def directive_of(label: Label) -> Access:
    """The directive that says what a label says."""
    return Access(
        class_=label.data_class,
        roles=sorted(label.roles) if label.roles else strawberry.UNSET,
        step_up=True if label.needs_step_up else strawberry.UNSET,
        purposes=_in_order(label.purposes) if label.purposes else strawberry.UNSET,
    )


def _in_order(purposes: Iterable[Purpose]) -> list[Purpose]:
    return sorted(purposes, key=lambda purpose: purpose.value)


def label_of(directives: Iterable[object]) -> Label | None:
    """What an `@access` among these directives says; None where there is none."""
    for directive in directives:
        if isinstance(directive, Access):
            roles = frozenset(directive.roles) if directive.roles else None
            purposes = frozenset(directive.purposes) if directive.purposes else None
            return Label(directive.class_, roles, directive.step_up is True, purposes)
    return None


def about_of(directives: Iterable[object]) -> str | None:
    """The coordinate that an `@access` among these directives says an input is about."""
    found = (getattr(directive, _ABOUT, None) for directive in directives)
    return next((about for about in found if about), None)


def exposes(model: type[Any]) -> Callable[[_Class], _Class]:
    """Class decorator: every field named as an attribute of `model` carries that label.

    A field without a label of its own that isn't in the model stops the build.
    """

    def label(face: _Class) -> _Class:
        definition = get_object_definition(face, strict=True)
        labels = labels_of(model)
        for field in definition.fields:
            if label_of(field.directives):
                continue
            if field.python_name not in labels:
                raise Unlabelled(f"{definition.name}.{field.python_name} carries no @access")
            field.directives = [*field.directives, directive_of(labels[field.python_name])]
        setattr(face, _MODEL, model)
        return face

    return label


def speaks_of(model: type[Any]) -> Callable[[_Class], _Class]:
    """Class decorator: inputs with labels of their own that are about attributes of `model`."""

    def mark(face: _Class) -> _Class:
        setattr(face, _MODEL, model)
        return face

    return mark


def exposed_model(face: type[Any]) -> type[Any] | None:
    """The model that the fields of a face show or speak of; None where there is none."""
    return getattr(face, _MODEL, None)
