"""Which record answers which key."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from connectors.base import Key, Record
from connectors.errors import BadPayload


@dataclass(frozen=True, slots=True)
class Answer:
    """A record, or why it is of no use, and every name it bears under the asked kind of key."""

    names: frozenset[str]
    record: Record | BadPayload


def one_kind(keys: Sequence[Key], max_keys: int) -> str:
    """The kind that all `keys` share.

    Raises:
        ValueError: the caller broke the contract of `Connector.fetch`.
    """
    kinds = {key.kind for key in keys}
    if len(kinds) != 1 or len(keys) > max_keys:
        raise ValueError(f"a connector gets 1 to {max_keys} keys, all of one kind")
    return kinds.pop()


def by_name(source: str, answers: Iterable[Answer]) -> dict[str, Record | BadPayload]:
    """What each name stands for.

    Two records of one name are nobody's: a guess could show one customer's data as another's.
    """
    found: dict[str, Record | BadPayload] = {}
    for answer in answers:
        for name in answer.names:
            earlier = found.setdefault(name, answer.record)
            if not _is_same(earlier, answer.record):
                found[name] = BadPayload(source, "several records answer one key")
    return found


def _is_same(one: Record | BadPayload, other: Record | BadPayload) -> bool:
    if isinstance(one, Record) and isinstance(other, Record):
        return one.id == other.id
    return one is other


def strangers(answers: Iterable[Answer], asked: Collection[str]) -> list[Answer]:
    """The answers that bear none of the `asked` names.

    Where there is one, a key without an answer proves nothing: the record may be the stranger.
    """
    return [answer for answer in answers if answer.names.isdisjoint(asked)]
