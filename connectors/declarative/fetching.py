"""Reads records by their keys."""

import asyncio
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from connectors.base import Call, Key, Outcome
from connectors.declarative.asking import Asker, NoSuchRecord, holds, told_of, unwritable
from connectors.declarative.document import ANY, KeyPart, ObjectPart
from connectors.declarative.encodings import Unwritable
from connectors.declarative.expressions import Expression, is_plain
from connectors.declarative.records import asked_for, names_of, record_of
from connectors.declarative.request_parts import RequestPart
from connectors.errors import (
    BadPayload,
    RateLimited,
    SourceError,
    Unauthorized,
    Unavailable,
    WrongSettings,
)
from connectors.runtime.call import Reply
from connectors.runtime.matching import Answer, by_name, strangers

_LARGEST: Final = 2**63 - 1


@dataclass(frozen=True, slots=True)
class Reading:
    """How records of one object are read by one kind of key."""

    asker: Asker
    object: str
    part: ObjectPart
    kind: str
    key: KeyPart
    match: Expression | None

    async def outcomes(
        self, call: Call, keys: Sequence[Key], attributes: Collection[str], at_once: int
    ) -> Mapping[Key, Outcome]:
        """One outcome for each of `keys`, by requests of at most `batch` keys.

        Raises:
            SourceError: every request failed.
        """
        names = {key: name for key in keys if (name := self._name(key.value)) is not None}
        asked = list(dict.fromkeys(names.values()))
        batches = [asked[at : at + self.key.batch] for at in range(0, len(asked), self.key.batch)]
        done = await self._all(call, batches, attributes, at_once)
        failed = [one for one in done if isinstance(one, SourceError)]
        for error in failed:
            if isinstance(error, RateLimited | Unauthorized):
                call.failed(error)
        if failed and len(failed) == len(done):
            raise failed[0]
        found: dict[str, Outcome] = {}
        for batch, one in zip(batches, done, strict=True):
            found.update(dict.fromkeys(batch, one) if isinstance(one, SourceError) else one)
        return {key: found[names[key]] if key in names else None for key in keys}

    async def _all(
        self,
        call: Call,
        batches: Sequence[Sequence[str]],
        attributes: Collection[str],
        at_once: int,
    ) -> Sequence[Mapping[str, Outcome] | SourceError]:
        """What became of each batch; after a source asked for a pause no more are asked for."""
        turn = asyncio.Semaphore(at_once)
        pauses: list[SourceError] = []

        async def answered(batch: Sequence[str]) -> Mapping[str, Outcome] | SourceError:
            async with turn:
                if pauses:
                    return pauses[0]
                try:
                    return await self._batch(call, batch, attributes)
                except SourceError as error:
                    if isinstance(error, RateLimited):
                        pauses.append(error)
                    return error

        return await asyncio.gather(*map(answered, batches))

    async def row(self, call: Call, id_: str) -> Mapping[str, Any] | None:
        """The row of one record as the source gives it; None where there is none."""
        name = self._name(id_)
        if name is None:
            return None
        try:
            reply = await self._reply(call, [name], ())
        except NoSuchRecord:
            return None
        except Unwritable as error:
            raise unwritable(self.asker.source, error) from None
        rows = self.asker.rows(self.key.select, reply.body)
        named = (row for row in rows if name in names_of(self.asker.found(self.part.id, row)))
        return next(named, None)

    async def _batch(
        self, call: Call, names: Sequence[str], attributes: Collection[str]
    ) -> Mapping[str, Outcome]:
        try:
            reply = await self._reply(call, names, attributes)
        except NoSuchRecord:
            return dict.fromkeys(names)
        except Unwritable as error:
            if len(names) == 1:
                raise unwritable(self.asker.source, error) from None
            # One that can't be written shall not cost the others.
            half = len(names) // 2
            return await self._halves(call, (names[:half], names[half:]), attributes)
        answers = [*self._answers(reply, names, attributes)]
        missing = self._missing(reply, names, answers)
        found = by_name(self.asker.source, answers)
        if missing and found.keys().isdisjoint(names):
            raise missing
        return {name: found.get(name, missing) for name in names}

    async def _halves(
        self, call: Call, halves: Sequence[Sequence[str]], attributes: Collection[str]
    ) -> Mapping[str, Outcome]:
        found: dict[str, Outcome] = {}
        for names in halves:
            try:
                found |= await self._batch(call, names, attributes)
            except BadPayload as error:
                found |= dict.fromkeys(names, error)
        return found

    async def _reply(self, call: Call, names: Sequence[str], attributes: Collection[str]) -> Reply:
        values = [int(name) if self.key.type == "integer" else name for name in names]
        also = self.match.names if self.match else ()
        scope: dict[str, object] = {
            "object": self.object,
            "kind": self.kind,
            "keys": values,
            "key": values[0],
            **asked_for(self.part, attributes, also),
        }
        request: RequestPart | None = self.key.request
        if request is None:  # the file was checked
            raise WrongSettings(self.asker.source, f"there is no request for keys `{self.kind}`")
        return await self.asker.ask(call, request, scope, missing=self.key.missing)

    def _answers(
        self, reply: Reply, names: Sequence[str], attributes: Collection[str]
    ) -> Iterator[Answer]:
        rows = self.asker.rows(self.key.select, reply.body)
        if self.key.by_position and len(rows) != len(names):
            raise BadPayload(self.asker.source, "there are not as many rows as keys")
        for at, row in enumerate(rows):
            if row is None and self.key.by_position:
                continue
            if not isinstance(row, dict):
                raise BadPayload(self.asker.source, "a row is not an object")
            yield self._answer(row, names[at : at + 1], attributes)

    def _answer(self, row: Any, own: Sequence[str], attributes: Collection[str]) -> Answer:  # noqa: ANN401 - a row
        borne = own
        if not self.key.by_position:
            borne = [self._folded(name) for name in names_of(self.asker.found(self.match, row))]
        try:
            return Answer(frozenset(borne), record_of(self.asker, self.part, row, attributes))
        except BadPayload as error:
            return Answer(frozenset(borne), error)

    def _missing(
        self, reply: Reply, names: Sequence[str], answers: Sequence[Answer]
    ) -> SourceError | None:
        """What it means that a name has no row."""
        source, complete = self.asker.source, self.key.complete
        if strangers(answers, names):
            return BadPayload(source, "a record came under a name that was not asked for")
        told = {**told_of(reply), "keys": list(names)}
        if complete and not holds(self.asker.found(complete, told)):
            return Unavailable(source, "a part of the answer is missing")
        return None

    def _name(self, value: str) -> str | None:
        """How rows bear a key; None where no record can."""
        if self.key.form and not self.key.form.fullmatch(value):
            return None
        if self.key.type == "text":
            return self._folded(value)
        # The length is checked first: Python refuses to read thousands of digits.
        is_number = value.isascii() and value.isdigit() and len(value) <= len(str(_LARGEST))
        return str(int(value)) if is_number and int(value) <= _LARGEST else None

    def _folded(self, name: str) -> str:
        return name.casefold() if self.key.ignore_case else name


def reading_of(asker: Asker, object: str, part: ObjectPart, kind: str) -> Reading:
    """How records are read by this kind of key.

    Raises:
        WrongSettings: the file knows no such kind.
    """
    keys = part.fetch.keys
    known = kind if kind in keys else ANY
    if known not in keys or (known == ANY and not is_plain(kind)):
        named = ", ".join(sorted(keys))
        raise WrongSettings(asker.source, f"records of `{object}` have keys of kind {named} only")
    key = keys[known].within(part.fetch)
    match = key.match or (None if key.by_position else Expression(kind))
    return Reading(asker, object, part, kind, key, match)
