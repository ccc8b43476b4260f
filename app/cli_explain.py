"""`profile-gateway explain`: what somebody gets of each part of a document, and why."""

import json
import sys
from pathlib import Path
from typing import Annotated, Any, Final

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table
from rich.text import Text

from app.cli_guard import AsJson, fail, guarded, known_roles, read_settings, tenant_name
from app.cli_run import run
from app.tenant_rules import TenantRules, shipped_rules, tenant_rules
from graph.explain import explain_document
from graph.explained import BadDocument, ExplainedPart, Outcome
from policies.asking import Asking
from policies.explaining import supposed
from policies.standing import Purpose, Relation, Standing

_STDIN: Final = Path("-")
_STYLES: Final = {
    Outcome.DENIED: "red",
    Outcome.HIDDEN: "red",
    Outcome.STEP_UP: "magenta",
    Outcome.MASKED: "yellow",
}


AsRoles = Annotated[
    list[str],
    typer.Option("--as", "--role", help="A role; again for several.", callback=known_roles),
]
File = Annotated[Path, typer.Argument(help="The document; - is standard input.")]
HasSecondFactor = Annotated[
    bool, typer.Option("--second-factor", help="They signed in with a second factor.")
]
IsFresh = Annotated[bool, typer.Option("--fresh", help="They did so just now.")]
ForPurpose = Annotated[
    Purpose | None, typer.Option(help="What they ask for; their usual purpose unless told.")
]
InRelation = Annotated[Relation, typer.Option(help="What links them to the customer.")]
HasConsent = Annotated[
    bool, typer.Option(help="Whether the customer has consented to the purpose.")
]
OfClient = Annotated[str | None, typer.Option(help="The client that they use.")]
OfTenant = Annotated[
    str | None,
    typer.Option(
        help="With this tenant's fields and access rules, from the store.", callback=tenant_name
    ),
]


def explain(  # noqa: PLR0913 - each is an option
    role: AsRoles,
    file: File = _STDIN,
    *,
    second_factor: HasSecondFactor = False,
    fresh: IsFresh = False,
    purpose: ForPurpose = None,
    relation: InRelation = Relation.NONE,
    consent: HasConsent = True,
    client: OfClient = None,
    tenant: OfTenant = None,
    as_json: AsJson = False,
) -> None:
    """Tell what somebody gets of each part of a document, and why; no customer is read."""
    text = guarded(lambda: sys.stdin.read() if file == _STDIN else file.read_text("utf-8"))
    rules = run(tenant_rules(read_settings(), tenant)) if tenant else shipped_rules()
    subject = rules.asking(
        role, has_second_factor=second_factor, is_fresh=fresh, client=client, purpose=purpose
    )
    parts = guarded(
        lambda: _parts(rules, text, subject, supposed(subject, relation, has_consent=consent))
    )
    if as_json:
        typer.echo(json.dumps([_as_json(part) for part in parts]))
    else:
        Console().print(_table(parts))


def _parts(
    rules: TenantRules, text: str, subject: Asking, standing: Standing
) -> list[ExplainedPart]:
    schema = rules.schema
    try:
        return explain_document(schema, schema.whole, text, subject, standing)
    except BadDocument as error:
        fail("\n".join(one["message"] for one in error.details()["errors"]))


def _as_json(part: ExplainedPart) -> dict[str, Any]:
    """The part, with the names of the GraphQL schema."""
    return {
        "part": part.part.value,
        "path": part.path,
        "name": part.name,
        "dataClass": part.data_class.value if part.data_class else None,
        "outcome": part.outcome.value,
        "reason": part.reason,
        "rule": part.rule,
        "entry": part.entry,
        "helps": list(part.helps),
        "code": part.code,
    }


def _table(parts: list[ExplainedPart]) -> Table:
    table = Table(box=SIMPLE)
    for heading in ("path", "class", "gets", "because", "entry", "what would help"):
        table.add_column(heading, overflow="fold")
    for part in parts:
        outcome = Text(part.outcome.value, style=_STYLES.get(part.outcome, "green"))
        data_class = part.data_class.value if part.data_class else ""
        told = (part.reason, part.entry or "", "; or ".join(part.helps))
        table.add_row(Text(part.path), data_class, outcome, *map(Text, told))
    return table
