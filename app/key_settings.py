"""Settings of keys, and of what is sealed with them."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from app.auth.addresses import is_trustworthy
from app.setting_types import SecretReference, Section, TenantName

# What Vault takes as a name; neither "." nor ".." is one, so a path leads where it says.
_VAULT_NAME = "[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_])?"
VaultName = Annotated[str, StringConstraints(pattern=rf"^{_VAULT_NAME}$")]
VaultPath = Annotated[str, StringConstraints(pattern=rf"^{_VAULT_NAME}(?:/{_VAULT_NAME})*$")]


class VaultSettings(Section):
    """A key of the transit secrets engine of HashiCorp Vault, or of OpenBao."""

    address: str = Field(description="Address of Vault: https, or http on this machine.")
    mount: VaultPath = Field("transit", description="Path of the transit engine.")
    key: VaultName = Field(description="Name of the key: 256 bit AEAD, not derived.")
    token: SecretReference = Field(
        description="Token, by reference; read anew for every request, so it may be renewed."
    )
    namespace: VaultPath | None = Field(None, description="Namespace of the engine.")
    timeout_s: float = Field(5.0, gt=0, le=3600, description="Longest wait for Vault, seconds.")

    @field_validator("address")
    @classmethod
    def _check_address(cls, address: str) -> str:
        if not is_trustworthy(address):
            # The address isn't told: people put credentials into addresses.
            raise ValueError("must be an https address, or http on this machine")
        return address

    @property
    def path(self) -> str:
        """Namespace, mount and key with slashes between: what names this key in Vault."""
        return "/".join(part for part in (self.namespace, self.mount, self.key) if part)


class KeySettings(Section):
    """Where keys come from, by reference only."""

    cached_s: float = Field(
        60.0,
        ge=0.0,
        le=3600,
        description="How long keys stay in memory, seconds: so long a destroyed key may still open"
        " values in another gateway.",
    )
    database: str | None = Field(
        None,
        pattern=r"^[A-Za-z0-9_-]{1,63}$",
        description="Name of the keyring's database. Unset: `store.database` with `-keyring`.",
    )
    root: SecretReference | None = Field(
        None,
        description="Root key, which wraps the tenants' keys: base64url, 32 bytes. Unset: the key"
        " in Vault, or else a development key.",
    )
    former_roots: tuple[SecretReference, ...] = Field(
        (), description="Root keys of before, which still unwrap what they wrapped."
    )
    vault: VaultSettings | None = Field(
        None, description="Root key in Vault. It wraps from now on, and `keys.root` still unwraps."
    )
    former_vault: VaultSettings | None = Field(
        None, description="Root key in Vault of before, which still unwraps what it wrapped."
    )

    @field_validator("former_vault")
    @classmethod
    def _check_former_vault(
        cls, former: VaultSettings | None, info: ValidationInfo
    ) -> VaultSettings | None:
        vault = info.data.get("vault")
        if vault and former and vault.path == former.path:
            # What is stored names its key by this path alone.
            raise ValueError("must differ from keys.vault in namespace, mount or key")
        return former


SealedClass = Literal[
    "IDENTITY",
    "CONTACT",
    "DEMOGRAPHIC",
    "SENSITIVE",
    "FINANCIAL",
    "BEHAVIOURAL",
    "CONVERSATION",
    "RECORDING",
]


class SealingSettings(Section):
    """Which values are encrypted in the store; identities are in any case."""

    classes: tuple[SealedClass, ...] = Field(
        ("CONTACT", "SENSITIVE", "FINANCIAL", "CONVERSATION", "RECORDING"),
        description="Data classes whose values are sealed. A sealed value is found whole or not.",
    )
    tenants: dict[TenantName, tuple[SealedClass, ...]] = Field(
        default_factory=dict, description="The same for single tenants, in place of `classes`."
    )
