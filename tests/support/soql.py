"""The part of SOQL that the Salesforce stand-in understands."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

_TOKEN = re.compile(
    r"\s*(?:(?P<text>'(?:[^'\\]|\\.)*')|(?P<time>\d{4}-\d\d-\d\dT[\d:.]+Z)|(?P<number>\d+)"
    r"|(?P<word>[A-Za-z_][A-Za-z0-9_.]*)|(?P<mark>>=|<=|!=|[=<>(),]))"
)
_UNESCAPED = {"n": "\n", "r": "\r", "t": "\t"}
_COMPARISONS: Mapping[str, Callable[[Any, Any], bool]] = {
    "=": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
    ">": lambda one, other: one is not None and one > other,
    ">=": lambda one, other: one is not None and one >= other,
    "<": lambda one, other: one is not None and one < other,
}

Row = Mapping[str, Any]
Look = Callable[[Row, str], Any]
"""What a path leads to from a row; raises `NoSuchField`."""


class Malformed(Exception):
    """The query makes no sense."""


class NoSuchField(Exception):
    """The query names a field that isn't there."""


@dataclass(frozen=True, slots=True)
class Query:
    """A query that was read; `holds` says whether a row is meant."""

    fields: Sequence[str]
    table: str
    holds: Callable[[Row, Look], bool]
    order: Sequence[str]
    limit: int | None


def read_query(text: str) -> Query:
    """What `text` asks for.

    Raises:
        Malformed: it makes no sense to the stand-in.
    """
    return _Reader(text).query()


class _Reader:
    def __init__(self, text: str) -> None:
        self._tokens: list[tuple[str, str]] = []
        place = 0
        while place < len(text.rstrip()):
            found = _TOKEN.match(text, place)
            if not found:
                raise Malformed
            self._tokens.append((found.lastgroup, found[found.lastgroup]))
            place = found.end()
        self._at = 0

    def query(self) -> Query:
        self._expect("SELECT")
        fields = self._names()
        self._expect("FROM")
        table = self._word()
        holds = self._either() if self._skip("WHERE") else lambda _row, _look: True
        order = self._names() if self._skip("ORDER") and self._expect("BY") else []
        limit = int(self._next()[1]) if self._skip("LIMIT") else None
        if self._at != len(self._tokens):
            raise Malformed
        return Query(fields, table, holds, order, limit)

    def _either(self):
        parts = [self._both()]
        while self._skip("OR"):
            parts.append(self._both())
        return lambda row, look: any(part(row, look) for part in parts)

    def _both(self):
        parts = [self._one()]
        while self._skip("AND"):
            parts.append(self._one())
        return lambda row, look: all(part(row, look) for part in parts)

    def _one(self):
        if self._skip("("):
            inner = self._either()
            self._expect(")")
            return inner
        path = self._word()
        if self._skip("IN"):
            self._expect("(")
            values = [_comparable(self._literal())]
            while self._skip(","):
                values.append(_comparable(self._literal()))
            self._expect(")")
            return lambda row, look: _comparable(look(row, path)) in values
        compare, value = _COMPARISONS[self._next()[1]], _comparable(self._literal())
        return lambda row, look: compare(_comparable(look(row, path)), value)

    def _literal(self):
        kind, text = self._next()
        if kind == "text":
            return re.sub(
                r"\\(.)", lambda one: _UNESCAPED.get(one[1], one[1]), text[1:-1], flags=re.DOTALL
            )
        if kind == "time":
            return datetime.fromisoformat(text).astimezone(UTC)
        if kind == "number":
            return int(text)
        return {"true": True, "false": False, "null": None}[text.lower()]

    def _names(self):
        names = [self._word()]
        while self._skip(","):
            names.append(self._word())
        return names

    def _word(self):
        kind, text = self._next()
        if kind != "word":
            raise Malformed
        return text

    def _next(self):
        if self._at >= len(self._tokens):
            raise Malformed
        self._at += 1
        return self._tokens[self._at - 1]

    def _skip(self, word):
        there = self._at < len(self._tokens) and self._tokens[self._at][1].upper() == word
        self._at += there
        return there

    def _expect(self, word):
        if not self._skip(word):
            raise Malformed
        return True


def _comparable(value):
    """Texts are equal whatever their case; what looks like an instant is one."""
    if isinstance(value, str):
        if re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+\+0000", value):
            return datetime.fromisoformat(value).astimezone(UTC)
        return value.casefold()
    return value
