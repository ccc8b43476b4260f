"""Documents, parsed and validated once for each schema."""

import re
from collections import OrderedDict
from dataclasses import dataclass

from graphql import (
    DocumentNode,
    FragmentDefinitionNode,
    GraphQLError,
    GraphQLSchema,
    OperationDefinitionNode,
    parse,
    validate,
)

from graph.errors import LimitExceeded, client_error
from graph.execution.cost import Cost, cost_of
from graph.execution.limits import Limits

_MAX_DOCUMENTS = 1_000
_MAX_CHARACTERS = 4_000_000
_MAX_ERRORS = 5
# How graphql-core 3.3 quotes values in its messages.  The quoted value itself may look like any of
# these, so the first one takes as much as it can, and each other one all the rest.
_QUOTES = tuple(
    (re.compile(pattern, re.DOTALL), instead)
    for pattern, instead in (
        (r"Value '.*' does not exist in '(\w+)' enum", r"The value does not exist in '\1' enum"),
        (r"(cannot represent [\w -]*value): .*$", r"\1"),
        (r"[.,;]? [Ff]ound:? .*$", ""),
        (r", but encountered error .*$", ""),
        (r"(Unexpected (?:Name|Int|Float|String|BlockString)) .*$", r"\1"),
        (r"(Invalid (?:Unicode|character) escape sequence): .*$", r"\1"),
        (r", did you mean '0\.\d+'\?$", ""),
    )
)
_TOO_MANY_TOKENS = re.compile(r"Document contains more than \d+ tokens")


@dataclass(frozen=True, slots=True)
class Document:
    """A document that the schema can execute, with what it costs; or the errors that stop it."""

    operations: tuple[OperationDefinitionNode, ...]
    fragments: dict[str, FragmentDefinitionNode]
    node: DocumentNode | None
    cost: Cost | None = None
    errors: tuple[GraphQLError, ...] = ()

    def operation(self, name: str | None) -> OperationDefinitionNode:
        """The operation to execute.

        Raises:
            GraphQLError: none has the name, or none was named and there are several.
        """
        if name is None and len(self.operations) == 1:
            return self.operations[0]
        for operation in self.operations:
            if operation.name and operation.name.value == name:
                return operation
        told = "Say which by operationName." if name is None else "No operation has this name."
        raise GraphQLError(f"The document holds {len(self.operations)} operations. {told}")


class Documents:
    """A cache by text: the thousand documents of one schema that were used last.

    They have four million characters at most.
    """

    def __init__(self, schema: GraphQLSchema, limits: Limits | None = None) -> None:
        self._schema = schema
        self.limits = limits or Limits()
        self._known: OrderedDict[str, Document] = OrderedDict()
        self._characters = 0

    def get(self, text: str) -> Document:
        """The document, parsed and validated."""
        found = self._known.get(text)
        if found is None:
            found = self._known[text] = _read(text, self._schema, self.limits)
            self._characters += len(text)
            while len(self._known) > _MAX_DOCUMENTS or self._characters > _MAX_CHARACTERS:
                self._characters -= len(self._known.popitem(last=False)[0])
        else:
            self._known.move_to_end(text)
        return found


def without_values(error: GraphQLError) -> GraphQLError:
    """The error without what it quotes of the request's values."""
    message = error.message
    for pattern, instead in _QUOTES:
        message = pattern.sub(instead, message)
    end = "" if message.endswith("?") else "."
    return GraphQLError(message.rstrip(",.;") + end, error.nodes, error.source, error.positions)


def _read(text: str, schema: GraphQLSchema, limits: Limits) -> Document:
    try:
        node = _parsed(text, limits)
        cost = cost_of(node, schema, limits)
    except GraphQLError as error:
        return Document((), {}, None, errors=(without_values(error),))
    except LimitExceeded as error:
        message, extensions = client_error(error)
        return Document((), {}, None, errors=(GraphQLError(message, extensions=extensions),))
    errors = validate(schema, node, max_errors=_MAX_ERRORS, hide_suggestions=True)
    if errors:
        told = tuple(without_values(error) for error in errors)
        return Document((), {}, None, errors=told)
    operations = [item for item in node.definitions if isinstance(item, OperationDefinitionNode)]
    fragments = {
        item.name.value: item
        for item in node.definitions
        if isinstance(item, FragmentDefinitionNode)
    }
    return Document(tuple(operations), fragments, node, cost)


def _parsed(text: str, limits: Limits) -> DocumentNode:
    if len(text) > limits.characters:
        raise LimitExceeded("characters", limits.characters, len(text))
    try:
        return parse(text, max_tokens=limits.tokens)
    except GraphQLError as error:
        if _TOO_MANY_TOKENS.search(error.message):
            # Nobody counts the rest.
            raise LimitExceeded("tokens", limits.tokens, limits.tokens + 1) from None
        raise
