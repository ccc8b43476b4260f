"""What several sections of the settings are made of."""

import re
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

TENANT_NAME = re.compile(r"[a-z][a-z0-9-]{0,62}")
TenantName = Annotated[str, StringConstraints(pattern=rf"^{TENANT_NAME.pattern}$")]


def _one_line(path: Path) -> Path:
    # Messages name the file: a key that somebody pastes here must not get into one.
    if "\n" in str(path):
        raise ValueError("must be the path of a PEM file, not what is in it")
    return path


PemPath = Annotated[Path, AfterValidator(_one_line)]
SecretReference = Annotated[str, StringConstraints(pattern=r"^(env|file):.+$")]
HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]{1,64}$")]


def network(text: str) -> str:
    """A network as CIDR has it, of one address too; raises `ValueError` for anything else."""
    try:
        return str(ip_network(text))
    except ValueError:
        raise ValueError("must be a network such as 10.0.0.0/8 or 2001:db8::/32") from None


Network = Annotated[str, AfterValidator(network)]


class Section(BaseModel):
    """One section of the tree: frozen, and without names that nobody knows."""

    model_config = ConfigDict(frozen=True, extra="forbid")
