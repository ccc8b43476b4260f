"""YAML as plain data, and the place of everything in it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final

import yaml

from connectors.errors import WrongSettings

MAX_BYTES: Final = 200_000
_TEXT: Final = "tag:yaml.org,2002:str"
# Everything else that YAML makes of a word (a date, say) stays the text that it is.
_MADE: Final = frozenset(f"tag:yaml.org,2002:{name}" for name in ("null", "bool", "int", "float"))
_KNOWN: Final = _MADE | {_TEXT, "tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:value"}

Where = tuple[str | int, ...]
"""Where something is in the data: ("objects", "users", "always", 0)."""


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a file; both numbers count from 1."""

    line: int
    column: int


class WrongFile(WrongSettings):
    """A file can't be a connector; the message says where, and what is wrong."""

    def __init__(self, file: str, place: Place | None, message: str) -> None:
        where = f"{file}:{place.line}:{place.column}" if place else file
        super().__init__(where, message)
        self.place = place


@dataclass(frozen=True, slots=True)
class Content:
    """What a file says, and where: of keys the place of the key."""

    file: str
    data: object
    places: Mapping[Where, Place] = field(repr=False)

    def wrong(self, path: Where, message: str) -> WrongFile:
        """The error for what is at `path`, or nearest above it."""
        known: Where = ()
        for part in path:
            # Names that are in no file, such as pydantic's own, are passed over.
            if (*known, part) in self.places:
                known = (*known, part)
        return WrongFile(self.file, self.places.get(known), message)


def read_file(path: Path) -> Content:
    """The content of a YAML file.

    Raises:
        WrongFile: it can't be read, isn't YAML, or is more than plain data.
    """
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise WrongFile(str(path), None, f"can't be read: {error.strerror}") from None
    if len(raw) > MAX_BYTES:
        raise WrongFile(str(path), None, f"is longer than {MAX_BYTES} bytes")
    return read_text(raw, str(path))


def read_text(raw: bytes, file: str) -> Content:
    """As `read_file`, of what is in a file."""
    try:
        text = raw.decode("utf-8")
        node = yaml.compose(text, Loader=_Plain)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        raise WrongFile(file, _place(mark) if mark else None, error.problem or "no YAML") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError):
        raise WrongFile(file, None, "isn't a text in YAML") from None
    if node is None:
        raise WrongFile(file, None, "is empty")
    places: dict[Where, Place] = {}
    return Content(file, _Reader(file, places).data(node, ()), places)


def did_you_mean(name: str, known: Iterator[str] | Mapping[str, Any] | frozenset[str]) -> str:
    """The end of a message about an unknown name: the nearest known one."""
    near = get_close_matches(name, sorted(known), n=1, cutoff=0.0)
    return f"; did you mean `{near[0]}`?" if near else ""


class _Plain(yaml.SafeLoader):
    """Reads no aliases: a small file can't become a large one."""

    def compose_node(self, parent: Any, index: Any) -> Any:  # noqa: ANN401 - as PyYAML has it
        """As PyYAML."""
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]  # as its stubs have it
            raise yaml.MarkedYAMLError(problem="aliases aren't read here", problem_mark=mark)
        return super().compose_node(parent, index)


class _Reader:
    """Makes plain data of nodes and notes their places."""

    def __init__(self, file: str, places: dict[Where, Place]) -> None:
        self._file = file
        self._places = places

    def data(self, node: yaml.Node, path: Where) -> object:
        """What a node says."""
        self._places.setdefault(path, _place(node.start_mark))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, path)
        if isinstance(node, yaml.SequenceNode):
            return [self.data(item, (*path, at)) for at, item in enumerate(node.value)]
        return self._scalar(node)

    def _mapping(self, node: yaml.MappingNode, path: Where) -> dict[str, object]:
        made: dict[str, object] = {}
        for key, value in node.value:
            name = key.value
            if not isinstance(name, str):
                raise WrongFile(self._file, _place(key.start_mark), "a key must be a name")
            if name in made:
                raise WrongFile(self._file, _place(key.start_mark), f"`{name}` is here twice")
            self._places[*path, name] = _place(key.start_mark)
            made[name] = self.data(value, (*path, name))
        return made

    def _scalar(self, node: yaml.Node) -> object:
        if node.tag not in _KNOWN:
            raise WrongFile(self._file, _place(node.start_mark), f"no tags here: {node.tag}")
        if node.tag not in _MADE:
            return node.value
        try:
            made: object = _Plain("").construct_object(node)
        # It looks like what its tag says, and is none: PyYAML tells so in several ways.
        except (ValueError, LookupError, AttributeError):
            return node.value
        return made


def _place(mark: yaml.Mark) -> Place:
    return Place(mark.line + 1, mark.column + 1)
