"""Small connector files for tests."""

from connectors.base import SourceSettings
from connectors.declarative.connector import declared
from connectors.declarative.loading import checked
from connectors.declarative.reading import read_text
from tests.connectors.example import SECRET

SMALL = """
auth: {bearer: "${secret}"}
ping: {to: GET /me}
objects:
  people:
    id: id
    modified: changed
    fetch:
      request: {to: GET /people, query: {ids: "${keys => csv}"}}
      select: people
      keys:
        id: {match: id}
"""


def document_of(text):
    """The document of a file with this text."""
    return checked(read_text(text.encode(), "acme.yaml"))


def connector_of_text(text, url, options=None, **more):
    """A connector whose file says `text`, at `url`."""
    settings = SourceSettings("acme", url, SECRET, options or {}, **more)
    return declared("acme", document_of(text))(settings)
