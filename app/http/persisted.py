"""Documents that are known by their hash: trusted ones, and those that clients registered."""

import hashlib
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from pathlib import Path

import orjson

from app.configuration import WrongSettings
from app.http.body import Asked
from app.http.settings import HttpSettings
from graph.errors import BadInput
from graph.execution.request import Request

_SETTING = "http.trusted_documents_path"
_MAX_TENANTS = 1_000
_MAX_DOCUMENTS = 1_000
_MAX_CHARACTERS = 1_000_000
# Apollo's clients know these texts.
_NOT_FOUND = "PersistedQueryNotFound"
_NOT_SUPPORTED = "PersistedQueryNotSupported"


class PersistedDocuments:
    """Finds the text that a request means, by the settings `http.trusted_documents` and
    `http.automatic_persisted_queries`.
    """

    def __init__(self, http: HttpSettings) -> None:
        self._is_required = http.trusted_documents == "required"
        self._is_automatic = http.automatic_persisted_queries
        self._max_characters = http.limits.characters
        self._trusted: Mapping[str, str] = {}
        if http.trusted_documents != "off" and http.trusted_documents_path is not None:
            self._trusted = read_trusted(http.trusted_documents_path)
        self._registered: OrderedDict[str, _Registered] = OrderedDict()

    def request(self, asked: Asked, tenant: str) -> Request:
        """The request with the text of its document.

        Raises:
            BadInput: there is no such document, or it isn't trusted.
        """
        text = self._text(asked, tenant)
        return Request(
            text, asked.operation_name, asked.variables, asked.is_read_only, asked.purpose
        )

    def _text(self, asked: Asked, tenant: str) -> str:
        if asked.sha256 is None:
            return self._allowed(asked.query or "")
        if asked.query is not None and asked.sha256 != _hash_of(asked.query):
            raise BadInput("The hash is not that of the document.")
        if (text := self._trusted.get(asked.sha256)) is not None:
            return text
        if asked.is_automatic and self._is_automatic:
            return self._automatic(asked, asked.sha256, tenant)
        if asked.query is not None:
            return self._allowed(asked.query)
        if asked.is_automatic and not self._trusted:
            raise BadInput(_NOT_SUPPORTED)
        raise BadInput(_NOT_FOUND if asked.is_automatic else "No document has this hash.")

    def _allowed(self, query: str) -> str:
        if self._is_required and _hash_of(query) not in self._trusted:
            raise BadInput("Only trusted documents are answered here.")
        return query

    def _automatic(self, asked: Asked, sha256: str, tenant: str) -> str:
        registered = self._registered.setdefault(tenant, _Registered())
        self._registered.move_to_end(tenant)
        if len(self._registered) > _MAX_TENANTS:
            self._registered.popitem(last=False)
        if asked.query is not None:
            if len(asked.query) <= self._max_characters:
                registered.add(sha256, asked.query)
            return asked.query
        text = registered.get(sha256)
        if text is None:
            raise BadInput(_NOT_FOUND)
        return text


class _Registered:
    """The documents that one tenant's clients registered: those that were used last."""

    def __init__(self) -> None:
        self._texts: OrderedDict[str, str] = OrderedDict()
        self._characters = 0

    def get(self, sha256: str) -> str | None:
        text = self._texts.get(sha256)
        if text is not None:
            self._texts.move_to_end(sha256)
        return text

    def add(self, sha256: str, text: str) -> None:
        if sha256 not in self._texts:
            self._characters += len(text)
        self._texts[sha256] = text
        self._texts.move_to_end(sha256)
        while len(self._texts) > _MAX_DOCUMENTS or self._characters > _MAX_CHARACTERS:
            self._characters -= len(self._texts.popitem(last=False)[1])


def read_trusted(path: Path) -> Mapping[str, str]:
    """The trusted documents of a JSON file, or of the files in a directory, by their hash.

    A `.graphql` file is one document: as it is, and without blanks at its ends.

    Raises:
        WrongSettings: a file can't be read, isn't of that form, or names a wrong hash.
    """
    files = sorted(path.iterdir()) if path.is_dir() else [path]
    found: dict[str, str] = {}
    for file in files:
        if file.suffix in {".json", ".graphql"}:
            found.update((_hash_of(text), text) for text in _texts(file))
    if not found:
        raise WrongSettings(f"{_SETTING}: {path} holds no documents.")
    return found


def _texts(file: Path) -> Iterator[str]:
    try:
        content = file.read_bytes()
        if file.suffix == ".graphql":
            text = content.decode()
            yield from {text, text.strip()}
            return
        named = orjson.loads(content)
    except OSError as error:
        raise WrongSettings(f"{_SETTING}: {file} can't be read: {error.strerror}.") from None
    except ValueError:
        raise WrongSettings(f"{_SETTING}: {file} is not JSON or not UTF-8.") from None
    if not isinstance(named, dict):
        raise WrongSettings(f"{_SETTING}: {file} must be an object of texts by their hash.")
    for name, text in named.items():
        if not isinstance(text, str) or name.removeprefix("sha256:") != _hash_of(text):
            raise WrongSettings(f"{_SETTING}: {file}: a name is not the SHA-256 of its text.")
        yield text


def _hash_of(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
