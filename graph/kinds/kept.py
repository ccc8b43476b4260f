class Kept:
    """What kinds share whose values are single, narrowed by nothing, and kept as they are."""

    is_list = False
    facets: frozenset[str] = frozenset()

    def dump(self, value: object) -> object:
        """The value itself."""
        return value

    def load(self, stored: object) -> object:
        """The value itself."""
        return stored
