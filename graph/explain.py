"""Why somebody sees, sees masked or doesn't see each part of a document.  Nothing is read."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from graphql import (
    FieldNode,
    GraphQLInputObjectType,
    GraphQLObjectType,
    ListValueNode,
    NullValueNode,
    ObjectValueNode,
    OperationDefinitionNode,
    OperationType,
    StringValueNode,
    ValueNode,
    VariableNode,
    get_named_type,
    is_input_object_type,
    is_object_type,
)

from graph.errors import BadInput
from graph.explained import (
    BadDocument,
    ExplainedPart,
    Outcome,
    Part,
    composite,
    not_masked,
    part_below,
    told_part,
)
from graph.facts import CUSTOM_TYPE, FieldFacts, InputFacts
from graph.inputs import CUSTOM_VALUES, FILTERING, action_of, is_decided
from graph.plan import NARROWING, OPEN_TO_ALL, PROFILE, UNDEFINED_KEY, Selections
from graph.visible import AccessSchema, VisibleSchema
from policies.access.purpose import by_purpose
from policies.access.question import Question
from policies.asking import Asking, decide_purpose
from policies.classification import Label
from policies.decision import Action
from policies.explaining import Explained, explain, explain_hidden, explain_operation
from policies.standing import STRANGER, Standing

_PURPOSE: Final = "extensions.purpose"
_OPEN: Final = "Everybody may call it."
_Path = tuple[str, ...]


def explain_document(
    schema: AccessSchema,
    seen_by: VisibleSchema,
    text: str,
    subject: Asking,
    standing: Standing,
) -> list[ExplainedPart]:
    """Every part of a document as `subject` gets it, in the order of the document.

    `seen_by` is what the asker knows of the schema: what is hidden from them is told as unknown.
    Branches of `@skip` and `@include` are all told, and so is all that a variable may hold.

    Raises:
        BadDocument: the asker couldn't execute it.
        QueryTooComplex: it selects too many fields.
    """
    document = seen_by.documents.get(text)
    if document.errors:
        raise BadDocument(document.errors)
    telling = _Telling(schema, seen_by, subject, standing, Selections(document.fragments, None))
    for operation in document.operations:
        telling.tell(operation)
    return list(telling.found.values())


class _Telling:
    """The parts of one document, told one after the other; each place once."""

    def __init__(
        self,
        schema: AccessSchema,
        seen_by: VisibleSchema,
        subject: Asking,
        standing: Standing,
        selections: Selections,
    ) -> None:
        self.found: dict[tuple[Part, str, str], ExplainedPart] = {}
        self._seen = seen_by
        self._facts = seen_by.facts
        self._known = schema.visible(subject)
        self._subject, self._standing = subject, standing
        self._selections = selections
        self._explained: dict[tuple[Action, Label, str | None, bool], Explained] = {}

    def tell(self, operation: OperationDefinitionNode) -> None:
        """Every part of an operation."""
        root = self._seen.graphql.get_root_type(operation.operation)
        assert root is not None  # noqa: S101 - the document is valid
        self._purpose()
        for node in self._selections.fields(operation.selection_set):
            name = node.name.value
            definition = root.fields.get(name)
            if definition is None:  # __typename, and introspection
                continue
            at = (_key(node),)
            part = self._root(root.name, name, at)
            is_read = operation.operation is OperationType.QUERY or name in FILTERING
            action = Action.FILTER if is_read else Action.WRITE
            given = {one.name.value: one.value for one in node.arguments or ()}
            self._inputs(f"{root.name}.{name}", definition.args, given, at, action)
            below = get_named_type(definition.type)
            if is_object_type(below) and name not in OPEN_TO_ALL:
                # A refused root field still has fields to tell of; an unknown one has none.
                self._fields(below, node, at, part if part.outcome is Outcome.HIDDEN else None)

    def _purpose(self) -> None:
        decision = decide_purpose(self._subject)
        if decision.is_denied:
            roles = sorted(self._subject.known_roles)
            entry = ", ".join(f"roles.{role}.purposes" for role in roles)
            told = Explained(replace(decision, rule=by_purpose.__name__), entry)
            self._put(told_part(Part.PURPOSE, (_PURPOSE,), _PURPOSE, told, Outcome.CALL))

    def _root(self, type_: str, name: str, at: _Path) -> ExplainedPart:
        coordinate = f"{type_}.{name}"
        if name in OPEN_TO_ALL:
            return self._put(ExplainedPart(Part.ROOT, at[0], coordinate, Outcome.CALL, _OPEN))
        is_known = self._knows_field(type_, name)
        subject = self._subject
        explained = explain_operation(name, subject) if is_known else explain_hidden(subject, name)
        return self._put(told_part(Part.ROOT, at, coordinate, explained, Outcome.CALL))

    def _fields(
        self, parent: GraphQLObjectType, node: FieldNode, path: _Path, above: ExplainedPart | None
    ) -> None:
        assert node.selection_set is not None  # noqa: S101 - the document is valid
        for one in self._selections.fields(node.selection_set):
            name = one.name.value
            definition, at = parent.fields.get(name), (*path, _key(one))
            if definition is None:
                continue
            known = self._facts.fields[parent.name, name]
            below = get_named_type(definition.type)
            explained = self._field(parent.name, name, known)
            part = _told(at, f"{parent.name}.{name}", known.label, explained)
            if above and part.outcome is not Outcome.HIDDEN:
                part = part_below(above, part)
            elif part.outcome is Outcome.MASKED and is_object_type(below):
                part = composite(part)
            self._put(part)
            refused = part if part.is_refused else None
            if parent.name == PROFILE:
                self._arguments(known, one, at, refused)
            if is_object_type(below):
                self._fields(below, one, at, refused)

    def _field(self, type_: str, name: str, known: FieldFacts) -> Explained:
        told = self._facts.names[known.coordinate]
        if not self._knows_field(type_, name):
            return explain_hidden(self._subject, told)
        return self._decided(Action.READ, known.label, told, self._standing)

    def _arguments(
        self, known: FieldFacts, node: FieldNode, at: _Path, above: ExplainedPart | None
    ) -> None:
        given = {one.name.value: one.value for one in node.arguments or ()}
        if known.attribute == "fields":
            self._keys(given.get("keys"), at, above)
        elif known.attribute == "timeline":
            for argument, coordinate in NARROWING.items():
                value = given.get(argument)
                if value is not None and not isinstance(value, NullValueNode):
                    self._narrowing(argument, coordinate, at)

    def _narrowing(self, argument: str, coordinate: str, at: _Path) -> None:
        name, label = self._facts.names[coordinate], self._facts.labels[coordinate]
        if self._known.knows(coordinate):
            explained = self._decided(Action.READ, label, name, self._standing)
        else:
            explained = explain_hidden(self._subject, name)
        place = (".".join(at), argument)
        part = told_part(Part.INPUT, place, name, explained, Outcome.FILTER, label.data_class)
        if part.outcome is Outcome.MASKED:  # who sees a mask alone may not narrow by the value
            part = not_masked(part, explained.decision.code)
        self._put(part)

    def _keys(self, given: ValueNode | None, at: _Path, above: ExplainedPart | None) -> None:
        by_key = self._facts.known.by_key
        nodes = given.values if isinstance(given, ListValueNode) else (given,)
        named = [one.value for one in nodes if isinstance(one, StringValueNode)]
        if any(key not in by_key for key in named):
            raise BadInput(UNDEFINED_KEY)
        is_open = any(not isinstance(one, StringValueNode) for one in nodes)
        for key in by_key if is_open else named:
            definition = by_key[key]
            known = FieldFacts(definition.coordinate, definition.access, key, definition)
            explained = self._field(CUSTOM_TYPE, key, known)
            part = _told((*at, key), f"custom.{key}", known.label, explained)
            self._put(part_below(above, part) if above else part)

    def _inputs(
        self,
        place: str,
        declared: Mapping[str, Any],
        given: Mapping[str, ValueNode],
        path: _Path,
        action: Action,
        variable: frozenset[str] = frozenset(),
    ) -> None:
        for name, value in given.items():
            at, known = (*path, name), self._facts.inputs.get((place, name))
            if known and is_decided(known, action_of(f"{place}.{name}", action)):
                is_known = self._knows_input(place, name)
                self._input(f"{place}.{name}", known, at, action, is_known=is_known)
            below = get_named_type(declared[name].type)
            if is_input_object_type(below):
                self._below(below, value, at, action, variable)
            elif below.name == CUSTOM_VALUES:
                self._custom(value, at, action)

    def _below(
        self,
        type_: GraphQLInputObjectType,
        value: ValueNode,
        path: _Path,
        action: Action,
        variable: frozenset[str],
    ) -> None:
        name, fields = type_.name, type_.fields
        for one in value.values if isinstance(value, ListValueNode) else (value,):
            if isinstance(one, ObjectValueNode):
                given = {item.name.value: item.value for item in one.fields}
                self._inputs(name, fields, given, path, action, variable)
            elif isinstance(one, VariableNode) and name not in variable:
                every = dict.fromkeys(fields, one)
                self._inputs(name, fields, every, path, action, variable | {name})

    def _custom(self, value: ValueNode, path: _Path, action: Action) -> None:
        by_key = self._facts.known.by_key
        is_open = isinstance(value, VariableNode)
        given = value.fields if isinstance(value, ObjectValueNode) else ()
        named = by_key if is_open else [one.name.value for one in given if one.name.value in by_key]
        for key in named:
            where = f"custom.{key}"
            known = InputFacts(by_key[key].access, where)
            is_known = key in self._known.customer_schema.by_key
            self._input(where, known, (*path, key), action, is_known=is_known)

    def _input(
        self, where: str, known: InputFacts, path: _Path, action: Action, *, is_known: bool
    ) -> None:
        action = action_of(where, action)
        if is_known:
            explained = self._decided(action, known.label, known.name, STRANGER)
        else:
            explained = explain_hidden(self._subject, known.name or where)
        place, allowed = (path[0], ".".join(path[1:])), Outcome[action.value]
        data_class = known.label.data_class
        self._put(told_part(Part.INPUT, place, where, explained, allowed, data_class))

    def _decided(
        self, action: Action, label: Label, name: str | None, standing: Standing
    ) -> Explained:
        key = (action, label, name, standing is self._standing)
        if key not in self._explained:
            question = Question(self._subject, action, label, name, standing)
            self._explained[key] = explain(question)
        return self._explained[key]

    def _knows_field(self, type_: str, name: str) -> bool:
        found = self._known.graphql.type_map.get(type_)
        return is_object_type(found) and name in found.fields

    def _knows_input(self, place: str, name: str) -> bool:
        type_, _, field = place.partition(".")
        found = self._known.graphql.type_map.get(type_)
        if is_object_type(found):
            return field in found.fields and name in found.fields[field].args
        return is_input_object_type(found) and name in found.fields

    def _put(self, part: ExplainedPart) -> ExplainedPart:
        return self.found.setdefault((part.part, part.path, part.name), part)


def _told(at: _Path, name: str, label: Label, explained: Explained) -> ExplainedPart:
    return told_part(Part.FIELD, at, name, explained, Outcome.READ, label.data_class)


def _key(node: FieldNode) -> str:
    return node.alias.value if node.alias else node.name.value
