"""What can be wrong with what somebody asks of the model.

ModelError
  BadValue         a value that its field can't hold; names the field, never the value
  LimitReached     one more would be too many
"""


class ModelError(ValueError):
    """The request can't be carried out as it stands; asking again won't help."""


class BadValue(ModelError):
    """A value that its field can't hold.  `field` is the input path or the custom field's key."""

    def __init__(self, field: str, reason: str) -> None:
        super().__init__(f"{field}: {reason}")
        self.field = field
        self.reason = reason


class LimitReached(ModelError):
    """One more would be too many."""
