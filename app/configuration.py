"""Reads the settings: a file, then variables over it; unknown names refuse to start."""

import os
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, cast, get_args, get_origin

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
    if unknown := list(_unknown_variables(os.environ)):
        raise WrongSettings("\n".join(unknown))
    named = os.environ.get(_FILE_VARIABLE)
    if named and not Path(named).is_file():
        raise WrongSettings(f"{_FILE_VARIABLE} names {named}, which is no file.")
    try:
        return _Loaded()
    except ValidationError as error:
        raise WrongSettings("\n".join(_told(item) for item in error.errors())) from None
    except ValueError as error:
        raise WrongSettings(f"{_file()} can't be read: {error}") from None


def _file() -> Path:
    return Path(os.environ.get(_FILE_VARIABLE, _DEFAULT_FILE))


def _told(error: Mapping[str, Any]) -> str:
    path = [str(part) for part in error["loc"]]
    name = ".".join(path)
    if error["type"] == "extra_forbidden":
        return f"{name} is no setting{_nearest(path[-1], _names_below(path[:-1]))}"
    return f"{name}: {error['msg']}."


def _unknown_variables(environment: Mapping[str, str]) -> Iterable[str]:
    for name in sorted(environment):
        if not name.startswith(_PREFIX) or name == _FILE_VARIABLE:
            continue
        path = name.removeprefix(_PREFIX).lower().split("__")
        for depth, part in enumerate(path):
            known = _names_below(path[:depth])
            if known is not None and part not in known:
                begun = _PREFIX + "".join(f"{item.upper()}__" for item in path[:depth])
                near = _nearest(begun + part.upper(), [begun + item.upper() for item in known])
                yield f"{name} is no setting{near}"
                break


def _nearest(name: str, known: Iterable[str] | None) -> str:
    found = get_close_matches(name, list(known or ()), n=1, cutoff=0.4)
    return f". Did you mean {found[0]}?" if found else "."


def _names_below(path: list[str]) -> list[str] | None:
    """Names of the settings below a path; None where any name may stand."""
    model: type[BaseModel] = Settings
    for position, part in enumerate(path):
        field = model.model_fields.get(part)
        inner = field.annotation if field else None
        if get_origin(inner) in (dict, tuple):
            inner = get_args(inner)[-1 if get_origin(inner) is dict else 0]
            if position == len(path) - 1 or not _is_model(inner):
                return None
            return _names_in(inner, path[position + 2 :])
        if not _is_model(inner):
            return None
        model = cast("type[BaseModel]", inner)
    return list(model.model_fields)


def _names_in(model: Any, rest: list[str]) -> list[str] | None:  # noqa: ANN401 - a model class
    return None if rest else list(model.model_fields)


def _is_model(candidate: Any) -> bool:  # noqa: ANN401 - any annotation
    return isinstance(candidate, type) and issubclass(candidate, BaseModel)
