from graph.kinds.kept import Kept
from graph.kinds.operators import EXACT
from graph.kinds.source_text import trim
from graph.model.custom_field import Facets
from graph.model.ids import is_id


class Reference(Kept):
    """Another profile, by its id.  Whether there is one is not looked up here."""

    name = "REFERENCE"
    scalar = "Profile"
    example: object = "01ARZ3NDEKTSV4RRFFQ69G5FAV"
    operators = EXACT

    def parse(self, value: object, facets: Facets) -> str:
        """The id in upper case."""
        del facets
        # Some other letters become ours in upper case.
        id_ = value.upper() if isinstance(value, str) and value.isascii() else ""
        if not is_id(id_):
            raise ValueError("expected the id of a profile such as 01ARZ3NDEKTSV4RRFFQ69G5FAV")
        return id_

    def from_source(self, value: object, facets: Facets) -> str:
        """Outer blanks are left out; else as `parse`."""
        return self.parse(trim(value), facets)

    def key(self, value: object) -> str:
        """The id."""
        return str(value)
