"""What can go wrong with a root key.

KeyTrouble              of app/keys.py
  RootKeyMissing        the settings no longer name the key that wrapped something
  RootKeyRefused        its provider answers, and doesn't let us use it so
  RootKeyUnavailable    its provider gives no answer: ask again later
  KeyDamaged            what is stored isn't what the root key made

Messages name settings, places and the ids of root keys; never a key, a token or what is wrapped.
"""

from collections.abc import Iterable

from app.keys import KeyTrouble


class RootKeyMissing(KeyTrouble):
    """Something was wrapped by a root key that isn't at hand.  `by` is that key's id."""

    def __init__(self, by: str, looked_in: Iterable[str]) -> None:
        setting = "keys.former_vault" if by.startswith("vault:") else "keys.former_roots"
        super().__init__(
            f"The root key {by} is missing: it wrapped a key that is stored, and it isn't in"
            f" {', '.join(looked_in)}. Name it in {setting}."
        )
        self.by = by


class RootKeyRefused(KeyTrouble):
    """The provider of a root key doesn't let us use it; the message names the setting."""

    def __init__(self, setting: str, why: str) -> None:
        super().__init__(f"{setting}: {why}.")
        self.setting = setting


class RootKeyUnavailable(KeyTrouble):
    """The provider of a root key gives no answer, or none that can be used."""

    def __init__(self, setting: str, why: str) -> None:
        super().__init__(f"{setting}: {why}.")
        self.setting = setting


class KeyDamaged(KeyTrouble):
    """A wrapped key failed its check.  `by` is the id of the root key that was to unwrap it."""

    def __init__(self, by: str) -> None:
        super().__init__(
            f"A stored key failed its check: it was changed or moved, or {by} didn't wrap it."
        )
        self.by = by
