"""What a connector file may say; connectors/GUIDE.md explains it by example."""

import re
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from connectors.abilities import ChangeKind, FactKind, ValueType
from connectors.declarative.expressions import Expression
from connectors.declarative.parts import (
    AnError,
    AnExpression,
    APattern,
    ATemplate,
    ATree,
    Part,
    wrong,
)
from connectors.declarative.templates import Template, Tree, template_of

ANY: Final = "*"
"""The key under which a file says what holds for every object, or every kind of key."""

_METHODS: Final = ("GET", "POST", "PUT", "PATCH")
# What says where a request goes and how long it is.
_OURS: Final = frozenset({"host", "content-length", "transfer-encoding", "connection"})
Count = Annotated[int, Field(ge=1, le=10_000)]
OBJECT: Final = re.compile(r"[A-Za-z0-9_]+([.-][A-Za-z0-9_]+)*")
"""What an object can be called."""
ObjectName = Annotated[str, Field(pattern=rf"^(\*|{OBJECT.pattern})$")]


def _header(name: str) -> str:
    if name.lower() in _OURS:
        raise wrong(f"`{name}` is not for a file to say", "[key]")
    return name


HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$"), AfterValidator(_header)]
Headers = dict[HeaderName, ATemplate]


class RequestPart(Part):
    """One HTTP request.  `to` is a method and a path below the base address."""

    to: str
    query: dict[str, ATemplate] = Field(default_factory=dict)
    headers: Headers = Field(default_factory=dict)
    content: ATree | None = Field(None, alias="json")
    form: dict[str, ATemplate] | None = None

    @field_validator("to")
    @classmethod
    def _is_below_the_base(cls, to: str) -> str:
        method, _, path = to.partition(" ")
        if method not in _METHODS:
            raise wrong(f"expected `METHOD /path`, with a method of {', '.join(_METHODS)}")
        if not path.startswith("/") or path.startswith("//") or "?" in path or "#" in path:
            raise wrong("a path begins with one `/`; parameters belong in `query`")
        return to

    @property
    def method(self) -> str:
        """Its method."""
        return self.to.partition(" ")[0]

    @property
    def path(self) -> Template:
        """Its path."""
        return template_of(self.to.partition(" ")[2])

    @property
    def templates(self) -> list[tuple[tuple[str, ...], Template | Tree]]:
        """Every template in it, and where."""
        own: list[tuple[tuple[str, ...], Template | Tree]] = [(("to",), self.path)]
        for part, given in (("query", self.query), ("headers", self.headers), ("form", self.form)):
            own += [((part, name), template) for name, template in (given or {}).items()]
        return [*own, (("json",), self.content)] if self.content else own


class BasicPart(Part):
    """Name and password, as HTTP has them."""

    user: ATemplate
    password: ATemplate


class HeaderPart(Part):
    """A header of the source's own."""

    name: HeaderName
    value: ATemplate


class AuthPart(Part):
    """Who we are: one of these."""

    bearer: ATemplate | None = None
    basic: BasicPart | None = None
    header: HeaderPart | None = None

    @model_validator(mode="after")
    def _is_one(self) -> Self:
        if len(self.model_fields_set) != 1:
            raise wrong(f"expected one of {', '.join(type(self).model_fields)}")
        if not any("secret" in template.names for template in self.templates):
            raise wrong("the secret stands in no file: write ${secret}")
        return self

    @property
    def templates(self) -> list[Template]:
        """Its templates."""
        basic = [self.basic.user, self.basic.password] if self.basic else []
        header = [self.header.value] if self.header else []
        return [*([self.bearer] if self.bearer else []), *basic, *header]


class OptionPart(Part):
    """A setting of the vendor's own; a text alone is its `about`."""

    about: str
    needed: bool = True

    @model_validator(mode="before")
    @classmethod
    def _about(cls, given: object) -> object:
        return {"about": given} if isinstance(given, str) else given


class RatePart(Part):
    """At most so many calls in so many seconds."""

    calls: Count
    per_s: Annotated[float, Field(gt=0, le=86_400)]


class LimitsPart(Part):
    """What the source bears."""

    concurrency: Annotated[int, Field(ge=1, le=64)] = 4
    rates: tuple[RatePart, ...] = ()


class ConditionPart(Part):
    """When an answer is meant: by its status, by what is in it ({status, headers, body})."""

    status: tuple[int, ...] = ()
    when: AnExpression | None = None

    @field_validator("status", mode="before")
    @classmethod
    def _several(cls, given: object) -> object:
        return given if isinstance(given, list | tuple) else (given,)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.status and self.when is None:
            raise wrong("expected `status`, `when` or both")
        return self


class ErrorPart(ConditionPart):
    """What an answer means; `retry_after` gives seconds, of {status, headers, body}."""

    error: AnError = Field(alias="raise")
    say: Annotated[str, Field(max_length=100)] = "the source says so"
    retry_after: AnExpression | None = None


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


class SignaturePart(Part):
    """How a webhook is signed: a HMAC over these, one after the other.

    A part of `over` is `method`, `url`, `body`, or `header:NAME`.
    """

    header: str
    prefix: str = ""
    over: tuple[Annotated[str, Field(pattern=r"^(method|url|body|header:[A-Za-z0-9-]+)$")], ...]
    hash: Literal["sha256", "sha1", "sha512"] = "sha256"
    encoding: Literal["hex", "base64"] = "hex"
    timestamp: str | None = None
    max_age_s: Annotated[float, Field(gt=0)] = 300


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
