"""A sandbox CRM that speaks HubSpot's CRM objects contract over HTTP; all in memory.

It serves the demo and the tests: the dated paths and the v3 paths, with the same shapes.
    python -m app.demo.sandbox_crm --port 0 --token TOKEN [--seed FILE.jsonl]
Each line of a seed is {"object": "contacts", "properties": {...}, "id": "..."} (`id` may be left
out) or {"object": "contacts", "property": {"name": ..., "hasUniqueValue": true, ...}}.
"""

import argparse
import socket
import sys
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Annotated, Any, Self

import orjson
import uvicorn
from pydantic import BaseModel, ConfigDict, StringConstraints, ValidationError, model_validator
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route

from app.demo.sandbox_faults import Gate, Stats, Switchboard, switch_routes
from app.demo.sandbox_links import LinkApi, add_engagements
from app.demo.sandbox_objects import ObjectApi, PropertyApi, failed, refused
from app.demo.sandbox_records import Crm
from app.demo.sandbox_wire import ObjectName, Property, PropertyName, Refused, Value, complaints

_ABOUT = """Sandbox CRM

This is a sandbox, not a CRM: it speaks HubSpot's CRM objects contract, keeps everything in
memory and forgets it when it stops. Put no real person's data here.

  /crm/objects/2026-09/{object}   records (also /crm/v3/objects/{object}), with a bearer token
  /crm/properties/2026-09/{object}   properties (also /crm/v3/properties/{object})
  /crm/associations/2026-09/{one}/{other}   what has to do with what (also /crm/v4/associations)
  /crm/lists/2026-09   lists and who is in them (also /crm/v3/lists)
  GET, DELETE /_sandbox/stats   what was asked
  GET, PUT, DELETE /_sandbox/faults   what goes wrong
"""


class SeedLine(BaseModel):
    """One line of a seed: a record or a property definition of one object."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    object: ObjectName
    id: Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,17}$")] | None = None
    properties: dict[PropertyName, Value] | None = None
    property: Property | None = None

    @model_validator(mode="after")
    def _one_thing(self) -> Self:
        if (self.properties is None) is (self.property is None):
            raise ValueError("a line holds either properties or a property")
        return self


def sandbox_app(token: str, records: Iterable[Mapping[str, Any]] = ()) -> Starlette:
    """The sandbox CRM with `records`, each shaped like a line of a seed file.

    Properties that a record holds and nobody declared become text properties.

    Raises:
        ValueError: a record breaks the contract; the message holds no values.
    """
    crm, stats, switchboard = Crm(), Stats(), Switchboard()
    add_engagements(crm)
    for number, line in enumerate(records, start=1):
        _sow(crm, number, line)
    gate = Middleware(Gate, token=token, stats=stats, switchboard=switchboard)
    crm_routes = [
        *ObjectApi(crm, stats).routes(),
        *PropertyApi(crm).routes(),
        *LinkApi(crm).routes(),
    ]
    return Starlette(
        routes=[
            Route("/", _about, methods=["GET"]),
            *switch_routes(stats, switchboard),
            Mount("/crm", routes=crm_routes, middleware=[gate]),
        ],
        exception_handlers={Refused: refused, 404: failed, 405: failed},
    )


def read_seed(path: Path) -> Iterator[Any]:
    """The lines of a JSON Lines file; blank ones are left out.

    Raises:
        ValueError: a line isn't JSON; the message names the line.
    """
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        if not line.strip():
            continue
        try:
            yield orjson.loads(line)
        except orjson.JSONDecodeError:
            raise ValueError(f"line {number} of the seed is not JSON") from None


async def _about(_: Request) -> Response:
    return PlainTextResponse(_ABOUT)


def _sow(crm: Crm, number: int, line: Mapping[str, Any]) -> None:
    try:
        seed = SeedLine.model_validate(line)
        records = crm.add_object(seed.object)
        if seed.property is not None:
            records.declare(seed.property)
            return
        written = seed.properties or {}
        for name in [name for name in written if name not in records.definitions]:
            records.declare(Property(name=name, label=name))
        records.create(written, seed.id)
    except ValidationError as error:
        raise ValueError(f"record {number} of the seed: {complaints(error)}") from None
    except Refused as error:
        raise ValueError(f"record {number} of the seed: {error}") from None


def main() -> None:
    """Serve the sandbox CRM on the loopback interface until it is told to stop."""
    parser = argparse.ArgumentParser(description="A sandbox CRM; everything is in memory.")
    parser.add_argument("--port", type=int, default=0, help="port; 0 takes a free one")
    parser.add_argument("--token", required=True, help="bearer token that callers must show")
    parser.add_argument("--seed", type=Path, help="JSON Lines file with records to begin with")
    asked = parser.parse_args()
    try:
        app = sandbox_app(asked.token, read_seed(asked.seed) if asked.seed else ())
        listener = socket.create_server(("127.0.0.1", asked.port))
    except (OSError, OverflowError, ValueError) as error:
        sys.exit(f"sandbox CRM: {error}")
    # A call that hangs on purpose must not keep the process from stopping.
    config = uvicorn.Config(app, log_level="critical", timeout_graceful_shutdown=1)
    sys.stdout.write(f"sandbox CRM ready at http://127.0.0.1:{listener.getsockname()[1]}\n")
    sys.stdout.flush()
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
