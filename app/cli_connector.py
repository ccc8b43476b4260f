"""`profile-gateway connector`: try a CRM, begin a connector, make fields of its attributes."""

import json
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.cli_guard import AsJson, fail, guarded, read_settings
from app.cli_run import run
from app.field_proposals import Proposal
from app.live_fields import defined_fields, proposed_fields
from app.settings import Settings
from app.source_trial import Result, Step, Trial, tried
from connectors.base import Key
from connectors.registry import connector_names

connector_commands = typer.Typer(
    no_args_is_help=True,
    help="Try a CRM, begin a connector for one, make fields of its attributes.",
    pretty_exceptions_enable=False,
)
_MARKS: Final = {Result.OK: "ok  ", Result.FAILED: "FAIL", Result.SKIPPED: "-   "}
_Source = Annotated[str, typer.Argument(help="Name of a source in the settings.")]


@connector_commands.command(name="test")
def try_source(
    source: _Source,
    object: Annotated[str | None, typer.Option(help="The CRM's object, such as contacts.")] = None,
    key: Annotated[str | None, typer.Option(help="Key of a record to read.")] = None,
    kind: Annotated[str, typer.Option(help="What the key is: id, or a unique attribute.")] = "id",
    as_json: AsJson = False,
) -> None:
    """Try a source against the real thing; no value of a record is printed.

    Exits with 1 where a step failed, with 2 where no source has that name.
    """
    settings = _known(read_settings(), source)
    trial = Trial(object, Key(kind, key) if key else None)
    steps = run(_tried(settings, source, trial, as_json=as_json))
    if as_json:
        typer.echo(json.dumps([_step_json(step) for step in steps]))
    if any(step.result is Result.FAILED for step in steps):
        raise typer.Exit(1)


@connector_commands.command()
def new(
    name: Annotated[str, typer.Argument(help="Its name: lower case letters, digits and _.")],
    folder: Annotated[
        Path, typer.Option(help="Where to write it.", exists=True, file_okay=False)
    ] = Path(),
) -> None:
    """Write a commented file to begin a connector with; refuses to overwrite one."""
    if not name.isidentifier() or name != name.lower() or not name.isascii():
        raise typer.BadParameter("a name is lower case letters, digits and _", param_hint="NAME")
    if name in connector_names():
        fail(f"There is a connector {name} already: connector = {name!r}")
    text = files("connectors.declarative").joinpath("start.yaml").read_text("utf-8")
    path = folder / f"{name}.yaml"
    guarded(lambda: _write_new(path, text.replace("about: NAME", f"about: {name}")))
    typer.echo(f"{path} is written. In the settings: connector = {str(path)!r}")


@connector_commands.command()
def fields(
    source: _Source,
    object: Annotated[str, typer.Argument(help="The CRM's object, such as contacts.")],
    define: Annotated[
        list[str] | None,
        typer.Option(help="Define a live field for this attribute; again for several."),
    ] = None,
    as_json: AsJson = False,
) -> None:
    """List what a CRM knows of an object, and the field that each attribute could be.

    The proposed data class is a guess by name and type: look at it before you define a field.
    """
    settings = _known(read_settings(), source)
    if define:
        found = run(defined_fields(settings, source, object, define))
    else:
        found = run(proposed_fields(settings, source, object))
    if as_json:
        typer.echo(json.dumps([_proposal_json(one) for one in found]))
    elif define:
        for one in found:
            typer.echo(f"defined: {one.known} ({one.attribute.name})")
    else:
        Console().print(_table(found))


def _known(settings: Settings, source: str) -> Settings:
    if source not in settings.sources:
        known = ", ".join(sorted(settings.sources)) or "none"
        raise typer.BadParameter(f"no such source; known: {known}", param_hint="SOURCE")
    return settings


async def _tried(settings: Settings, source: str, trial: Trial, *, as_json: bool) -> list[Step]:
    steps = []
    async for step in tried(settings, source, trial):
        steps.append(step)
        if not as_json:
            took = f" ({step.ms:.0f} ms)" if step.ms is not None else ""
            typer.echo(f"{_MARKS[step.result]} {step.name}: {step.told}{took}")
            if step.hint:
                typer.echo(f"     {step.hint}")
    return steps


def _step_json(step: Step) -> dict[str, Any]:
    told = {"step": step.name, "result": step.result.value, "message": step.told}
    return {**told, "hint": step.hint, "ms": step.ms}


def _proposal_json(one: Proposal) -> dict[str, Any]:
    attribute, definition = one.attribute, one.definition
    return {
        "attribute": attribute.name,
        "label": attribute.label,
        "type": attribute.type.value,
        "vendorType": attribute.vendor_type or None,
        "isWritable": attribute.is_writable,
        "isUnique": attribute.is_unique,
        "key": definition.key,
        "kind": definition.kind,
        "isList": definition.is_list,
        "dataClass": definition.data_class.value,
        "definedAs": one.known,
    }


def _table(found: Sequence[Proposal]) -> Table:
    table = Table(box=SIMPLE)
    for heading in ("attribute", "label", "type", "key", "kind", "data class", "defined as"):
        table.add_column(heading, overflow="fold")
    for one in found:
        attribute, definition = one.attribute, one.definition
        kind = f"{definition.kind}, list" if definition.is_list else definition.kind
        told = (attribute.name, attribute.label, attribute.type.value, definition.key, kind)
        table.add_row(*map(Text, (*told, definition.data_class.value, one.known or "")))
    return table


def _write_new(path: Path, text: str) -> None:
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        fail(f"{path} is there already; it was left as it is.")
