"""A GraphQL schema without some of its fields and inputs, and without what nothing needs then."""

import re
from collections.abc import Callable, Iterator, Mapping, Sized
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar, cast

from graphql import (
    GraphQLArgument,
    GraphQLField,
    GraphQLInputField,
    GraphQLInputObjectType,
    GraphQLList,
    GraphQLNamedType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLScalarType,
    GraphQLSchema,
    get_named_type,
    is_enum_type,
    is_input_object_type,
    is_list_type,
    is_non_null_type,
    is_object_type,
    is_required_argument,
    is_required_input_field,
)

_Type = TypeVar("_Type")
_SENTENCE: Final = re.compile(r"(?<=[.;:])\s+")
_NAME: Final = re.compile(r"`(\w+)`|\b([a-z]+[A-Z]\w*|[A-Z]\w*[a-z][A-Z]\w*)\b")


@dataclass(frozen=True, slots=True)
class Absent:
    """What is left out: (type, field) of outputs; (input type or `Type.field`, name) of inputs."""

    fields: frozenset[tuple[str, str]]
    inputs: frozenset[tuple[str, str]]


def filtered_schema(
    full: GraphQLSchema, absent: Absent, instead: Mapping[str, GraphQLScalarType] | None = None
) -> GraphQLSchema:
    """The schema without what is absent, and without all that then can't be used or reached.

    A type without fields goes, and each field of that type; so does what demands an input that is
    absent.  An input type of `instead` that loses all its fields becomes that scalar.  Sentences of
    descriptions that name what is gone go too.  Resolvers, scalars and enums are the same objects.
    """
    kept = _Kept(full, absent, instead or {})
    kept.settle()
    return _Made(full, kept).schema()


class _Kept:
    """What stays: decided again and again until nothing more goes."""

    def __init__(
        self, full: GraphQLSchema, absent: Absent, instead: Mapping[str, GraphQLScalarType]
    ) -> None:
        self.instead = instead
        self.types = {
            name: item for name, item in full.type_map.items() if not name.startswith("__")
        }
        self.fields: dict[str, dict[str, GraphQLField]] = {}
        self.arguments: dict[tuple[str, str], dict[str, GraphQLArgument]] = {}
        self.inputs: dict[str, dict[str, GraphQLInputField]] = {}
        for name, item in self.types.items():
            if is_object_type(item):
                self._take_object(name, item, absent)
            elif is_input_object_type(item):
                self.inputs[name] = {
                    key: one for key, one in item.fields.items() if (name, key) not in absent.inputs
                }
        self._broken = {
            name
            for name, fields in self.inputs.items()
            if any(
                is_required_input_field(one) and key not in fields
                for key, one in cast("GraphQLInputObjectType", self.types[name]).fields.items()
            )
        }

    def _take_object(self, name: str, item: GraphQLObjectType, absent: Absent) -> None:
        fields = self.fields[name] = {}
        for key, one in item.fields.items():
            place = f"{name}.{key}"
            arguments = {
                argument: given
                for argument, given in one.args.items()
                if (place, argument) not in absent.inputs
            }
            is_whole = all(
                argument in arguments or not is_required_argument(given)
                for argument, given in one.args.items()
            )
            if is_whole and (name, key) not in absent.fields:
                fields[key], self.arguments[name, key] = one, arguments

    def settle(self) -> None:
        """Let go what needs what is gone."""
        while self._let_go():
            pass

    def is_gone(self, type_: Any) -> bool:  # noqa: ANN401 - any GraphQL type
        """Whether nothing can be of this type any more."""
        name = get_named_type(type_).name
        if name in self.fields:
            return not self.fields[name]
        if name in self.inputs:
            return name in self._broken or not (self.inputs[name] or name in self.instead)
        return False

    def _let_go(self) -> bool:
        before = self._size()
        for name, inputs in self.inputs.items():
            gone = [key for key, one in inputs.items() if self.is_gone(one.type)]
            if any(is_required_input_field(inputs[key]) for key in gone):
                self._broken.add(name)
            for key in gone:
                del inputs[key]
        for name, fields in self.fields.items():
            for key in [key for key, one in fields.items() if self._is_unusable(name, key, one)]:
                del fields[key]
        return self._size() != before

    def _is_unusable(self, name: str, key: str, one: GraphQLField) -> bool:
        arguments = self.arguments[name, key]
        gone = [argument for argument, given in arguments.items() if self.is_gone(given.type)]
        is_broken = any(is_required_argument(arguments[argument]) for argument in gone)
        for argument in gone:
            del arguments[argument]
        return is_broken or self.is_gone(one.type)

    def _size(self) -> int:
        parts: tuple[Sized, ...] = (
            *self.fields.values(),
            *self.inputs.values(),
            *self.arguments.values(),
        )
        return sum(len(part) for part in parts) - len(self._broken)


@dataclass
class _Made:
    """The new schema; its types are made as they are first met."""

    full: GraphQLSchema
    kept: _Kept
    made: dict[str, GraphQLNamedType] = field(default_factory=dict)

    def schema(self) -> GraphQLSchema:
        """The schema; only what its root types lead to is in it."""
        self._gone = _all_names(self.kept.types) - _kept_names(self.full, self.kept)
        full = self.full
        made = GraphQLSchema(
            query=self._root(full.query_type),
            mutation=self._root(full.mutation_type),
            subscription=self._root(full.subscription_type),
            directives=full.directives,
            description=full.description,
            extensions=dict(full.extensions),
            assume_valid=True,
        )
        # Strawberry's `Info.schema` reads it.
        made._strawberry_schema = getattr(full, "_strawberry_schema", None)  # type: ignore[attr-defined]  # noqa: SLF001
        return made

    def _root(self, item: GraphQLObjectType | None) -> GraphQLObjectType | None:
        if item is None or self.kept.is_gone(item):
            return None
        return cast("GraphQLObjectType", self._named(item))

    def _named(self, item: GraphQLNamedType) -> GraphQLNamedType:
        name = item.name
        if name not in self.made:
            self.made[name] = self._new(item)
        return self.made[name]

    def _new(self, item: GraphQLNamedType) -> GraphQLNamedType:
        if is_object_type(item):
            return self._again(item, lambda: self._fields(item.name))
        if is_input_object_type(item):
            if not self.kept.inputs[item.name]:
                return self.kept.instead[item.name]
            return self._again(item, lambda: self._inputs(item.name))
        return item

    def _again(self, item: GraphQLNamedType, fields: Callable[[], Any]) -> GraphQLNamedType:
        told = {**item.to_kwargs(), "description": self._told(item.description)}
        made: Any = type(item)
        return cast("GraphQLNamedType", made(**{**told, "fields": fields}))

    def _fields(self, name: str) -> dict[str, GraphQLField]:
        return {
            key: GraphQLField(
                **{
                    **one.to_kwargs(),
                    "type_": self._typed(one.type),
                    "args": self._arguments(self.kept.arguments[name, key]),
                    "description": self._told(one.description),
                }
            )
            for key, one in self.kept.fields[name].items()
        }

    def _arguments(self, arguments: Mapping[str, GraphQLArgument]) -> dict[str, GraphQLArgument]:
        return {key: self._input(one) for key, one in arguments.items()}

    def _inputs(self, name: str) -> dict[str, GraphQLInputField]:
        return {key: self._input(one) for key, one in self.kept.inputs[name].items()}

    def _input(self, one: _Type) -> _Type:
        given: Any = one
        told = {"type_": self._typed(given.type), "description": self._told(given.description)}
        made: _Type = type(one)(**{**given.to_kwargs(), **told})
        return made

    def _typed(self, type_: Any) -> Any:  # noqa: ANN401 - any GraphQL type
        if is_non_null_type(type_):
            return GraphQLNonNull(self._typed(type_.of_type))
        if is_list_type(type_):
            return GraphQLList(self._typed(type_.of_type))
        return self._named(type_)

    def _told(self, description: str | None) -> str | None:
        """A description without the sentences that name what is gone."""
        if not description or not self._names_gone(description):
            return description
        parts = [one for one in _SENTENCE.split(description) if not self._names_gone(one)]
        told = " ".join(parts)
        return f"{told[:-1]}." if told.endswith((";", ":")) else told or None

    def _names_gone(self, text: str) -> bool:
        return any((one[1] or one[2]) in self._gone for one in _NAME.finditer(text))


def _all_names(types: Mapping[str, GraphQLNamedType]) -> set[str]:
    return set(types) | {name for item in types.values() for name in _names_in(item)}


def _names_in(item: GraphQLNamedType) -> Iterator[str]:
    if is_object_type(item):
        for key, one in item.fields.items():
            yield from (key, *one.args)
    elif is_input_object_type(item):
        yield from item.fields
    elif is_enum_type(item):
        yield from item.values


def _kept_names(full: GraphQLSchema, kept: _Kept) -> set[str]:
    """The names of all that can still be reached."""
    roots = (full.query_type, full.mutation_type, full.subscription_type)
    waiting: list[Any] = [root for root in roots if root and not kept.is_gone(root)]
    waiting += [one.type for directive in full.directives for one in directive.args.values()]
    found: set[str] = set()
    seen: set[str] = set()
    while waiting:
        item = get_named_type(waiting.pop())
        if item.name in seen:
            continue
        seen.add(item.name)
        if is_object_type(item):
            for key, one in kept.fields[item.name].items():
                arguments = kept.arguments[item.name, key]
                found |= {key, *arguments}
                waiting += [one.type, *(given.type for given in arguments.values())]
        elif is_input_object_type(item):
            found |= kept.inputs[item.name].keys()
            waiting += [given.type for given in kept.inputs[item.name].values()]
        else:
            found.update(_names_in(item))
    return found | seen
