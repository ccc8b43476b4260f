"""What somebody sends counts as what they do: each given input field is decided like a read."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from graphql import (
    FieldNode,
    GraphQLArgument,
    GraphQLField,
    GraphQLInputField,
    get_argument_values,
    get_named_type,
    is_input_object_type,
)
from graphql.execution.values import VariableValues

from graph.conditions import unknown_key
from graph.errors import Forbidden
from graph.facts import InputFacts, SchemaFacts
from policies.access.question import Question
from policies.asking import Asking
from policies.classification import DataClass
from policies.decision import Action, Effect
from policies.plan import decide

CUSTOM_VALUES = "CustomValues"
FILTERING = frozenset({"saveFilter"})
"""Mutations whose inputs are what people are looked up by, not what is written."""
_ORDERS = ("ProfileOrder.", "CustomFieldsOrder.")
_MUTATION = "Mutation."
_CUSTOM = "Profile.custom"
# Who knows of no custom field has these as they are: whatever is in them, nobody defined it.
_NOTHING_CUSTOM = {"CustomFieldsFilter": "where", "CustomFieldsOrder": "orderBy"}
_FILTERS = re.compile(r"Filter$")
_VERBS = {
    Action.WRITE: "set",
    Action.FILTER: "look people up by",
    Action.SORT: "sort people by",
}


def action_of(where: str, action: Action) -> Action:
    """What an input means in an operation whose inputs mean this, unless told otherwise."""
    is_order = action is Action.FILTER and where.startswith(_ORDERS)
    return Action.SORT if is_order else action


def action_at(place: tuple[str, str]) -> Action:
    """What is done by giving an input, by where it is declared."""
    where = ".".join(place)
    is_written = where.startswith(_MUTATION) or not (_FILTERS.search(place[0]) or "." in place[0])
    return action_of(
        where, Action.WRITE if is_written and not where.startswith(_ORDERS) else Action.FILTER
    )


def is_decided(known: InputFacts, action: Action) -> bool:
    """Whether an input is decided by itself.

    What is PUBLIC may be sent: ids and structure.  But who looks people up by a field, or sorts by
    it, needs the right to, be it PUBLIC or not.
    """
    if known.label.data_class is not DataClass.PUBLIC:
        return True
    return action in {Action.FILTER, Action.SORT} and known.name not in {None, _CUSTOM}


class InputCheck:
    """Decides the inputs of one operation: WRITE in a mutation, FILTER and SORT in a query."""

    def __init__(self, facts: SchemaFacts, asking: Asking, action: Action) -> None:
        self._facts = facts
        self._asking = asking
        self._action = action

    def check(
        self,
        parent: str,
        field: FieldNode,
        definition: GraphQLField,
        variables: VariableValues,
    ) -> None:
        """Refuse a root field that is given something its asker may not write or filter by.

        Raises:
            Forbidden: names the input field; nothing was read or written.
            BadValue: it is about custom fields where its asker knows of none.
        """
        given = get_argument_values(definition, field, variables)
        place = f"{parent}.{field.name.value}"
        for where, known in self._given(place, definition.args, given):
            action = action_of(where, self._action)
            decision = decide(Question(self._asking, action, known.label, known.name))
            if decision.effect is not Effect.ALLOW:
                raise Forbidden(f"You may not {_VERBS[action]} {where}.", decision, where)

    def _given(
        self,
        place: str,
        declared: Mapping[str, GraphQLArgument] | Mapping[str, GraphQLInputField],
        values: Mapping[str, Any],
    ) -> Iterator[tuple[str, InputFacts]]:
        for name, field in declared.items():
            if name not in values:
                continue
            known = self._facts.inputs.get((place, name))
            where = f"{place}.{name}"
            if known and is_decided(known, action_of(where, self._action)):
                yield where, known
            yield from self._below(field, values[name])

    def _below(
        self,
        field: GraphQLArgument | GraphQLInputField,
        value: Any,  # noqa: ANN401 - any coerced input
    ) -> Iterator[tuple[str, InputFacts]]:
        below = get_named_type(field.type)
        for part in value if isinstance(value, list) else [value]:
            if is_input_object_type(below) and isinstance(part, Mapping):
                yield from self._given(below.name, below.fields, part)
            elif below.name == CUSTOM_VALUES and isinstance(part, Mapping):
                yield from self._custom(part)
            elif below.name in _NOTHING_CUSTOM and part:
                raise unknown_key(_NOTHING_CUSTOM[below.name])

    def _custom(self, values: Mapping[str, Any]) -> Iterator[tuple[str, InputFacts]]:
        for key, definition in self._facts.known.by_key.items():
            if key in values:
                yield f"custom.{key}", InputFacts(definition.access, f"custom.{key}")
