"""Every kind of custom field, in the order in which the documentation lists them."""

from graph.kinds.base import Kind
from graph.kinds.choice import Choice
from graph.kinds.date import Date
from graph.kinds.flag import Flag
from graph.kinds.number import Number
from graph.kinds.text import Text

KINDS: dict[str, Kind] = {kind.name: kind for kind in (Text(), Number(), Flag(), Date(), Choice())}
