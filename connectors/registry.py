"""Connectors by name: a name in the settings is a file in connectors/vendors, or a path of one."""

from difflib import get_close_matches
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from typing import Final

from connectors import vendors
from connectors.abilities import KnowsLimits
from connectors.base import Connector, MakeConnector
from connectors.declarative.connector import connector_from
from connectors.errors import WrongSettings
from connectors.runtime.pace import NO_LIMITS, Limits

SUFFIXES: Final = (".yaml", ".yml")


def connector_names() -> tuple[str, ...]:
    """The names of all connectors that come with us, sorted."""
    modules = {module.name for module in iter_modules(vendors.__path__)}
    return tuple(sorted(modules | _declared().keys()))


def connector_of(name: str) -> MakeConnector:
    """The connector that `name` stands for.

    It is the `CONNECTOR` of a module, or what a YAML file of that name describes; a name that ends
    as YAML files do is the path of such a file, relative to the working directory.

    Raises:
        WrongSettings: no connector has that name; the message tells the nearest and all.
        WrongFile: the file can't be a connector; the message tells where and why.
    """
    if name.endswith(SUFFIXES):
        return connector_from(Path(name))
    known = connector_names()
    if name not in known:
        near = get_close_matches(name, known, n=1, cutoff=0.0)[0]
        raise WrongSettings(
            name, f"no such connector; did you mean {near}? Known: {', '.join(known)}"
        )
    if name in (declared := _declared()):
        return connector_from(declared[name])
    connector: MakeConnector = import_module(f"{vendors.__name__}.{name}").CONNECTOR
    return connector


def limits_of(connector: Connector) -> Limits:
    """What the source bears, where the connector says it."""
    return connector.limits if isinstance(connector, KnowsLimits) else NO_LIMITS


def _declared() -> dict[str, Path]:
    """The YAML files that come with us, by name."""
    files = (file for folder in vendors.__path__ for file in Path(folder).iterdir())
    return {file.stem: file for file in files if file.suffix in SUFFIXES}
