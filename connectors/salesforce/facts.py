"""Topics, campaigns, tasks and events of Salesforce records."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from connectors.abilities import Fact, FactKind
from connectors.base import Call
from connectors.errors import BadPayload, Retriable, SourceError, Unauthorized, Unavailable
from connectors.salesforce.errors import Refusals
from connectors.salesforce.org import Org
from connectors.salesforce.reading import Row
from connectors.salesforce.rows import full_id, instant, listed, text_of

_IDS_AT_ONCE: Final = 400
_FINE: Final = 200
_OURS: Final = 400
_THEIRS: Final = 500


@dataclass(frozen=True, slots=True)
class _Question:
    """Where facts of one sort are, and under which names.

    `of` leads to the record that a fact is of; `at` lists paths, the first that has a time counts.
    """

    kind: FactKind
    table: str
    of: str
    id: str
    name: str
    at: tuple[str, ...]
    type: str = ""

    def soql(self, ids: Collection[str]) -> str:
        """The question in Salesforce's words."""
        fields = sorted({"Id", self.of, self.id, self.name, *self.at, *filter(None, [self.type])})
        where = f"{self.of} IN {listed(ids)}"
        return f"SELECT {','.join(fields)} FROM {self.table} WHERE {where}"  # noqa: S608 - ids are escaped


_TAGS = _Question(
    FactKind.TAG, "TopicAssignment", "EntityId", "TopicId", "Topic.Name", ("CreatedDate",)
)
_SEGMENTS: Mapping[str, _Question] = {
    person: _Question(
        FactKind.SEGMENT,
        "CampaignMember",
        f"{person}Id",
        "CampaignId",
        "Campaign.Name",
        ("CreatedDate",),
    )
    for person in ("Contact", "Lead")
}
_TASKS = _Question(
    FactKind.ACTIVITY,
    "Task",
    "WhoId",
    "Id",
    "Subject",
    ("CompletedDateTime", "CreatedDate"),
    "TaskSubtype",
)
_EVENTS = _Question(
    FactKind.ACTIVITY,
    "Event",
    "WhoId",
    "Id",
    "Subject",
    ("StartDateTime", "CreatedDate"),
    "EventSubtype",
)


class Facts:
    """Reads facts of records of `org`."""

    def __init__(self, org: Org) -> None:
        self._org = org

    async def of(
        self, call: Call, object: str, ids: Sequence[str], kinds: Collection[FactKind]
    ) -> Mapping[str, Sequence[Fact]]:
        """Facts of each of `ids`: one call for 400 of them, and more where there are many facts."""
        questions = [one for one in _questions(object) if one.kind in kinds]
        names = {full: id_ for id_ in ids if (full := full_id(id_)) is not None}
        found: dict[str, list[Fact]] = {id_: [] for id_ in ids}
        asked = [*names]
        for start in range(0, len(asked) if questions else 0, _IDS_AT_ONCE):
            part = asked[start : start + _IDS_AT_ONCE]
            answers = await self._answers(call, questions, part)
            for question, answer in zip(questions, answers, strict=True):
                for row in await self._org.following(call, answer):
                    owner = full_id(text_of(row, question.of) or "")
                    if owner not in names:
                        raise BadPayload(self._org.source, "a fact is of nobody who was asked for")
                    found[names[owner]].append(self._fact(question, row))
        return found

    async def _answers(
        self, call: Call, questions: Sequence[_Question], ids: Collection[str]
    ) -> Sequence[object]:
        """The first page that answers each question; all of them in one call."""
        parts = [
            {
                "method": "GET",
                "url": f"{self._org.path}/query?q={quote(question.soql(ids), safe='')}",
                "referenceId": question.table,
            }
            for question in questions
        ]
        body = {"allOrNone": False, "compositeRequest": parts}
        answer = await self._org.post(call, "/composite", body)
        answers = answer.get("compositeResponse") if isinstance(answer, dict) else None
        if not isinstance(answers, list) or not all(isinstance(one, dict) for one in answers):
            raise BadPayload(self._org.source, "`compositeResponse` is not a list of objects")
        given = {one.get("referenceId"): one for one in answers}
        return [self._body(given.get(question.table) or {}) for question in questions]

    def _body(self, part: Mapping[str, object]) -> object:
        if part.get("httpStatusCode") == _FINE:
            return part.get("body")
        raise self._refusal(part)

    def _refusal(self, part: Mapping[str, object]) -> SourceError:
        told = Refusals(self._org.source).error_of(part.get("body"))
        status = part.get("httpStatusCode")
        if not isinstance(status, int) or not _OURS <= status < _THEIRS:
            return told or Unavailable(self._org.source, "a part of the answer failed")
        # What is wrong with one question says nothing of how the source fares.
        if isinstance(told, Retriable | Unauthorized):
            return told
        return BadPayload(self._org.source, f"a question for facts is refused ({status})")

    def _fact(self, question: _Question, row: Row) -> Fact:
        id_ = text_of(row, question.id)
        if id_ is None:
            raise BadPayload(self._org.source, f"a row of {question.table} has no id")
        times = [time for path in question.at if (time := text_of(row, path))]
        at = instant(self._org.source, times[0]) if times else None
        kind = (text_of(row, question.type) if question.type else None) or question.table
        type_ = kind if question.kind is FactKind.ACTIVITY else ""
        return Fact(question.kind, id_, text_of(row, question.name), type_, at)


def _questions(object: str) -> Sequence[_Question]:
    segments = [_SEGMENTS[object]] if object in _SEGMENTS else []
    activities = [_TASKS, _EVENTS] if object in _SEGMENTS else []
    return [_TAGS, *segments, *activities]
