"""What a connector file may say; connectors/GUIDE.md explains it by example."""

import re
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from connectors.abilities import ChangeKind, FactKind, ValueType
from connectors.declarative.expressions import Expression
from connectors.declarative.parts import AnExpression, APattern, ATemplate, Part, wrong
from connectors.declarative.request_parts import (
    AuthPart,
    ConditionPart,
    Count,
    ErrorPart,
    HeaderPart,
    Headers,
    LimitsPart,
    OptionPart,
    RequestPart,
)
from connectors.declarative.templates import template_of

ANY: Final = "*"
"""The key under which a file says what holds for every object, or every kind of key."""

OBJECT: Final = re.compile(r"[A-Za-z0-9_]+([.-][A-Za-z0-9_]+)*")
"""What an object can be called."""
ObjectName = Annotated[str, Field(pattern=rf"^(\*|{OBJECT.pattern})$")]


class AnswerPart(Part):
    """How records are asked for and found in the answer.

    `select` gives a list of rows, of the body.  `complete` says of {status, headers, body} whether
    what isn't there doesn't exist; `missing` which refusal says that a record doesn't exist.
    """

    batch: Count = 100
    request: RequestPart | None = None
    select: AnExpression = Field(default_factory=lambda: Expression("@"))
    complete: AnExpression | None = None
    missing: ConditionPart | None = None


class KeyPart(AnswerPart):
    """A kind of key: how rows bear it, and what can be one.

    `match` gives, of a row, the name or names that it answers to; `by_position` says instead that
    the rows come in the order of the keys, null where there is none.
    """

    match: AnExpression | None = None
    by_position: bool = False
    type: Literal["text", "integer"] = "text"
    form: APattern | None = None
    ignore_case: bool = False

    @model_validator(mode="after")
    def _is_matched_once(self) -> Self:
        if self.by_position and self.match:
            raise wrong("expected `match` or `by_position: true`, not both")
        return self

    def within(self, fetch: AnswerPart) -> Self:
        """This kind of key, with what it doesn't say for itself as `fetch` has it."""
        left = AnswerPart.model_fields.keys() - self.model_fields_set
        return self.model_copy(update={name: getattr(fetch, name) for name in left})


class FetchPart(AnswerPart):
    """Reading records by their keys; what a kind of key doesn't say for itself is said here."""

    keys: dict[str, KeyPart]

    @model_validator(mode="after")
    def _can_ask(self) -> Self:
        if "id" not in self.keys:
            raise wrong("a kind of key named `id` is needed", "keys")
        for kind, key in self.keys.items():
            if key.request is None and self.request is None:
                raise wrong("there is no request", "keys", kind)
            if key.match is None and not key.by_position and kind != ANY:
                raise wrong("`match` is needed: what of a row is the key?", "keys", kind)
            missing = key.missing or self.missing
            batch = key.batch if "batch" in key.model_fields_set else self.batch
            if missing and batch > 1:
                raise wrong("`missing` needs `batch: 1`: whose refusal is it?", "keys", kind)
        return self


class ChangesPart(Part):
    """What changed since a cursor.

    `next` makes the next cursor, `last` says whether this was the last page: both of {status,
    headers, body, rows, last, cursor, now}, `last` there being the last row and `now` our time in
    UTC, such as `2026-11-27 10:30:00`.  `deleted` and `into` are said of a row.
    """

    request: RequestPart
    select: AnExpression = Field(default_factory=lambda: Expression("@"))
    next: AnExpression
    last: AnExpression
    deleted: AnExpression | None = None
    into: AnExpression | None = None


class DescribedPart(Part):
    """An attribute that the source has and doesn't describe."""

    name: str
    label: str | None = None
    type: ValueType = ValueType.TEXT
    list: bool = False
    writable: bool = False
    unique: bool = False
    sensitive: bool = False
    options: tuple[str, ...] = ()


class DescribePart(Part):
    """What attributes there are: those of an answer, and those that are `always` there.

    All but `select` and `next` are said of a row; `next` makes `page` of the next request, of
    {status, headers, body}, until it is null.
    """

    request: RequestPart | None = None
    select: AnExpression = Field(default_factory=lambda: Expression("@"))
    next: AnExpression | None = None
    name: AnExpression | None = None
    label: AnExpression | None = None
    type: AnExpression | None = None
    types: dict[str, ValueType] = Field(default_factory=dict)
    list: AnExpression | None = None
    writable: AnExpression | None = None
    unique: AnExpression | None = None
    sensitive: AnExpression | None = None
    options: AnExpression | None = None
    always: tuple[DescribedPart, ...] = ()

    @model_validator(mode="after")
    def _can_name(self) -> Self:
        if (self.request is None) != (self.name is None):
            raise wrong("`request` and `name` go together")
        if self.request is None and not self.always:
            raise wrong("expected `request` or `always`")
        return self


class FactsPart(Part):
    """Tags, segments or activities of records.

    `of` gives a row's record id, or ids; `each` its items; the rest is said of an item.  `type` is
    a word.
    """

    batch: Count = 100
    request: RequestPart
    select: AnExpression = Field(default_factory=lambda: Expression("@"))
    next: AnExpression | None = None
    of: AnExpression
    each: AnExpression = Field(default_factory=lambda: Expression("[@]"))
    id: AnExpression
    name: AnExpression | None = None
    type: str = ""
    at: AnExpression | None = None


class WritePart(Part):
    """Changing a record.

    `select` gives its row of the body; without it the record is read anew.  Where the source takes
    whole records only, `whole` names the attributes of what is read before that aren't sent back:
    then a request has `whole`, the record with its new values.
    """

    request: RequestPart
    select: AnExpression | None = None
    conflict: ConditionPart | None = None
    whole: tuple[str, ...] | None = None

    @property
    def minds_the_state(self) -> bool:
        """Whether the request says which state of the record it is meant for."""
        return any("if_match" in template.names for _, template in self.request.templates)


class ObjectPart(Part):
    """One kind of record.

    `id`, `modified` and `etag` are said of a row, `values` says where in it the attributes are.
    `empty` is said of {name, value, options}: whether what the source gives stands for nothing.
    """

    about: str = ""
    id: AnExpression
    modified: AnExpression | None = None
    etag: AnExpression | None = None
    values: AnExpression = Field(default_factory=lambda: Expression("@"))
    attributes: dict[str, AnExpression] = Field(default_factory=dict)
    always: tuple[str, ...] = ()
    empty: AnExpression | None = None
    fetch: FetchPart
    changes: ChangesPart | None = None
    describe: DescribePart | None = None
    facts: dict[FactKind, FactsPart] = Field(default_factory=dict)
    write: WritePart | None = None

    @model_validator(mode="after")
    def _writes_what_it_read(self) -> Self:
        # A record with an etag is written to under it: each such write would be a conflict.
        if self.etag and self.write and not self.write.minds_the_state:
            raise wrong("with `etag`, expected `${if_match}` in the request", "write")
        return self


class SignaturePart(Part):
    """How a webhook is signed: a HMAC over these, one after the other.

    A part of `over` is `method`, `url`, `body`, or `header:NAME`; `body` is among them, and so is
    the header `timestamp`, where there is one.
    """

    header: str
    prefix: str = ""
    over: tuple[Annotated[str, Field(pattern=r"^(method|url|body|header:[A-Za-z0-9-]+)$")], ...]
    hash: Literal["sha256", "sha1", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    timestamp: str | None = None
    max_age_s: Annotated[float, Field(gt=0)] = 300

    @model_validator(mode="after")
    def _signs_what_counts(self) -> Self:
        if "body" not in self.over:
            raise wrong("expected `body` among these: who sends it else?", "over")
        signed = {part.lower() for part in self.over}
        if self.timestamp is not None and f"header:{self.timestamp.lower()}" not in signed:
            told = f"expected `header:{self.timestamp}` among these: a time that isn't signed"
            raise wrong(f"{told} can be replaced", "over")
        return self


class WebhookPart(Part):
    """A webhook: how it proves where it comes from, and what it tells.

    `expects` is a header with our secret, of a source that signs nothing.  `select` gives a list
    of events; the rest is said of an event.  `kinds` translates what `kind` gives.
    """

    signature: SignaturePart | None = None
    expects: HeaderPart | None = None
    select: AnExpression = Field(default_factory=lambda: Expression("[@]"))
    object: AnExpression
    objects: dict[str, str] = Field(default_factory=dict)
    id: AnExpression
    kind: AnExpression | None = None
    kinds: dict[str, ChangeKind] = Field(default_factory=dict)
    at: AnExpression | None = None
    event_id: AnExpression | None = None
    into: AnExpression | None = None

    @model_validator(mode="after")
    def _proves_itself(self) -> Self:
        if (self.signature is None) == (self.expects is None):
            raise wrong("expected `signature` or `expects`")
        return self


class Document(Part):
    """A whole connector."""

    about: str = ""
    path: ATemplate = Field(default_factory=lambda: template_of(""))
    options: dict[Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")], OptionPart] = Field(
        default_factory=dict
    )
    auth: AuthPart
    headers: Headers = Field(default_factory=dict)
    max_keys: Annotated[int, Field(ge=1, le=2_000)] = 100
    limits: LimitsPart = LimitsPart()
    errors: tuple[ErrorPart, ...] = ()
    ping: RequestPart
    objects: dict[ObjectName, ObjectPart] = Field(min_length=1)
    webhook: WebhookPart | None = None
