"""Asks one source as its file says, and reads what an answer means."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from connectors.base import Call, SourceSettings
from connectors.declarative.credentials import auth_of
from connectors.declarative.document import Document
from connectors.declarative.encodings import Unwritable
from connectors.declarative.expressions import Expression, Inapplicable
from connectors.declarative.request_parts import ConditionPart, ErrorPart, RequestPart
from connectors.declarative.requests import base_of, filled
from connectors.declarative.templates import Scope
from connectors.errors import (
    BadPayload,
    Conflict,
    Retriable,
    Skippable,
    SourceError,
    WrongSettings,
)
from connectors.runtime.call import Judge, Reply, Request, read, tell
from connectors.runtime.checks import address, check_options
from connectors.runtime.statuses import retry_after_s


class NoSuchRecord(Skippable):
    """The source says that the one record which was asked for doesn't exist."""


class Asker:
    """One source, asked as `document` says."""

    def __init__(self, settings: SourceSettings, document: Document) -> None:
        options = document.options
        check_options(
            settings,
            needed=[name for name, option in options.items() if option.needed],
            optional=[name for name, option in options.items() if not option.needed],
        )
        given = {name: settings.options.get(name) or None for name in options}
        self.source = settings.name
        self.scope: Scope = {"options": given, "secret": settings.secret}
        self._base = base_of(settings.name, address(settings), document.path, self.scope)
        self._auth = auth_of(settings, document.auth, self.scope)
        self._rules, self._headers = document.errors, document.headers

    async def ask(
        self,
        call: Call,
        part: RequestPart,
        scope: Scope,
        *,
        missing: ConditionPart | None = None,
    ) -> Reply:
        """The answer to a request that changes nothing.

        Raises:
            Unwritable: a value of `scope` can't stand where the file puts it.
            NoSuchRecord: the answer is as `missing` says.
            SourceError: as for `read`, or as the file's errors say.
        """
        judge = self._judge(missing, NoSuchRecord)
        return await read(self.source, call, self._request(part, scope, judge))

    async def tell(
        self, call: Call, part: RequestPart, scope: Scope, conflict: ConditionPart | None
    ) -> Reply:
        """The answer to a request that changes something; raises `Conflict` as the file says."""
        judge = self._judge(conflict, Conflict)
        return await tell(self.source, call, self._request(part, scope, judge))

    async def ping(self, call: Call, part: RequestPart) -> None:
        """Return when the source accepts our credentials; raise otherwise."""
        try:
            await self.ask(call, part, {})
        except Unwritable as error:
            raise WrongSettings(self.source, f"{error}: check the options") from None

    def found(self, expression: Expression | None, answer: object) -> Any:  # noqa: ANN401
        """What an expression of the file picks out of an answer; None without an expression.

        Raises:
            BadPayload: it makes no sense for the answer.
        """
        try:
            return expression(answer) if expression else None
        except Inapplicable as error:
            raise BadPayload(self.source, str(error)) from None

    def rows(self, select: Expression, body: object) -> list[Any]:
        """The rows of an answer.

        Raises:
            BadPayload: there is no list of rows.
        """
        rows = self.found(select, body)
        if not isinstance(rows, list):
            raise BadPayload(self.source, f"`{select.text}` is not a list")
        return rows

    def _request(self, part: RequestPart, scope: Scope, judge: Judge) -> Request:
        made = filled(self._base, part, {**self.scope, **scope}, self._headers)
        return replace(made, auth=self._auth, judge=judge)

    def _judge(self, special: ConditionPart | None, kind: type[SourceError]) -> Judge:
        def judge(reply: Reply) -> SourceError | None:
            told = told_of(reply)
            try:
                if special and _is_meant(special, told):
                    return kind(self.source, f"the source says so ({reply.status})")
                met = next((rule for rule in self._rules if _is_meant(rule, told)), None)
                return self._error(met, told) if met else None
            except Inapplicable as error:
                return BadPayload(self.source, str(error))

        return judge

    def _error(self, rule: ErrorPart, told: Mapping[str, Any]) -> SourceError:
        pause_s = None
        if issubclass(rule.error, Retriable):
            given = rule.retry_after(told) if rule.retry_after else None
            header = str(told["headers"].get("retry-after", "") if given is None else given)
            pause_s = retry_after_s(header, datetime.now(UTC))
        return rule.error(self.source, f"{rule.say} ({told['status']})", retry_after_s=pause_s)


def told_of(reply: Reply) -> dict[str, Any]:
    """An answer as expressions of a file see it."""
    return {"status": reply.status, "headers": dict(reply.headers), "body": reply.body}


def holds(value: object) -> bool:
    """Whether a value is true, as JMESPath has it: 0 is."""
    is_empty = value is None or value is False or value in ("", [], {})
    return not is_empty or (value == 0 and value is not False)


def unwritable(source: str, error: Unwritable) -> BadPayload:
    """What becomes of a request that can't be written."""
    return BadPayload(source, str(error))


def _is_meant(condition: ConditionPart, told: Mapping[str, Any]) -> bool:
    if condition.status and told["status"] not in condition.status:
        return False
    return condition.when is None or holds(condition.when(told))
