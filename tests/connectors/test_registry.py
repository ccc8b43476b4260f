from importlib import import_module
from inspect import isclass
from pathlib import Path
from pkgutil import iter_modules

import pytest

from connectors import vendors
from connectors.base import SourceSettings
from connectors.errors import WrongSettings
from connectors.registry import connector_names, connector_of, limits_of
from connectors.runtime.pace import NO_LIMITS, Limits, Rate
from connectors.vendors.hubspot import HubSpot
from connectors.vendors.tryton import Tryton


def test_no_name_stands_for_a_module_and_a_file():
    modules = {module.name for module in iter_modules(vendors.__path__)}
    files = {file.stem for folder in vendors.__path__ for file in Path(folder).glob("*.y*ml")}

    assert {"zendesk", "odoo", "pipedrive", "freshdesk", "expertflow"} <= files
    assert modules & files == set()


def test_a_name_is_a_module_and_stands_for_its_connector():
    assert {"hubspot", "tryton"} <= set(connector_names())
    assert connector_of("hubspot") is HubSpot
    assert connector_of("tryton") is Tryton


@pytest.mark.parametrize("name", [module.name for module in iter_modules(vendors.__path__)])
def test_a_vendor_module_has_one_public_class_and_names_it(name):
    module = import_module(f"connectors.vendors.{name}")

    public = {
        member
        for member in vars(module).values()
        if isclass(member)
        and member.__module__ == module.__name__
        and not member.__name__.startswith("_")
    }

    assert public == {module.CONNECTOR}


@pytest.mark.parametrize(
    ("name", "nearest"), [("hubspott", "hubspot"), ("Tryton", "tryton"), ("try_ton", "tryton")]
)
def test_an_unknown_name_is_answered_with_the_nearest_and_all(name, nearest):
    with pytest.raises(WrongSettings) as raised:
        connector_of(name)

    known = ", ".join(connector_names())
    assert str(raised.value) == (
        f"{name}: no such connector; did you mean {nearest}? Known: {known}"
    )


@pytest.mark.parametrize("name", ["", "__init__", "vendors.hubspot", "os", "..base"])
def test_nothing_but_a_vendor_is_ever_loaded(name):
    with pytest.raises(WrongSettings, match="no such connector"):
        connector_of(name)


@pytest.mark.parametrize(
    ("name", "options", "limits"),
    [
        ("hubspot", {}, Limits(None, (Rate(100, 10.0),), {"search": (Rate(5, 1.0),)})),
        (
            "dataverse",
            {"client_id": "c", "tenant": "8f1f3b6e-0000-4000-8000-000000000000"},
            Limits(rates=(Rate(6_000, 300.0),)),
        ),
        ("pipedrive", {}, Limits(4, (Rate(20, 2.0),))),
        ("salesforce", {"client_id": "c"}, NO_LIMITS),
    ],
)
def test_a_connector_says_what_its_source_bears(name, options, limits):
    settings = SourceSettings("crm", "https://crm.example", "secret", options)

    assert limits_of(connector_of(name)(settings)) == limits
