"""What the parts of a connector file are made of: checked values, and the errors they cause."""

import re
from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, model_validator
from pydantic_core import PydanticCustomError

from connectors import errors
from connectors.declarative.expressions import Expression, WrongExpression
from connectors.declarative.reading import did_you_mean
from connectors.declarative.templates import (
    Template,
    Tree,
    WrongTemplate,
    template_of,
    tree_of,
)
from connectors.errors import SourceError


class Part(BaseModel):
    """A part of a connector file: frozen, and without keys that nobody knows."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True)

    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, given: Any) -> Any:  # noqa: ANN401 - what stands in the file
        if not isinstance(given, dict):
            return given
        known = {field.alias or name for name, field in cls.model_fields.items()}
        for name in given:
            if name not in known:
                raise wrong(f"no such key: `{name}`{did_you_mean(name, frozenset(known))}", name)
        return given


def wrong(message: str, *path: str | int) -> PydanticCustomError:
    """The error for what is at `path` below the part that raises it."""
    return PydanticCustomError("wrong", "{message}", {"message": message, "path": path})


def _expression(given: object) -> Expression:
    if not isinstance(given, str):
        raise wrong("expected an expression: a text in JMESPath")
    try:
        return Expression(given)
    except WrongExpression as error:
        raise wrong(str(error)) from None


def _template(given: object) -> Template:
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        raise wrong("expected a text, perhaps with ${...} in it")
    try:
        return template_of(str(given))
    except WrongTemplate as error:
        raise wrong(str(error)) from None


def _tree(given: object) -> Tree:
    try:
        return tree_of(given)
    except WrongTemplate as error:
        raise wrong(str(error), *error.path) from None


def _pattern(given: object) -> re.Pattern[str]:
    try:
        return re.compile(str(given))
    except re.error as error:
        raise wrong(f"no regular expression: {error}") from None


_RAISED: Mapping[str, type[SourceError]] = {
    kind.__name__: kind
    for kind in (
        *(errors.Timeout, errors.RateLimited, errors.QuotaExhausted, errors.Unavailable),
        *(errors.Unauthorized, errors.WrongSettings, errors.BadPayload, errors.UnknownField),
        *(errors.Conflict, errors.CursorExpired),
    )
}


def _raised(given: object) -> type[SourceError]:
    if given not in _RAISED:
        raise wrong(f"no such error: `{given}`{did_you_mean(str(given), _RAISED)}")
    return _RAISED[str(given)]


AnExpression = Annotated[Expression, BeforeValidator(_expression)]
ATemplate = Annotated[Template, BeforeValidator(_template)]
ATree = Annotated[Tree, BeforeValidator(_tree)]
APattern = Annotated[re.Pattern[str], BeforeValidator(_pattern)]
AnError = Annotated[type[SourceError], BeforeValidator(_raised)]
