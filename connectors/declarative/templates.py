"""Values with `${...}` in them, compiled once and filled for each request."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from connectors.declarative.encodings import ENCODINGS, Unwritable, as_text
from connectors.declarative.expressions import Expression, Inapplicable, WrongExpression
from connectors.declarative.reading import Where, did_you_mean

Scope = Mapping[str, object]
"""What the names in a template stand for."""

_OPENING: Final = "${"
_ENCODING: Final = re.compile(r"\s*([a-z0-9]+)\s*")
_QUOTES: Final = "'\"`"


class WrongTemplate(ValueError):
    """A template can't be compiled; `path` says where in it."""

    def __init__(self, message: str, path: Where = ()) -> None:
        super().__init__(message)
        self.path = path


@dataclass(frozen=True, slots=True)
class _Hole:
    """`${expression => encoding}`."""

    expression: Expression
    encodings: tuple[Callable[[Any], object], ...]

    def fill(self, scope: Scope) -> object:
        """Its value; None stays None, whatever the encoding.

        Raises:
            Unwritable: the value can't be had, or not written so.
        """
        try:
            value: object = self.expression(scope)
        except Inapplicable:
            told = f"`{self.expression.text}` makes no sense for what it is given"
            raise Unwritable(told) from None
        for encode in self.encodings:
            value = None if value is None else encode(value)
        return value


@dataclass(frozen=True, slots=True)
class Template:
    """A text with holes.  One that is nothing but a hole keeps the type of its value.

    `names` are those that it takes from the scope.
    """

    parts: tuple[str | _Hole, ...]
    names: frozenset[str]

    def fill(self, scope: Scope) -> object:
        """Its value; None where a hole is null."""
        if len(self.parts) == 1 and isinstance(self.parts[0], _Hole):
            return self.parts[0].fill(scope)
        return self.text(scope, as_text)

    def text(self, scope: Scope, write: Callable[[object], str]) -> str | None:
        """The text, each hole written by `write`; None where one is null."""
        filled = [part if isinstance(part, str) else part.fill(scope) for part in self.parts]
        if any(value is None for value in filled):
            return None
        pairs = zip(self.parts, filled, strict=True)
        return "".join(str(part) if isinstance(part, str) else write(made) for part, made in pairs)


@dataclass(frozen=True, slots=True)
class Tree:
    """Lists and mappings with templates in them."""

    content: object
    names: frozenset[str]

    def fill(self, scope: Scope) -> object:
        """The same with every template filled; an entry whose template gives null is left out."""
        return _filled(self.content, scope)


def template_of(text: str) -> Template:
    """A compiled template.

    Raises:
        WrongTemplate: a hole isn't closed, or what is in it can't be compiled.
    """
    parts = tuple(_parts(text))
    holes = [part for part in parts if isinstance(part, _Hole)]
    return Template(parts, frozenset().union(*(hole.expression.names for hole in holes)))


def tree_of(content: object) -> Tree:
    """Lists and mappings whose texts are compiled templates; as `template_of`."""
    names: set[str] = set()
    return Tree(_compiled(content, (), names), frozenset(names))


def _compiled(content: object, path: Where, names: set[str]) -> object:
    if isinstance(content, dict):
        return {name: _compiled(item, (*path, name), names) for name, item in content.items()}
    if isinstance(content, list):
        return [_compiled(item, (*path, at), names) for at, item in enumerate(content)]
    if not isinstance(content, str) or _OPENING not in content:
        return content
    try:
        template = template_of(content)
    except WrongTemplate as error:
        raise WrongTemplate(str(error), path) from None
    names.update(template.names)
    return template


def _filled(content: object, scope: Scope) -> object:
    if isinstance(content, Template):
        return content.fill(scope)
    if isinstance(content, dict):
        made = ((name, item, _filled(item, scope)) for name, item in content.items())
        return {name: value for name, item, value in made if value is not None or item is None}
    if isinstance(content, list):
        return [_filled(item, scope) for item in content]
    return content


def _parts(text: str) -> Iterator[str | _Hole]:
    at = 0
    while (opening := text.find(_OPENING, at)) >= 0:
        if opening > at:
            yield text[at:opening]
        closing, arrows = _closing(text, opening + len(_OPENING))
        yield _hole(text, opening + len(_OPENING), closing, arrows)
        at = closing + 1
    if at < len(text) or not text:
        yield text[at:]


def _closing(text: str, start: int) -> tuple[int, list[int]]:
    """Where the hole that begins at `start` ends, and where its arrows are."""
    depth, quote, at = 0, "", start
    arrows: list[int] = []
    while at < len(text):
        letter = text[at]
        if quote:
            at += letter == "\\"
            quote = "" if letter == quote else quote
        elif letter in _QUOTES:
            quote = letter
        elif letter == "}" and depth == 0:
            return at, arrows
        elif letter in "{}":
            depth += 1 if letter == "{" else -1
        elif text.startswith("=>", at):
            arrows.append(at)
        at += 1
    raise WrongTemplate("a `${` has no `}`")


def _hole(text: str, start: int, closing: int, arrows: list[int]) -> _Hole:
    ends = [*arrows, closing]
    encodings = []
    for arrow, end in zip(arrows, ends[1:], strict=True):
        found = _ENCODING.fullmatch(text, arrow + 2, end)
        name = found[1] if found else text[arrow + 2 : end].strip()
        if name not in ENCODINGS:
            known = did_you_mean(name, ENCODINGS)
            raise WrongTemplate(f"no such encoding: `{name}`{known}")
        encodings.append(ENCODINGS[name])
    try:
        return _Hole(Expression(text[start : ends[0]].strip()), tuple(encodings))
    except WrongExpression as error:
        raise WrongTemplate(str(error)) from None
