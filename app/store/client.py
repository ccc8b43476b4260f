"""The driver's client, set up the one way the gateway uses it."""

from dataclasses import dataclass
from datetime import UTC
from typing import Any

from pymongo import AsyncMongoClient

APPLICATION = "profile-gateway"
"""How our connections name themselves to the server; fail points in tests can aim at it."""


@dataclass(frozen=True, slots=True)
class ServerDescription:
    """What the store runs on.

    `version` is the MongoDB version it speaks.  `embedded_version` is the embedded server's own
    version, None on a MongoDB.  `replica_set` is None where there is none (one server, mongos).
    """

    version: str
    embedded_version: str | None
    replica_set: str | None


def open_client(uri: str, deadline_s: float | None) -> AsyncMongoClient[dict[str, Any]]:
    """A client of the server at `uri`; it connects at its first operation.

    Dates come back aware, in UTC.  A write is acknowledged when a majority has it in its journal,
    whatever the URI says.  An operation that takes longer than `deadline_s` fails.  None sets no
    deadline; change streams need that, because the driver ends a quiet one at its deadline.

    The caller closes the client, under `pymongo.timeout`: closing one has no deadline of its own,
    and waits for a server that hangs.

    Raises:
        pymongo.errors.ConfigurationError, ValueError: `uri` is no valid connection string.
    """
    return AsyncMongoClient(
        uri,
        appname=APPLICATION,
        tz_aware=True,
        tzinfo=UTC,
        w="majority",
        journal=True,
        timeoutMS=0 if deadline_s is None else round(deadline_s * 1000),
    )


async def server_description(client: AsyncMongoClient[dict[str, Any]]) -> ServerDescription:
    """What `client` is connected to.

    Raises:
        pymongo.errors.PyMongoError: the server can't be reached or refuses to say.
    """
    build = await client.admin.command("buildInfo")
    hello = await client.admin.command("hello")
    return ServerDescription(
        version=build["version"],
        embedded_version=build.get("secantusVersion"),
        replica_set=hello.get("setName"),
    )
