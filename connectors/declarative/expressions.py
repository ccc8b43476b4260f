"""Expressions that pick something out of an answer: JMESPath, compiled once."""

import re
import warnings
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import jmespath
from jmespath.exceptions import JMESPathError
from jmespath.functions import Functions, signature

ABSENT: Final = object()
"""Stands for what isn't there, where null would be something."""

OPTIONS: Final = "options"
"""The name that the source's options have in templates."""

_PLAIN: Final = re.compile(r"[A-Za-z_]\w*(\.[A-Za-z_]\w*)*", re.ASCII)
_NUMBER: Final[Mapping[str, object]] = {"types": ["number"]}
_TEXT: Final[Mapping[str, object]] = {"types": ["string"]}
_TEXT_OR_NULL: Final[Mapping[str, object]] = {"types": ["string", "null"]}
_MAPPING: Final[Mapping[str, object]] = {"types": ["object"]}
# JMESPath's nodes whose further children look at what the first one found.
_STEPS: Final = frozenset(
    {
        *("subexpression", "index_expression", "projection", "value_projection"),
        *("filter_projection", "flatten", "pipe"),
    }
)


class _Ours(Functions):  # type: ignore[misc]  # jmespath has no types
    """What JMESPath lacks for paging and cursors; null stays null."""

    @signature(_NUMBER, _NUMBER)  # type: ignore[untyped-decorator]  # jmespath has no types
    def _func_add(self, one: float, other: float) -> float:
        return one + other

    @signature(_TEXT_OR_NULL)  # type: ignore[untyped-decorator]  # see above
    def _func_lower(self, text: str | None) -> str | None:
        return text.lower() if text is not None else None

    @signature(_TEXT_OR_NULL, _TEXT)  # type: ignore[untyped-decorator]  # see above
    def _func_split(self, text: str | None, mark: str) -> list[str] | None:
        return [part for part in text.split(mark) if part] if text is not None else None

    @signature(_MAPPING)  # type: ignore[untyped-decorator]  # see above
    def _func_entries(self, mapping: Mapping[str, object]) -> list[dict[str, object]]:
        """What is in an object, as a list of {key, value}."""
        return [{"key": key, "value": value} for key, value in mapping.items()]

    @signature(_TEXT_OR_NULL, _NUMBER)  # type: ignore[untyped-decorator]  # see above
    def _func_earlier(self, text: str | None, seconds: float) -> str | None:
        """An instant, in the same form, so many seconds before."""
        return _earlier(text, seconds) if text is not None else None


_OPTIONS: Final = jmespath.Options(custom_functions=_Ours())
_FUNCTIONS: Final = frozenset(_Ours.FUNCTION_TABLE)


class WrongExpression(ValueError):
    """A text is no expression; the message says why."""


class Inapplicable(Exception):
    """An expression makes no sense for what it met; the message has only the expression."""


class Expression:
    """A compiled expression.

    `names` are those that it takes from what it is applied to, `options.x` in full.
    """

    __slots__ = ("_compiled", "_steps", "names", "text")

    def __init__(self, text: str) -> None:
        self.text = text
        self._steps: tuple[str, ...] = ()
        if _PLAIN.fullmatch(text):
            self._steps = tuple(text.split("."))
            self.names = frozenset([_named(self._steps)])
            return
        try:
            with warnings.catch_warnings():
                # It would take a literal that is no JSON for a text, with a warning.
                warnings.simplefilter("error")
                self._compiled = jmespath.compile(text)
        except (JMESPathError, Warning) as error:
            told = str(error).partition("\n")[0]
            raise WrongExpression(f"`{text}` is no JMESPath: {told}") from None
        self.names = frozenset(_names(self._compiled.parsed))
        _check(text, self._compiled.parsed)

    def __call__(self, value: object) -> Any:  # noqa: ANN401 - what an answer holds
        """What it picks out of `value`; None where that isn't there.

        Raises:
            Inapplicable: a function of the expression can't take what it met.
        """
        if self._steps:
            found = reached(value, self._steps)
            return None if found is ABSENT else found
        try:
            return self._compiled.search(value, _OPTIONS)
        except (JMESPathError, ValueError, TypeError, OverflowError):
            pass  # raised outside of the handler: the error quotes what was met
        raise Inapplicable(f"`{self.text}` makes no sense for the answer")

    def __repr__(self) -> str:
        return f"Expression({self.text!r})"


def is_plain(text: str) -> bool:
    """Whether an expression is only names with dots between."""
    return bool(_PLAIN.fullmatch(text))


def reached(value: object, steps: tuple[str, ...]) -> object:
    """Where names lead from `value`; `ABSENT` where one leads nowhere."""
    for step in steps:
        if not isinstance(value, dict) or step not in value:
            return ABSENT
        value = value[step]
    return value


def _named(steps: Sequence[str]) -> str:
    return ".".join(steps[:2]) if steps[0] == OPTIONS else steps[0]


def _names(node: Mapping[str, Any]) -> Iterator[str]:
    """The names that a parsed expression takes from what it is applied to."""
    children = node.get("children", ())
    if node["type"] == "field":
        yield node["value"]
    elif node["type"] == "subexpression" and all(one["type"] == "field" for one in children):
        yield _named([one["value"] for one in children])
        return
    for child in children[:1] if node["type"] in _STEPS else children:
        if isinstance(child, dict):
            yield from _names(child)


def _check(text: str, node: Mapping[str, Any]) -> None:
    children = [child for child in node.get("children", ()) if isinstance(child, dict)]
    if node["type"] == "function_expression" and node["value"] not in _FUNCTIONS:
        raise WrongExpression(f"`{text}`: no such function: {node['value']}")
    if node["type"] in _STEPS and children[0]["type"] == "not_expression":
        # As JMESPath reads it, `!` takes the first name alone: always null, and never meant.
        raise WrongExpression(f"`{text}`: `!a.b` means `(!a).b`; write `!(a.b)`")
    for child in children:
        _check(text, child)


def _earlier(text: str, seconds: float) -> str:
    moment = datetime.fromisoformat(text) - timedelta(seconds=seconds)
    parted = "T" if "T" in text else " "
    plain = moment.replace(tzinfo=None).isoformat(parted, "seconds")
    if moment.tzinfo is None:
        return plain
    if moment.utcoffset() == timedelta(0):
        return f"{plain}Z" if text.endswith("Z") else f"{plain}+00:00"
    return moment.astimezone(UTC).isoformat(parted, "seconds")
