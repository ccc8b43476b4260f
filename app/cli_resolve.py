"""`profile-gateway resolve`."""

import json
import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from app.cli_guard import AsJson, fail, read_settings, tenant_name
from app.cli_run import run
from app.merge_settings import link_policy_of
from app.sealing import opened_sealing
from app.settings import Settings
from app.store.attach import Store, attached_store
from app.store.failures import store_failures
from app.store.indexes import create_indexes
from app.store.meta import check_store, claim_store
from app.store.sealing import Sealing
from graph.model.match_weights import LEAST_SCORE
from graph.model.survivorship import LinkPolicy

if TYPE_CHECKING:
    from app.resolve.run import Resolved

_Tenant = Annotated[str, typer.Option(help="Whose customers they are.", callback=tenant_name)]
_DryRun = Annotated[bool, typer.Option("--dry-run", help="Tell what would be found, keep nothing.")]
_Link = Annotated[
    bool,
    typer.Option(
        "--link",
        help="Merge without a person who agrees in an identifier of `merging.link_by` and is one"
        " person with the probability of `merging.link_threshold`.",
    ),
]
_Threshold = Annotated[
    float, typer.Option(help="Least probability of a suggestion.", min=0.01, max=1.0)
]


def resolve(
    tenant: _Tenant,
    threshold: _Threshold = LEAST_SCORE,
    link: _Link = False,
    dry_run: _DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Find profiles that may be one person, over the whole store, for people to decide.

    What agreements weigh is learned from the data and kept; the gateways use it from then on.
    Nothing is linked unless `--link` says so.  Run it again whenever there is something new: it
    changes nothing twice.
    """
    # Splink and DuckDB come with the `resolve` extra: the other commands start without them.
    try:
        from app.resolve.linking import Linking  # noqa: PLC0415 - see above
        from app.resolve.run import Resolve  # noqa: PLC0415 - see above
    except ModuleNotFoundError as error:
        fail(f"resolve needs {error.name}: install the `resolve` extra.")

    async def resolved(settings: Settings) -> "Resolved":
        with Progress(
            console=Console(stderr=True), transient=True, disable=not sys.stderr.isatty()
        ) as bar:
            task = bar.add_task("resolve", total=None)
            async with (
                attached_store(settings) as store,
                opened_sealing(settings, store.client) as sealing,
            ):
                await _made_ready(store, sealing, is_dry=dry_run)

                def told(verb: str, done: int, of: int | None) -> None:
                    bar.update(task, description=verb, completed=done, total=of)

                policy = _link_policy(settings, tenant) if link else None
                linking = Linking(store, sealing, tenant, policy, _now) if policy else None
                work = Resolve(store, sealing, tenant, told, linking)
                return await work.run(threshold, is_dry=dry_run)

    outcome = run(resolved(read_settings()))
    if as_json:
        typer.echo(json.dumps(outcome.as_json()))
    else:
        _tell(outcome, is_dry=dry_run)


async def _made_ready(store: Store, sealing: Sealing, *, is_dry: bool) -> None:
    with store_failures():
        if is_dry:
            await check_store(store.database, sealing.keyring)
            return
        await claim_store(store.database, sealing.keyring)
        await create_indexes(store.database)


def _link_policy(settings: Settings, tenant: str) -> LinkPolicy:
    policy = link_policy_of(settings.merging, tenant)
    if not policy.identifiers:
        fail("--link needs `merging.link_by`: the identifiers that you have verified.")
    return policy


def _now() -> datetime:
    return datetime.now(UTC)


def _tell(outcome: "Resolved", *, is_dry: bool) -> None:
    would = " (dry run: nothing is kept)" if is_dry else ""
    typer.echo(f"{outcome.profiles:>9} profiles, perhaps {outcome.people} people")
    typer.echo(f"{outcome.suggestions:>9} suggestions{would}")
    if outcome.linked:
        typer.echo(f"{outcome.linked:>9} linked")
    typer.echo(f"{outcome.dismissed:>9} dismissed before")
    if outcome.skipped:
        typer.echo(f"{outcome.skipped:>9} blocking keys shared by too many to compare")
    if outcome.mended:
        typer.echo(f"{outcome.mended:>9} profiles had former blocking keys{would}")
    typer.echo(f"{outcome.seconds:>9.1f} s")
