"""What several sections of the settings are made of."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, StringConstraints

TenantName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,62}$")]
SecretReference = Annotated[str, StringConstraints(pattern=r"^(env|file):.+$")]


class Section(BaseModel):
    """One section of the tree: frozen, and without names that nobody knows."""

    model_config = ConfigDict(frozen=True, extra="forbid")
