"""Every setting of the gateway: one frozen tree, read once, handed down, imported by nobody else.

Sources, strongest first: `GATEWAY_*` variables (a double underscore nests), then the file that
`GATEWAY_CONFIG` names, or `gateway.toml` in the working directory.  Unknown names refuse to start.
"""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from app.auth.settings import AuthSettings
from app.cache_settings import CacheSettings
from app.http.settings import HttpSettings
from app.key_settings import KeySettings, SealingSettings
from app.limit_settings import LimitSettings
from app.merge_settings import MergeSettings
from app.setting_types import PemPath, Section, TenantName
from app.source_settings import SourceSettings
from connectors.runtime.addresses import LOOPBACK

Region = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
AnonymousDays = Annotated[int, Field(ge=1, le=36_500)]


class StoreSettings(Section):
    """Where profiles are kept."""

    uri: str | None = Field(
        None, description="MongoDB connection string; unset: the embedded server."
    )
    tls_ca: PemPath | None = Field(
        None,
        description="PEM file of the CAs that the store's certificate is checked with; implies"
        " `tls=true`. Unset: the machine's.",
    )
    tls_certificate: PemPath | None = Field(
        None,
        description="PEM file of the certificate, and its key, that we show to the store; implies"
        " `tls=true`.",
    )
    path: Path = Field(Path("data"), description="Directory of the embedded server and of keys.")
    database: str = Field(
        "profile_gateway", pattern=r"^[A-Za-z0-9_-]{1,63}$", description="Name of the database."
    )
    deadline_s: float = Field(
        4.0, ge=0.01, le=3600, description="Longest wait for one store operation, seconds."
    )
    max_embedded_profiles: int = Field(
        100_000,
        gt=0,
        description="`doctor` objects to more profiles than this in the embedded server.",
    )


class TenantSettings(Section):
    """What is different for one tenant."""

    region: Region | None = Field(
        None, description="Region of phone numbers without a country code; unset: `region`."
    )
    email_providers: bool | None = Field(None, description="As `email_providers`, in place of it.")
    account_separators: bool | None = Field(
        None, description="As `account_separators`, in place of it."
    )
    anonymous_days: AnonymousDays | None = Field(
        None, description="As `anonymous_days`, in place of it."
    )


class Settings(Section):
    """The whole tree."""

    env: Literal["development", "production"] = Field("development", description="Where this runs.")
    store: StoreSettings = StoreSettings()
    http: HttpSettings = HttpSettings()
    auth: AuthSettings = AuthSettings()
    limits: LimitSettings = LimitSettings()
    keys: KeySettings = KeySettings()
    sealing: SealingSettings = SealingSettings()
    sources: dict[str, SourceSettings] = Field(default_factory=dict, description="CRM systems.")
    cache: CacheSettings = CacheSettings()
    merging: MergeSettings = MergeSettings()
    region: Region = Field("US", description="Region of phone numbers without a country code.")
    email_providers: bool = Field(
        default=False,
        description="Addresses that a provider delivers to one mailbox are one: Gmail's with and"
        " without dots, and what follows a plus sign there and at Outlook, Fastmail and Proton.",
    )
    account_separators: bool = Field(
        default=False, description="Blanks and dashes don't tell account numbers apart."
    )
    anonymous_days: AnonymousDays = Field(
        60,
        description="After so many days without a sign of them, anonymous profiles are removed.",
    )
    tenants: dict[TenantName, TenantSettings] = Field(
        default_factory=dict, description="What is different for single tenants."
    )
    max_identities: int = Field(
        10,
        ge=1,
        le=1000,
        description="Most identities of one channel, and most values of a field that identifies.",
    )
    budget_s: float = Field(
        1.5, gt=0, le=3600, description="Time one request may spend on all its sources."
    )

    def networks_of(self, source: str) -> tuple[str, ...]:
        """The private networks where a source may be."""
        own = LOOPBACK if self.env == "development" else ()
        return (*self.sources[source].networks, *own)
