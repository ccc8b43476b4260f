from collections.abc import Sequence

from graph.kinds.text import Text


class Choice(Text):
    """One of the texts that the definition lists."""

    name = "CHOICE"
    example: object = "gold"

    def parse(self, value: object, choices: Sequence[str]) -> str:
        """The choice itself.  Raises `ValueError` where it isn't listed."""
        text = super().parse(value, choices)
        if text not in choices:
            raise ValueError(f"expected one of {len(choices)} choices")
        return text
