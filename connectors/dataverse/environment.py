"""One Dataverse environment: where it is, who we are there, and what its refusals mean."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from connectors.base import Call, SourceSettings
from connectors.errors import (
    BadPayload,
    Conflict,
    CursorExpired,
    SourceError,
    UnknownField,
    WrongSettings,
)
from connectors.runtime.call import Reply, Request, ask, tell
from connectors.runtime.checks import address, check_options, checked_url
from connectors.runtime.oauth import ClientCredentials, TokenAuth

PATH: Final = "/api/data/v9.2"
PAGE: Final = 1_000

Row = Mapping[str, object]

_LOGIN = "https://login.microsoftonline.com"
_TENANT = re.compile(r"[A-Za-z0-9.-]{1,255}")
_TABLE = re.compile(r"[a-z][a-z0-9_]{0,127}")
_QUOTED = re.compile(r"'([A-Za-z0-9_.@]{1,200})'")
_NO_PROPERTY = frozenset({"0x80060888", "0x80048d19", "0x0"})
_EXPIRED = "0x80044352"
_CONFLICTS: Final[Mapping[str, str]] = {
    "0x80040237": "another record has a value that must be unique",
    "0x80040333": "another record is its duplicate",
    "0x80060892": "another record has a value that must be unique",
}
_FIRST_REFUSAL = 400
_GONE = 410
_WRITE_CONFLICTS: Final[Mapping[int, str]] = {
    404: "no such record, or no such table",
    412: "the record isn't as the writer knew it",
}


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its logical name, its name in addresses, and the column of its ids."""

    name: str
    entity_set: str
    id: str


# Tables of every environment, so that the first request needn't ask for them.
_TABLES: Final[Mapping[str, Table]] = {
    name: Table(name, entity_set, f"{name}id")
    for name, entity_set in {
        "contact": "contacts",
        "account": "accounts",
        "lead": "leads",
        "opportunity": "opportunities",
        "incident": "incidents",
    }.items()
}


class Refusals:
    """Judges the answers to one request for `attributes`.

    `unknown` are those of them that the environment says it doesn't have.
    """

    def __init__(
        self, source: str, attributes: Collection[str] = (), *, is_write: bool = False
    ) -> None:
        self._source, self._attributes, self._is_write = source, attributes, is_write
        self.unknown: frozenset[str] = frozenset()

    def judge(self, reply: Reply) -> SourceError | None:
        """The error that a reply stands for; None where its status says all."""
        if reply.status < _FIRST_REFUSAL:
            return None
        error = reply.body.get("error") if isinstance(reply.body, dict) else None
        code, message = ("", "") if not isinstance(error, dict) else _told(error)
        if code == _EXPIRED or reply.status == _GONE:
            return CursorExpired(self._source, "what changed is told of seven days only")
        if self._is_write and (told := _CONFLICTS.get(code) or _WRITE_CONFLICTS.get(reply.status)):
            return Conflict(self._source, told)
        return self._unknown_field(message) if code in _NO_PROPERTY else None

    def _unknown_field(self, message: str) -> SourceError | None:
        # The message may quote more than names: only names of ours are taken.
        quoted = frozenset(_QUOTED.findall(message))
        self.unknown = frozenset(name for name in self._attributes if column_of(name) in quoted)
        if not self.unknown:
            return None
        listed = ", ".join(f"`{name}`" for name in sorted(self.unknown))
        return UnknownField(self._source, f"no such column: {listed}")


class Environment:
    """An environment that is reached with its settings.

    Options: `client_id`; `tenant`, the directory that knows it; `token_url`, where tokens don't
    come from Microsoft's own login; `scope`, where it isn't the environment's address.
    """

    def __init__(self, settings: SourceSettings) -> None:
        optional = ("token_url", "scope")
        check_options(settings, needed=("client_id", "tenant"), optional=optional)
        options, self.source = settings.options, settings.name
        self._base = address(settings)
        if not _TENANT.fullmatch(options["tenant"]):
            raise WrongSettings(self.source, "the option `tenant` is a directory's id or domain")
        if not settings.secret:
            raise WrongSettings(self.source, "the secret of the client is missing")
        default = f"{_LOGIN}/{options['tenant']}/oauth2/v2.0/token"
        url = checked_url(self.source, "the option `token_url`", options.get("token_url", default))
        scope = options.get("scope", f"{self._base}/.default")
        grant = ClientCredentials(options["client_id"], settings.secret, scope)
        self._auth = TokenAuth(self.source, url, grant)
        self._tables: dict[str, Table] = dict(_TABLES)

    async def table(self, call: Call, name: str) -> Table:
        """A table by its logical name; one that isn't known yet is asked for once.

        Raises:
            WrongSettings: there is none.
        """
        if not _TABLE.fullmatch(name):
            raise WrongSettings(self.source, "an object is a table's logical name: contact")
        if name not in self._tables:
            path = f"/EntityDefinitions(LogicalName='{name}')"
            answer = await self.get(
                call, f"{path}?$select=LogicalName,EntitySetName,PrimaryIdAttribute"
            )
            self._tables[name] = self._defined(name, answer)
        return self._tables[name]

    async def get(
        self,
        call: Call,
        path: str,
        *,
        prefer: str = "",
        refusals: Refusals | None = None,
    ) -> object:
        """What a GET of `path`, below the API's version, answers."""
        refusals = refusals or Refusals(self.source)
        headers = {**_HEADERS, **({"Prefer": prefer} if prefer else {})}
        url = f"{self._base}{PATH}{path}"
        request = Request("GET", url, headers, auth=self._auth, judge=refusals.judge)
        return await ask(self.source, call, request)

    async def patch(
        self, call: Call, path: str, values: Mapping[str, object], if_match: str
    ) -> object:
        """The record that a PATCH answers with; it is sent once."""
        headers = {"OData-Version": "4.0", "OData-MaxVersion": "4.0", "If-Match": if_match}
        headers["Prefer"] = "return=representation"
        refusals = Refusals(self.source, values.keys(), is_write=True)
        request = Request(
            "PATCH",
            f"{self._base}{PATH}{path}",
            headers,
            dict(values),
            auth=self._auth,
            judge=refusals.judge,
        )
        return (await tell(self.source, call, request)).body

    def rows(self, answer: object) -> Sequence[Row]:
        """The rows of a page.

        Raises:
            BadPayload: it isn't one.
        """
        rows = answer.get("value") if isinstance(answer, dict) else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise BadPayload(self.source, "`value` is not a list of objects")
        return rows

    def link(self, answer: object, name: str, entity_set: str) -> str | None:
        """A link in a page, below the API's version; None where there is none.

        Only its path and query are taken: it can lead nowhere but to where we are.
        """
        told = answer.get(name) if isinstance(answer, dict) else None
        if told is None:
            return None
        try:
            parts = urlsplit(told if isinstance(told, str) else "")
        except ValueError:
            parts = urlsplit("")
        if parts.path != f"{PATH}/{entity_set}" or not parts.query:
            raise BadPayload(self.source, f"`{name}` leads elsewhere")
        return f"/{entity_set}?{parts.query}"

    def _defined(self, name: str, answer: object) -> Table:
        told = answer if isinstance(answer, dict) else {}
        found = [told.get("EntitySetName"), told.get("PrimaryIdAttribute")]
        names = [one for one in found if isinstance(one, str) and _TABLE.fullmatch(one)]
        if len(names) != len(found):
            raise BadPayload(self.source, "a table's definition has no names")
        return Table(name, *names)


_HEADERS: Final[Mapping[str, str]] = {
    "OData-Version": "4.0",
    "OData-MaxVersion": "4.0",
    # Some parts of the way cache answers otherwise.
    "If-None-Match": "null",
}


def column_of(attribute: str) -> str:
    """The column that an attribute is of: `statuscode` for `statuscode@label`."""
    return attribute.partition("@")[0]


def _told(error: Mapping[str, object]) -> tuple[str, str]:
    return str(error.get("code")).lower(), str(error.get("message"))
