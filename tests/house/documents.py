"""The pages that explain the project, and the code they show."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from markdown_it import MarkdownIt
from markdown_it.token import Token

from tests.house.tree import files, read

SHELL = {"sh", "shell", "bash", "console"}


@dataclass(frozen=True, slots=True)
class Snippet:
    """A piece of code in a page; `language` is "" for code within a sentence."""

    place: str
    language: str
    is_checked: bool
    text: str


def pages() -> list[str]:
    """The Markdown pages at the top and right below it, such as "app/README.md"."""
    return [str(file) for file in files() if file.suffix == ".md" and len(file.parts) <= 2]


def fences(*languages: str) -> list[Snippet]:
    """The fenced blocks in one of `languages` that are not marked `no-check`."""
    return [
        snippet
        for page in pages()
        for snippet in _snippets(page)
        if snippet.language in languages and snippet.is_checked
    ]


def command_lines() -> list[tuple[str, str]]:
    """What a reader may type, as (place, line): lines of shell blocks, code within sentences."""
    return [
        (snippet.place, line.strip().removeprefix("$ "))
        for snippet in fences("", *SHELL)
        for line in snippet.text.replace("\\\n", " ").splitlines()
    ]


def links() -> list[tuple[str, str]]:
    """Every (page, target) of a link or picture that leads to a file of the project."""
    return [
        (page, target.partition("#")[0])
        for page in pages()
        for token in _tokens(page)
        for target in (token.attrGet("href"), token.attrGet("src"))
        if isinstance(target, str) and not re.match(r"[a-z]+:|#", target)
    ]


def _snippets(page: str) -> Iterator[Snippet]:
    line = 1
    for token in _tokens(page):
        line = token.map[0] + 1 if token.map else line
        if token.type == "code_inline":
            yield Snippet(f"{page}:{line}", "", is_checked=True, text=token.content)
        if token.type == "fence":
            language, *marks = token.info.split() or ["text"]
            yield Snippet(f"{page}:{line}", language, "no-check" not in marks, token.content)


def _tokens(page: str) -> Iterator[Token]:
    for block in MarkdownIt().enable("table").parse(read_page(page)):
        yield block
        yield from block.children or ()


def read_page(page: str) -> str:
    """The text of a page."""
    return next(read(file) for file in files() if str(file) == page)
