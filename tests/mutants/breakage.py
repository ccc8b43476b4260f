from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Breakage:
    """One guard that is removed or inverted on purpose, and the tests that must notice.

    `old` is in `file` exactly once, and `new` takes its place.  `caught_by` are files or single
    tests, as pytest names them below `tests/`.
    """

    name: str
    file: str
    old: str
    new: str
    caught_by: tuple[str, ...]

    def fits(self, root: Path) -> bool:
        """Whether it can still be made in the tree below `root`."""
        file = root / self.file
        return file.is_file() and file.read_text(encoding="utf-8").count(self.old) == 1

    def make(self, root: Path) -> str:
        """Break the file below `root`; its text as it was."""
        file = root / self.file
        whole = file.read_text(encoding="utf-8")
        file.write_text(whole.replace(self.old, self.new), encoding="utf-8")
        return whole
