"""Settings of CRM systems."""

from typing import Literal

from pydantic import Field

from app.setting_types import Network, SecretReference, Section, TenantName
from connectors.runtime.pace import NO_LIMITS, USUAL_PACE, Limits, Pace, Rate


class RateSettings(Section):
    """How often a source may be asked."""

    calls: int = Field(ge=1, le=1_000_000, description="At most so many calls ...")
    per_s: float = Field(gt=0, le=86_400, description="... within so many seconds.")


class SourceSettings(Section):
    """One CRM system of one tenant."""

    connector: str = Field(
        description="Name of a file in connectors/vendors: salesforce, hubspot, zendesk, ...; or"
        " the path of a YAML file of one's own, such as `./acme.yaml`."
    )
    tenant: TenantName = Field(description="The tenant whose profiles this source knows.")
    base_url: str = Field(description="Address of the CRM's API.")
    secret: SecretReference = Field(description="Credential, by reference.")
    match: str = Field(
        "link",
        description="How a profile is found in the CRM: `link` (the profile's link to it), or"
        " `profile:ATTRIBUTE`, a unique attribute of the CRM that holds our profile id.",
    )
    timeout_s: float = Field(
        USUAL_PACE.timeout_s, gt=0, le=3600, description="Longest wait for this source, seconds."
    )
    fresh_s: float = Field(
        USUAL_PACE.fresh_s,
        ge=0,
        le=86_400,
        description="A live value no older than this is given without asking; 0 always asks.",
    )
    refresh_s: float = Field(
        USUAL_PACE.refresh_s,
        ge=0,
        le=86_400,
        description="For so long after that it is given at once, marked stale, while the source is"
        " asked anew.",
    )
    keep_s: float = Field(
        USUAL_PACE.keep_s,
        ge=0,
        le=604_800,
        description="For so long it is given, marked stale, where the source fails.",
    )
    absent_s: float = Field(
        USUAL_PACE.absent_s,
        ge=0,
        le=86_400,
        description="For so long it is believed that the CRM has no such record.",
    )
    most_records: int = Field(
        USUAL_PACE.most_records, ge=1, le=10_000_000, description="Records kept in memory, at most."
    )
    concurrency: int = Field(
        USUAL_PACE.concurrency,
        ge=1,
        le=1000,
        description="Calls under way at once, at most; unset, what a connector's file says counts.",
    )
    rates: tuple[RateSettings, ...] = Field(
        (),
        description="Limits of the CRM, each a number of calls within seconds, per gateway; unset,"
        " what a connector's file says counts.",
    )
    networks: tuple[Network, ...] = Field(
        (),
        description="Private networks where this source may be, such as `10.1.0.0/16`. On this"
        " machine it may be in development only, unless named here.",
    )
    options: dict[str, str] = Field(default_factory=dict, description="The vendor's own settings.")
    sync_every_s: float = Field(
        0,
        ge=0,
        le=604_800,
        description="Seconds between two synchronisations by the workers; 0: never by themselves.",
    )
    sync_objects: tuple[str, ...] = Field(
        (),
        description="Objects of the CRM to synchronise beside those that SYNCED fields name.",
    )
    sync_facts: tuple[Literal["TAG", "SEGMENT", "ACTIVITY"], ...] = Field(
        ("TAG", "SEGMENT"),
        description="What else of the CRM is copied: tags and segments as labels, activities as"
        " interactions of the timeline.",
    )
    webhook_secret: SecretReference | None = Field(
        None, description="What the CRM signs its webhooks with, by reference."
    )
    webhook_url: str = Field(
        "", description="Address at which the CRM sends webhooks to us; some sign it too."
    )

    def pace(self, limits: Limits = NO_LIMITS) -> Pace:
        """How fast, how often and how fresh it is asked; `limits` are the connector's own."""
        given = self.model_fields_set
        own = tuple(Rate(one.calls, one.per_s) for one in self.rates)
        concurrency = None if "concurrency" in given else limits.concurrency
        return Pace(
            fresh_s=self.fresh_s,
            refresh_s=self.refresh_s,
            keep_s=self.keep_s,
            absent_s=self.absent_s,
            most_records=self.most_records,
            concurrency=concurrency or self.concurrency,
            rates=own if "rates" in given else limits.rates,
            lanes=limits.lanes,
            timeout_s=self.timeout_s,
        )
