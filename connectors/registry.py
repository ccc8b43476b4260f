"""Connectors by name: a name in the settings is a module in connectors/vendors."""

from difflib import get_close_matches
from importlib import import_module
from pkgutil import iter_modules

from connectors import vendors
from connectors.base import MakeConnector
from connectors.errors import WrongSettings


def connector_names() -> tuple[str, ...]:
    """The names of all connectors, sorted."""
    return tuple(sorted(module.name for module in iter_modules(vendors.__path__)))


def connector_of(name: str) -> MakeConnector:
    """The connector that `name` stands for: the `CONNECTOR` of its module.

    Raises:
        WrongSettings: no connector has that name; the message tells the nearest and all.
    """
    known = connector_names()
    if name not in known:
        near = get_close_matches(name, known, n=1, cutoff=0.0)[0]
        raise WrongSettings(
            name, f"no such connector; did you mean {near}? Known: {', '.join(known)}"
        )
    connector: MakeConnector = import_module(f"{vendors.__name__}.{name}").CONNECTOR
    return connector
