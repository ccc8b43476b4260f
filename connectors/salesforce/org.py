"""One Salesforce org: where it is, who we are there, and how it is asked."""

import re
from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress
from typing import Final
from urllib.parse import quote, urlsplit

from connectors.base import Call, SourceSettings
from connectors.errors import BadPayload, Conflict, Retriable, SourceError, WrongSettings
from connectors.runtime.call import Reply, Request, ask, tell
from connectors.runtime.checks import address, check_options, checked_url
from connectors.runtime.oauth import ClientCredentials, Grant, JwtBearer, TokenAuth
from connectors.salesforce.errors import Refusals

_VERSION: Final = "67.0"
_OPTIONAL = ("user", "audience", "token_url", "api_version")
_AUDIENCE = "https://login.salesforce.com"
_OWN_HOSTS = (".salesforce.com", ".force.com")
_OWN_ADDRESS = re.compile(r"https://[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*\.(salesforce|force)\.com/?")
_OBJECT = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}")
_MORE = re.compile(r"/services/data/v\d+\.\d/query(All)?/[A-Za-z0-9-]+")
_MAX_PAGES = 20
_CONFLICTS = {404: "no such record, or no such object", 412: "the record changed meanwhile"}


class Org:
    """An org that is reached with its settings.

    Options: `client_id`; `user`, where we sign for one (JWT bearer) instead of showing a secret,
    and then `audience`; `token_url`, where tokens don't come from the org's own address;
    `api_version`.
    """

    def __init__(self, settings: SourceSettings) -> None:
        check_options(settings, needed=("client_id",), optional=_OPTIONAL)
        self.source = settings.name
        self._base = address(settings)
        version = settings.options.get("api_version", _VERSION)
        if not re.fullmatch(r"\d{2,3}\.\d", version):
            raise WrongSettings(self.source, "the option `api_version` is a number such as 67.0")
        self.path = f"/services/data/v{version}"
        default = f"{self._base}/services/oauth2/token"
        token_url = settings.options.get("token_url", default)
        url = checked_url(self.source, "the option `token_url`", token_url)
        self._auth = TokenAuth(self.source, url, _grant(settings))

    def check_object(self, name: str) -> None:
        """Return when `name` can be an object's.

        Raises:
            WrongSettings: it can't.
        """
        if not _OBJECT.fullmatch(name):
            raise WrongSettings(self.source, "an object is named by letters, digits and _")

    async def get(self, call: Call, path: str, attributes: Collection[str] = ()) -> object:
        """What a GET of `path`, below the API's version, answers."""
        return await self._asked(call, "GET", self.path + path, Refusals(self.source, attributes))

    async def post(
        self, call: Call, path: str, json: object, refusals: Refusals | None = None
    ) -> object:
        """What a POST that changes nothing answers."""
        return await self._asked(
            call, "POST", self.path + path, refusals or Refusals(self.source), json
        )

    async def patch(
        self,
        call: Call,
        path: str,
        values: Mapping[str, object],
        headers: Mapping[str, str],
    ) -> Reply:
        """What a PATCH of a record answers; it is sent once.

        Raises:
            Conflict: there is no such record, or it changed meanwhile, or it may not be so.
        """
        refusals = Refusals(self.source, values.keys())

        def judge(reply: Reply) -> SourceError | None:
            told = _CONFLICTS.get(reply.status)
            return refusals.judge(reply) or (Conflict(self.source, told) if told else None)

        url = await self._root(call) + self.path + path
        request = Request("PATCH", url, headers, dict(values), auth=self._auth, judge=judge)
        return await tell(self.source, call, request)

    async def query(
        self, call: Call, soql: str, refusals: Refusals | None = None, *, is_all: bool = False
    ) -> Sequence[Mapping[str, object]]:
        """Every row that `soql` finds, over all pages; `is_all` finds deleted ones too."""
        refusals = refusals or Refusals(self.source)
        path = f"{self.path}/{'queryAll' if is_all else 'query'}?q={quote(soql, safe='')}"
        answer = await self._asked(call, "GET", path, refusals)
        return await self.following(call, answer)

    async def following(self, call: Call, answer: object) -> Sequence[Mapping[str, object]]:
        """The rows of a query's first page, and of those that follow it."""
        rows = [*self._rows(answer)]
        for _ in range(_MAX_PAGES):
            if isinstance(answer, dict) and answer.get("done") is True:
                return rows
            more = answer.get("nextRecordsUrl") if isinstance(answer, dict) else None
            if not isinstance(more, str) or not _MORE.fullmatch(more):
                raise BadPayload(self.source, "a page has no next one, and isn't the last")
            answer = await self._asked(call, "GET", more, Refusals(self.source))
            rows += self._rows(answer)
        raise BadPayload(self.source, "a query has too many pages")

    def _rows(self, answer: object) -> Sequence[Mapping[str, object]]:
        rows = answer.get("records") if isinstance(answer, dict) else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise BadPayload(self.source, "`records` is not a list of objects")
        return rows

    async def _asked(
        self, call: Call, method: str, path: str, refusals: Refusals, json: object = None
    ) -> object:
        url = await self._root(call) + path
        request = Request(method, url, json=json, auth=self._auth, judge=refusals.judge)
        return await ask(self.source, call, request)

    async def _root(self, call: Call) -> str:
        """Where the org says that it is, if that can be believed, else where we know it to be."""
        # A failure that passes comes up again when the request asks for the token, with retries.
        with suppress(Retriable):
            told = (await self._auth.token(call)).said.get("instance_url", "")
            return told.rstrip("/") if is_believed(told, self._base) else self._base
        return self._base


def is_believed(told: str, base: str) -> bool:
    """Whether an address that came in an answer is Salesforce's, as ours is."""
    host = urlsplit(base).hostname or ""
    return host.endswith(_OWN_HOSTS) and bool(_OWN_ADDRESS.fullmatch(told))


def _grant(settings: SourceSettings) -> Grant:
    options = settings.options
    client_id = options["client_id"]
    if user := options.get("user"):
        audience = options.get("audience", _AUDIENCE)
        return JwtBearer(
            settings.name, settings.secret, issuer=client_id, subject=user, audience=audience
        )
    if not settings.secret:
        raise WrongSettings(settings.name, "the secret of the client is missing")
    return ClientCredentials(client_id, settings.secret)
