"""What the pages show is true: examples are valid, names exist, links lead somewhere."""

import re
import tomllib
from pathlib import Path

from graphql import GraphQLError, GraphQLSchema, build_schema, parse, validate
from pydantic import BaseModel, ValidationError

from app.matrices import checked_rules
from app.settings import Settings
from graph.schema import base_sdl
from tests.house.documents import command_lines, fences, links, pages, read_page
from tests.house.settings_table import inside
from tests.house.tree import ROOT, read

# Where examples of TOML are access rules, not settings.
RULES = "policies/README.md"
# A setting; not `GATEWAY_*` and the like, which name a family.
VARIABLE = re.compile(r"\bGATEWAY_[A-Z][A-Z0-9_]*(?![A-Z0-9_*<])")


def test_every_graphql_example_is_valid():
    schema = build_schema(base_sdl())

    wrong = {
        example.place: complaints
        for example in fences("graphql")
        if (complaints := _graphql_complaints(schema, example.text))
    }

    assert wrong == {}


def test_every_settings_example_is_accepted():
    wrong = {
        example.place: complaint
        for example in fences("toml")
        if not example.place.startswith(RULES) and (complaint := _settings_complaint(example.text))
    }

    assert wrong == {}


def test_every_example_of_access_rules_can_be_put_in_force():
    examples = [one for one in fences("toml") if one.place.startswith(RULES)]

    for example in examples:
        checked_rules(example.text)
    assert examples


def test_every_setting_that_is_mentioned_exists():
    unknown = {
        (page, name)
        for page in pages()
        for name in VARIABLE.findall(read_page(page))
        if name != "GATEWAY_CONFIG" and not _is_setting(name)
    }

    assert unknown == set()


def test_every_make_target_that_is_mentioned_exists():
    targets = set(re.findall(r"^([a-z-]+):", read(Path("Makefile")), re.MULTILINE))

    unknown = {
        (place, line)
        for place, line in command_lines()
        if (call := re.match(r"make ([a-z-]+)", line)) and call[1] not in targets
    }

    assert unknown == set()


def test_every_link_leads_somewhere():
    dead = [
        (page, target)
        for page, target in links()
        if target and not (ROOT / page).parent.joinpath(target).exists()
    ]

    assert dead == []


def _graphql_complaints(schema: GraphQLSchema, text: str) -> list[str]:
    try:
        return [error.message for error in validate(schema, parse(text))]
    except GraphQLError as error:
        return [error.message]


def _settings_complaint(text: str) -> str | None:
    try:
        Settings.model_validate(tomllib.loads(text))
    except (ValidationError, tomllib.TOMLDecodeError) as error:
        return str(error)
    return None


def _is_setting(variable: str) -> bool:
    section: type[BaseModel] | None = Settings
    parts = variable.removeprefix("GATEWAY_").lower().split("__")
    while parts:
        field = section.model_fields.get(parts.pop(0)) if section else None
        if field is None:
            return False
        section, step = inside(field.annotation)
        if step == ".NAME" and parts:
            parts.pop(0)  # the operator's own word
    return True
