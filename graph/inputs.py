"""What somebody sends counts as what they do: each given input field is decided like a read."""

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

from graph.errors import Forbidden
from graph.facts import SchemaFacts
from policies.access.question import Question
from policies.classification import DataClass, Label
from policies.decision import Action, Effect
from policies.matrix import Matrix
from policies.plan import decide
from policies.principal import Principal

_CUSTOM = "CustomValues"


class InputCheck:
    """Decides the inputs of one operation: WRITE in a mutation, FILTER in a query."""

    def __init__(
        self, facts: SchemaFacts, principal: Principal, matrix: Matrix, action: Action
    ) -> None:
        self._facts = facts
        self._principal = principal
        self._matrix = matrix
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
        """
        given = get_argument_values(definition, field, variables)
        place = f"{parent}.{field.name.value}"
        for where, label in self._given(place, definition.args, given):
            decision = decide(Question(self._principal, self._action, label, self._matrix))
            if decision.effect is not Effect.ALLOW:
                verb = "set" if self._action is Action.WRITE else "look people up by"
                raise Forbidden(f"You may not {verb} {where}.", decision.code, where)

    def _given(
        self,
        place: str,
        declared: Mapping[str, GraphQLArgument] | Mapping[str, GraphQLInputField],
        values: Mapping[str, Any],
    ) -> Iterator[tuple[str, Label]]:
        for name, field in declared.items():
            if name not in values:
                continue
            label = self._facts.inputs.get((place, name))
            if label and label.data_class is not DataClass.PUBLIC:
                yield f"{place}.{name}", label
            yield from self._below(field, values[name])

    def _below(
        self,
        field: GraphQLArgument | GraphQLInputField,
        value: Any,  # noqa: ANN401 - any coerced input
    ) -> Iterator[tuple[str, Label]]:
        below = get_named_type(field.type)
        for part in value if isinstance(value, list) else [value]:
            if is_input_object_type(below) and isinstance(part, Mapping):
                yield from self._given(below.name, below.fields, part)
            elif below.name == _CUSTOM and isinstance(part, Mapping):
                yield from self._custom(part)

    def _custom(self, values: Mapping[str, Any]) -> Iterator[tuple[str, Label]]:
        for key, definition in self._facts.customer_schema.by_key.items():
            if key in values:
                yield f"custom.{key}", definition.access
