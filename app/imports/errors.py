"""What can go wrong in an import.

ImportTrouble   the file can't be imported as it is asked for; a person must do something
RowRefused      one row can't; the others can
Contested       somebody else wrote the same profiles meanwhile: look again
"""


class ImportTrouble(Exception):
    """The file can't be imported as it is asked for; the message says what to do."""


class RowRefused(Exception):
    """One row can't be imported; `errors` are pairs of field and reason, without its values."""

    def __init__(self, *errors: tuple[str, str]) -> None:
        super().__init__(f"{len(errors)} fields can't be imported")
        self.errors = errors


class Contested(Exception):
    """Somebody else took an identity, or changed a profile, since it was looked up."""
