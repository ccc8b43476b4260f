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

from graph.errors import ErrorCode
from graph.execution.repetition import is_repetitive

_MAX_DOCUMENTS = 1_000
_MAX_TOKENS = 2_000
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
_TOO_COMPLEX = GraphQLError(
    "The document selects the same field too often.",
    extensions={"code": ErrorCode.QUERY_TOO_COMPLEX.value},
)


@dataclass(frozen=True, slots=True)
class Document:
    """A document that the schema can execute, or the errors that stop it."""

    operations: tuple[OperationDefinitionNode, ...]
    fragments: dict[str, FragmentDefinitionNode]
    node: DocumentNode | None
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
    """A cache by text: the thousand documents of one schema that were used last."""

    def __init__(self, schema: GraphQLSchema) -> None:
        self._schema = schema
        self._known: OrderedDict[str, Document] = OrderedDict()

    def get(self, text: str) -> Document:
        """The document, parsed and validated."""
        found = self._known.get(text)
        if found is None:
            found = self._known[text] = _read(text, self._schema)
            if len(self._known) > _MAX_DOCUMENTS:
                self._known.popitem(last=False)
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


def _read(text: str, schema: GraphQLSchema) -> Document:
    try:
        node = parse(text, max_tokens=_MAX_TOKENS)
    except GraphQLError as error:
        return Document((), {}, None, (without_values(error),))
    if is_repetitive(node):
        return Document((), {}, None, (_TOO_COMPLEX,))
    errors = validate(schema, node, max_errors=_MAX_ERRORS, hide_suggestions=True)
    if errors:
        return Document((), {}, None, tuple(without_values(error) for error in errors))
    operations = [item for item in node.definitions if isinstance(item, OperationDefinitionNode)]
    fragments = {
        item.name.value: item
        for item in node.definitions
        if isinstance(item, FragmentDefinitionNode)
    }
    return Document(tuple(operations), fragments, node)
