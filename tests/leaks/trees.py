"""Selections as trees, and the many documents that ask for the same one."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from graphql import GraphQLSchema, Lexer, Source, TokenKind, get_named_type, is_object_type

Tree = dict[str, "Tree | None"]
_LEFT_OUT: Final = {"suggestions", "history", "mayContact"}
_RENAMED: Final = "zz"
# When a value was read, and how old it was by then, differ between any two requests.
_OF_READING: Final = {"fetchedAt", "age"}


def tree_of(schema: GraphQLSchema, type_: str, depth: int = 3) -> Tree:
    """Everything below a type that needs no argument."""
    found: Tree = {}
    for name, one in schema.type_map[type_].fields.items():
        below = get_named_type(one.type)
        if name in _LEFT_OUT or (is_object_type(below) and not depth):
            continue
        found[name] = tree_of(schema, below.name, depth - 1) if is_object_type(below) else None
    return found


@dataclass
class Writer:
    """Writes a selection in one of its many ways."""

    schema: GraphQLSchema
    chance: random.Random
    fragments: list[str] = field(default_factory=list)

    def document(self, tree: Tree, name: str = "") -> str:
        """A query of one profile."""
        below = self._selection(tree, "Profile")
        call = f"{self._alias()}profile(id: $id) {below}"
        head = f"query {name}($id: ID!, $yes: Boolean = true, $no: Boolean = false)"
        used = "used: viewer @include(if: $yes) { subject @skip(if: $no) }"
        return " ".join([f"{head} {{ {used} {call} }}", *self.fragments])

    def _selection(self, tree: Tree, type_: str) -> str:
        names = list(tree)
        self.chance.shuffle(names)
        parts = [self._part(name, tree[name], type_) for name in names]
        # What is asked for twice is one field.
        parts += [self._plain(name, tree[name], type_) for name in names if self._happens(0.05)]
        return f"{{ __typename {' '.join(parts)} }}"

    def _part(self, name: str, below: Tree | None, type_: str) -> str:
        text = self._plain(name, below, type_, self._alias())
        if self._happens(0.2):
            text = f"... on {type_} {{ {text} }}"
        if self._happens(0.2):
            condition = self.chance.choice(
                ["@include(if: $yes)", "@skip(if: $no)", "@include(if: true)", "@skip(if: false)"]
            )
            text = f"... {condition} {{ {text} }}"
        if self._happens(0.2):
            made = f"F{len(self.fragments)}"
            self.fragments.append(f"fragment {made} on {type_} {{ {text} }}")
            text = f"...{made}"
        return text

    def _plain(self, name: str, below: Tree | None, type_: str, alias: str = "") -> str:
        if below is None:
            return f"{alias}{name}"
        item = get_named_type(self.schema.type_map[type_].fields[name].type)
        return f"{alias}{name} {self._selection(below, item.name)}"

    def _alias(self) -> str:
        return f"{_RENAMED}{self.chance.randrange(10**6)}_ALIAS_: " if self._happens(0.3) else ""

    def _happens(self, odds: float) -> bool:
        return self.chance.random() < odds


def tokens_of(document: str) -> int:
    """How many tokens a document has."""
    lexer, count = Lexer(Source(document)), 0
    while lexer.advance().kind is not TokenKind.EOF:
        count += 1
    return count


def named(document: str) -> str:
    """The document with aliases that end in the name they stand for."""
    words = document.split("_ALIAS_: ")
    parts = [words[0]]
    for after in words[1:]:
        name = after.split("(")[0].split(" ")[0].split("}")[0]
        parts.append(f"_{name}: {after}")
    return "".join(parts)


def decisions(answer: Mapping[str, Any]) -> dict[str, Any]:
    """What an answer gives, whatever it is called there: values, masks, refusals."""
    extensions = answer.get("extensions", {})
    return {
        "data": sorted(map(str, set(_leaves(answer.get("data") or {}, ())))),
        "masked": sorted({_unnamed(path) for path in extensions.get("masked", [])}),
        "errors": sorted(
            {
                (
                    error["message"],
                    error["extensions"]["code"],
                    error["extensions"].get("field", ""),
                    _unnamed(error["extensions"].get("at", "")),
                )
                for error in answer.get("errors", [])
            }
        ),
    }


def _leaves(value: Any, path: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    if isinstance(value, Mapping):
        for name, one in value.items():
            if name not in {"__typename", "used"}:
                yield from _leaves(one, (*path, _unnamed(name)))
    elif isinstance(value, list):
        yield (*path, "length", len(value))
        for place, one in enumerate(value):
            yield from _leaves(one, (*path, place))
    elif value is not None and path[-1] in _OF_READING:
        yield (*path, "some")
    else:
        yield (*path, str(value))


def _unnamed(path: str) -> str:
    return ".".join(
        part.partition("_")[2] if part.startswith(_RENAMED) else part for part in path.split(".")
    )
