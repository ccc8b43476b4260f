"""What a CRM can do beyond answering for its records: each is a protocol that a connector may keep.

`isinstance(connector, Describes)` tells whether it does.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol, runtime_checkable

from connectors.base import Call, Record
from connectors.runtime.pace import Limits


class ValueType(StrEnum):
    """What an attribute's values are."""

    TEXT = "TEXT"
    EMAIL = "EMAIL"
    PHONE = "PHONE"
    URL = "URL"
    NUMBER = "NUMBER"
    INTEGER = "INTEGER"
    MONEY = "MONEY"
    BOOLEAN = "BOOLEAN"
    DATE = "DATE"
    DATETIME = "DATETIME"
    CHOICE = "CHOICE"
    LINK = "LINK"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True)
class Attribute:
    """An attribute of an object, as the source describes it.

    `name` is what `fetch` takes; `options` are the values of a CHOICE; `vendor_type` is the
    source's own word for its type; `is_sensitive` is the source's own warning.
    """

    name: str
    label: str
    type: ValueType
    vendor_type: str = ""
    is_list: bool = False
    is_writable: bool = False
    is_unique: bool = False
    is_sensitive: bool = False
    options: tuple[str, ...] = ()


class ChangeKind(StrEnum):
    """What happened to a record."""

    UPSERTED = "UPSERTED"
    DELETED = "DELETED"
    MERGED = "MERGED"


@dataclass(frozen=True, slots=True)
class Change:
    """Something happened to the record `id` of `object`.

    `record` is its present state where the source sent it along, with the asked attributes;
    `into_id` is the surviving record of a merge; `event_id` names a webhook's event, so that one
    that comes twice is known; `at` is aware, UTC.
    """

    kind: ChangeKind
    object: str
    id: str
    at: datetime | None = None
    record: Record | None = None
    into_id: str | None = None
    event_id: str | None = None


@dataclass(frozen=True, slots=True)
class ChangePage:
    """Some changes, and where the next page begins.

    `cursor` is opaque, at most 4 KB, and may be kept for days.  Where `is_last`, nothing newer is
    known for now, and the cursor is where the next run begins.
    """

    changes: Sequence[Change]
    cursor: str
    is_last: bool


class FactKind(StrEnum):
    """What else a CRM knows of a person."""

    TAG = "TAG"
    SEGMENT = "SEGMENT"
    ACTIVITY = "ACTIVITY"


@dataclass(frozen=True, slots=True)
class Fact:
    """A tag or a segment that a record is in, or an activity with it.

    `id` is the source's own; `name` is a tag's or segment's name, or an activity's subject, None
    where the source gives none; `type` says what kind of activity, in the source's word.
    """

    kind: FactKind
    id: str
    name: str | None = field(default=None, repr=False)
    type: str = ""
    at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Webhook:
    """A webhook as it came: raw bytes, and header names in lower case.  `received_at` is aware."""

    method: str
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)
    received_at: datetime


@runtime_checkable
class KnowsLimits(Protocol):
    """Knows how much the source bears."""

    @property
    def limits(self) -> Limits:
        """What holds for every account, the smallest one too."""


@runtime_checkable
class Describes(Protocol):
    """Tells its attributes."""

    async def describe(self, call: Call, object: str) -> Sequence[Attribute]:
        """The attributes of an object that our credentials may read, sorted by name."""


@runtime_checkable
class TellsChanges(Protocol):
    """Tells what changed."""

    async def changed(
        self, call: Call, object: str, cursor: str | None, attributes: Collection[str]
    ) -> ChangePage:
        """What changed since `cursor`, the oldest first; None: every record there is.

        At least once: a change may be told again.  A page may be empty and not the last.

        Raises:
            CursorExpired: the source doesn't remember; begin with None.
        """


@runtime_checkable
class KnowsFacts(Protocol):
    """Knows tags, segments or activities."""

    @property
    def fact_kinds(self) -> frozenset[FactKind]:
        """Which of them."""

    async def facts(
        self, call: Call, object: str, ids: Sequence[str], kinds: Collection[FactKind]
    ) -> Mapping[str, Sequence[Fact]]:
        """Facts of each of `ids`, at most `max_keys` of them, of the asked kinds."""


@runtime_checkable
class SignsWebhooks(Protocol):
    """Sends webhooks that can be verified."""

    def received(self, webhook: Webhook) -> Sequence[Change]:
        """What a webhook tells, verified on its raw bytes.  Pure.

        Raises:
            BadSignature: it isn't the source's, or it is too old.
            BadPayload: it is, and makes no sense.
        """


@runtime_checkable
class TakesWrites(Protocol):
    """Takes changes."""

    async def write(
        self,
        call: Call,
        object: str,
        id: str,
        values: Mapping[str, Any],
        *,
        if_match: str | None = None,
        idempotency_key: str | None = None,
    ) -> Record:
        """Change `values` of a record, all or none; its state afterwards, with those attributes.

        `if_match` is the `etag` that the record must still have.  The same key and values twice
        change the record once, where the source can promise it.

        Raises:
            Conflict: the record isn't as `if_match` says, or there is none.
            SourceError: it may or may not have been written where it is a `Retriable`.
        """
