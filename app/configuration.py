"""Reads the settings: a file, then variables over it; unknown names refuse to start."""

import json
import os
from collections.abc import Iterable, Iterator, Mapping
from difflib import SequenceMatcher
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Union, cast, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from app.settings import Settings

_PREFIX = "GATEWAY_"
_FILE_VARIABLE = "GATEWAY_CONFIG"
_DEFAULT_FILE = "gateway.toml"

_Path = tuple[str, ...]
"""Where a setting is: ("store", "uri")."""


class WrongSettings(Exception):
    """The settings can't be used; the message names each setting and says why, never a value."""


class _Loaded(Settings, BaseSettings):
    model_config = SettingsConfigDict(
        frozen=True, extra="forbid", env_prefix=_PREFIX, env_nested_delimiter="__"
    )

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Variables first, then the file."""
        del dotenv_settings, file_secret_settings
        file = TomlConfigSettingsSource(settings_cls, _file())
        return init_settings, env_settings, file


def load_settings() -> Settings:
    """The settings of this process.

    Raises:
        WrongSettings: an unknown name (with the nearest known one), a value of the wrong kind,
            or a file that isn't there or isn't TOML.
    """
    if troubles := list(_troubles(os.environ)):
        raise WrongSettings("\n".join(troubles))
    named = os.environ.get(_FILE_VARIABLE)
    if named and not Path(named).is_file():
        raise WrongSettings(f"{_FILE_VARIABLE} names {named}, which is no file.")
    try:
        return _Loaded()
    except ValidationError as error:
        raise WrongSettings("\n".join(_told(item) for item in error.errors())) from None
    except OSError as error:
        raise WrongSettings(f"{_file()} can't be read: {error.strerror}.") from None
    except ValueError as error:
        raise WrongSettings(f"{_file()} can't be read: {error}.") from None


def _file() -> Path:
    return Path(os.environ.get(_FILE_VARIABLE) or _DEFAULT_FILE)


def _told(error: Mapping[str, Any]) -> str:
    path = tuple(str(part) for part in error["loc"])
    name = ".".join(path)
    if error["type"] == "extra_forbidden":
        near = _nearest(path, _paths(Settings, path))
        return f"{name} is no setting. Did you mean {'.'.join(near)}?"
    return f"{name}: {error['msg'].removeprefix('Value error, ')}."


def _troubles(environment: Mapping[str, str]) -> Iterator[str]:
    """What is wrong with the variables, as far as it can be told without their values."""
    for name in sorted(environment):
        if not name.upper().startswith(_PREFIX) or name.upper() == _FILE_VARIABLE:
            continue
        path = tuple(name[len(_PREFIX) :].lower().split("__"))
        found = _below(Settings, path)
        if found is None:
            known = [item for item in _paths(Settings, path) if _below(Settings, item)]
            near = _PREFIX + "__".join(_nearest(path, known)).upper()
            yield f"{name} is no setting. Did you mean {near}?"
        elif _is_composed(found) and not _is_json(environment[name]):
            yield f"{name} must be JSON."


def _nearest(path: _Path, known: Iterable[_Path]) -> _Path:
    """The most similar one, as a whole or in its last name, for people forget where it belongs."""

    def similarity(item: _Path) -> float:
        whole = SequenceMatcher(None, ".".join(path), ".".join(item)).ratio()
        # Less is known when only the last names are alike.
        return max(whole, SequenceMatcher(None, path[-1], item[-1]).ratio() * 0.85)

    return max(known, key=similarity)


def _below(annotation: Any, path: _Path) -> Any:  # noqa: ANN401 - any annotation
    """The type of what a variable may set; None where there is no such setting."""
    if not path:
        return annotation
    name, *rest = path
    annotation = _given(annotation)
    if get_origin(annotation) is dict:
        return _below(get_args(annotation)[1], tuple(rest))
    if _is_model(annotation) and name in annotation.model_fields:
        return _below(annotation.model_fields[name].annotation, tuple(rest))
    return None


def _paths(model: type[BaseModel], near: _Path, begun: _Path = ()) -> Iterator[_Path]:
    """Where every setting is; names that the operator chose are those in `near`."""
    for name, field in model.model_fields.items():
        here, inner = (*begun, name), _given(field.annotation)
        yield here
        if get_origin(inner) in (dict, tuple):
            inner = get_args(inner)[1 if get_origin(inner) is dict else 0]
            depth = len(here)
            if near[:depth] != here or len(near) == depth:
                continue
            here = near[: depth + 1]
        if _is_model(inner):
            yield from _paths(cast("type[BaseModel]", inner), near, here)


def _is_composed(annotation: Any) -> bool:  # noqa: ANN401 - any annotation
    given = _given(annotation)
    return _is_model(given) or get_origin(given) in (dict, tuple)


def _given(annotation: Any) -> Any:  # noqa: ANN401 - any annotation
    """What a setting is when it isn't unset: `X` of `X | None`."""
    if get_origin(annotation) not in (Union, UnionType):
        return annotation
    kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
    return kinds[0] if len(kinds) == 1 else annotation


def _is_json(text: str) -> bool:
    try:
        json.loads(text)
    except ValueError:
        return False
    return True


def _is_model(candidate: Any) -> bool:  # noqa: ANN401 - any annotation
    return isinstance(candidate, type) and issubclass(candidate, BaseModel)
