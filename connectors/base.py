"""What a connector is: a CRM system, in our words.

A vendor file knows its CRM and nothing of us: no principal, no policy, no profile.
"""

from collections.abc import AsyncIterator, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol

import httpx2

from connectors.errors import SourceError
from connectors.runtime.budget import Budget
from connectors.runtime.quota import Quota


@dataclass(frozen=True, slots=True)
class Key:
    """How a record is named at the source.

    `kind` is "id" for the source's own identifier, else the name of a unique attribute
    of the source's object (HubSpot: "email", or a unique property; Tryton: "code").
    """

    kind: str
    value: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Record:
    """One record as the source gave it.

    `id` is the source's own, also where another kind of key asked; a merged record has the id of
    the surviving one.  `values` holds the attributes that were asked for and exist, in the
    source's own types (text, number, boolean, None, or a list of these); an attribute that is
    absent is not in the mapping.  `modified_at` is when anything in the record last changed:
    aware, UTC, or None where the source doesn't say.  `etag` is what the source calls this state
    of the record, for a write that must meet it unchanged.
    """

    id: str
    values: Mapping[str, Any] = field(repr=False)
    modified_at: datetime | None = None
    etag: str | None = None


Outcome = Record | SourceError | None
"""What became of one key: its record, the error that cost it, or None: no such record."""


@dataclass(frozen=True, slots=True)
class SourceSettings:
    """How to reach one CRM for one tenant.

    `base_url` has no trailing slash; `secret` is a bearer token, key or password; `options` are
    the vendor's own settings, strings only.  `webhook_secret` is what the CRM signs webhooks with,
    and `webhook_url` the address at which it believes to reach us (some sign it too).
    """

    name: str
    base_url: str
    secret: str = field(repr=False)
    options: Mapping[str, str] = field(default_factory=dict)
    webhook_secret: str = field(default="", repr=False)
    webhook_url: str = ""


def _unheard(quota: Quota) -> None:
    del quota


def _unblamed(error: SourceError) -> None:
    del error


class Enter(Protocol):
    """Lets HTTP requests begin."""

    def __call__(self, budget: Budget, lane: str = "") -> AbstractAsyncContextManager[None]:
        """Around one request; `lane` names its kind, where that has limits of its own."""


@asynccontextmanager
async def _at_will(budget: Budget, lane: str = "") -> AsyncIterator[None]:
    del budget, lane
    yield


@dataclass(frozen=True, slots=True)
class Call:
    """What a connector may use while it works for one request."""

    http: httpx2.AsyncClient
    budget: Budget
    heard: Callable[[Quota], None] = _unheard
    """Told of the source's quota whenever an answer says something of it."""
    enter: Enter = _at_will
    """Around each HTTP request: begins when the source may be asked, or raises `RateLimited`."""
    failed: Callable[[SourceError], None] = _unblamed
    """Told of what cost a part of the keys, where it concerns the source as a whole."""


class Connector(Protocol):
    """One CRM system.

    `fetch` gets at most `max_keys` keys, all of one kind, and answers every key; it raises a
    `SourceError` only when the whole call failed.  It never sleeps beyond the call's budget.
    It gives a record to a key only where the record itself bears the key, never by position, and
    says None only where the source surely has no such record; a doubt is a `SourceError`.
    One object serves many calls at once and keeps nothing of customers between them.

    What else a CRM can do it says by the protocols of `abilities`: a connector has the method, or
    it has not.
    """

    @property
    def max_keys(self) -> int:
        """The most keys of one `fetch`."""

    async def fetch(
        self, call: Call, object: str, keys: Sequence[Key], attributes: Collection[str]
    ) -> Mapping[Key, Outcome]:
        """One outcome for each of `keys`; only `attributes`, and the key's own, are asked for.

        Raises:
            SourceError: the whole call failed.
            ValueError: more than `max_keys` keys, or of several kinds.
        """

    async def ping(self, call: Call) -> None:
        """Return when the source answers and accepts our credentials; raise otherwise."""


MakeConnector = Callable[[SourceSettings], Connector]
"""A connector of checked settings; raises `WrongSettings` when they can't work."""
