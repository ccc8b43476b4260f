"""What several sections of the settings are made of."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

TenantName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,62}$")]


def _one_line(path: Path) -> Path:
    # Messages name the file: a key that somebody pastes here must not get into one.
    if "\n" in str(path):
        raise ValueError("must be the path of a PEM file, not what is in it")
    return path


PemPath = Annotated[Path, AfterValidator(_one_line)]
SecretReference = Annotated[str, StringConstraints(pattern=r"^(env|file):.+$")]


class Section(BaseModel):
    """One section of the tree: frozen, and without names that nobody knows."""

    model_config = ConfigDict(frozen=True, extra="forbid")
