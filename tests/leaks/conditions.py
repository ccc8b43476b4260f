"""Every condition that a list of profiles can be narrowed by, and every order of it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from graphql import (
    get_named_type,
    is_enum_type,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
)
from hypothesis import strategies as st

from graph.model.profile import PersonName, Profile
from graph.schema import TenantSchema
from policies.access.question import Question
from policies.asking import Asking
from policies.classification import Label, labels_of
from policies.decision import Action, Effect
from policies.plan import decide

_PROFILE, _NAME = labels_of(Profile), labels_of(PersonName)
CORE: Final[dict[str, tuple[Label, str]]] = {
    "id": (_PROFILE["id"], "Profile.id"),
    "state": (_PROFILE["state"], "Profile.state"),
    "language": (_PROFILE["language"], "Profile.language"),
    "givenName": (_NAME["given"], "PersonName.given"),
    "familyName": (_NAME["family"], "PersonName.family"),
    "birthDate": (_PROFILE["birth_date"], "Profile.birthDate"),
    "createdAt": (_PROFILE["created_at"], "Profile.createdAt"),
    "updatedAt": (_PROFILE["updated_at"], "Profile.updatedAt"),
    "labels": (_PROFILE["labels"], "Profile.labels"),
}
_CONNECTIVES: Final = {"and", "or", "not", "custom"}
_OPERANDS: Final[dict[str, tuple[Any, Any]]] = {
    "String": ("lovelace", "nightingale"),
    "ID": ("0" * 26, "1" * 26),
    "Boolean": (True, False),
    "Int": (1, 2),
    "Float": (1, 2),
    "Decimal": ("1", "2"),
    "Date": ("1985-12-10", "1901-01-01"),
    "DateTime": ("2024-01-01T00:00:00Z", "1999-01-01T00:00:00Z"),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """One field by one operator, with two operands that find different people."""

    field: str
    label: Label
    name: str
    operands: tuple[dict[str, Any], ...]

    def is_given(self, asking: Asking, action: Action) -> bool:
        """Whether somebody may look people up by the field, or sort them."""
        question = Question(asking, action, self.label, self.name)
        return decide(question).effect is Effect.ALLOW


def conditions(schema: TenantSchema) -> Iterator[Wanted]:
    """Each field with each of its operators."""
    types = schema.graphql.type_map
    for name, field in types["ProfileFilter"].fields.items():
        if name not in _CONNECTIVES:
            for pair in _operations(field.type):
                yield Wanted(name, *CORE[name], tuple({name: one} for one in pair))
    for one in schema.customer_schema.fields:
        field = types["CustomFieldsFilter"].fields[one.key]
        for pair in _operations(field.type):
            operands = tuple({"custom": {one.key: given}} for given in pair)
            yield Wanted(one.key, one.access, f"custom.{one.key}", operands)


def orders(schema: TenantSchema) -> Iterator[Wanted]:
    """Each field that a list can be sorted by, both ways."""
    for name in schema.graphql.type_map["ProfileOrder"].fields:
        if name != "custom":
            yield Wanted(name, *CORE[name], ({name: "ASC"}, {name: "DESC"}))
    for one in schema.customer_schema.fields:
        both = tuple({"custom": {one.key: way}} for way in ("ASC", "DESC"))
        yield Wanted(one.key, one.access, f"custom.{one.key}", both)


def nested(wrapping: tuple[str, ...], where: dict[str, Any]) -> dict[str, Any]:
    """A condition inside of connectives, the first outermost."""
    for word in reversed(wrapping):
        where = {"not": where} if word == "not" else {word: [{}, where]}
    return where


wrappings = st.lists(st.sampled_from(["and", "or", "not"]), max_size=3).map(tuple)


def _operations(type_: Any) -> Iterator[tuple[Any, Any]]:
    for operator, field in get_named_type(type_).fields.items():
        pair = tuple(_operand(field.type, turn) for turn in (0, 1))
        yield ({operator: pair[0]}, {operator: pair[1]})


def _operand(type_: Any, turn: int) -> Any:
    if is_non_null_type(type_):
        return _operand(type_.of_type, turn)
    if is_list_type(type_):
        return [_operand(type_.of_type, turn)]
    if is_enum_type(type_):
        return sorted(type_.values)[turn]
    if is_input_object_type(type_):
        return {name: _operand(field.type, turn) for name, field in type_.fields.items()}
    return _OPERANDS[type_.name][turn]
