"""What a connector file says of requests, of who we are, and of what answers mean."""

from dataclasses import dataclass
from typing import Annotated, Final, Self

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from connectors.declarative.parts import AnError, AnExpression, ATemplate, ATree, Part, wrong
from connectors.declarative.templates import Template, Tree, WrongTemplate, template_of

_METHODS: Final = ("GET", "POST", "PUT", "PATCH")
# What says where a request goes and how long it is.
_OURS: Final = frozenset({"host", "content-length", "transfer-encoding", "connection"})

Count = Annotated[int, Field(ge=1, le=10_000)]


def _header(name: str) -> str:
    if name.lower() in _OURS:
        raise wrong(f"`{name}` is not for a file to say", "[key]")
    return name


HeaderName = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$"), AfterValidator(_header)]
Headers = dict[HeaderName, ATemplate]


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes, below the base address."""

    method: str
    path: Template


def _target(given: object) -> Target:
    method, _, path = given.partition(" ") if isinstance(given, str) else ("", "", "")
    if method not in _METHODS:
        raise wrong(f"expected `METHOD /path`, with a method of {', '.join(_METHODS)}")
    if not path.startswith("/") or path.startswith("//") or "?" in path or "#" in path:
        raise wrong("a path begins with one `/`; parameters belong in `query`")
    try:
        return Target(method, template_of(path))
    except WrongTemplate as error:
        raise wrong(str(error)) from None


class RequestPart(Part):
    """One HTTP request.  `to` is a method and a path below the base address.

    `lane` is one of the limits' lanes, where the source counts such requests apart.
    """

    to: Annotated[Target, BeforeValidator(_target)]
    query: dict[str, ATemplate] = Field(default_factory=dict)
    headers: Headers = Field(default_factory=dict)
    content: ATree | None = Field(None, alias="json")
    form: dict[str, ATemplate] | None = None
    lane: str = ""

    @property
    def templates(self) -> list[tuple[tuple[str, ...], Template | Tree]]:
        """Every template in it, and where."""
        own: list[tuple[tuple[str, ...], Template | Tree]] = [(("to",), self.to.path)]
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


class ClientCredentialsPart(Part):
    """A token for ourselves (OAuth 2).  `token_url` may be a path below the source's address."""

    token_url: ATemplate
    client_id: ATemplate
    client_secret: ATemplate
    scope: ATemplate | None = None


class JwtBearerPart(Part):
    """A token for a user, by an assertion that we sign (RFC 7523); `key` is a PEM."""

    token_url: ATemplate
    key: ATemplate
    issuer: ATemplate
    subject: ATemplate
    audience: ATemplate


class AuthPart(Part):
    """Who we are: one of these."""

    bearer: ATemplate | None = None
    basic: BasicPart | None = None
    header: HeaderPart | None = None
    client_credentials: ClientCredentialsPart | None = None
    jwt_bearer: JwtBearerPart | None = None

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
        parts = (self, self.basic, self.header, self.client_credentials, self.jwt_bearer)
        values = (getattr(part, name) for part in parts if part for name in part.model_fields_set)
        return [value for value in values if isinstance(value, Template)]


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
    lanes: dict[str, tuple[RatePart, ...]] = Field(default_factory=dict)


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
