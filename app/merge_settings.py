"""Settings of merges: which value survives where profiles differ."""

from collections.abc import Callable

from pydantic import Field

from app.setting_types import Section, TenantName
from graph.model.survivorship import LinkPolicy, Rule, Survivorship


class SurvivorshipSettings(Section):
    """How the values of a merged profile are chosen."""

    default: Rule = Field(
        Rule.PROFILE_WINS,
        description="Rule of every attribute without one of its own: `profile_wins`,"
        " `most_recent`, `most_frequent`, `source_priority` or `union` (of lists).",
    )
    rules: dict[str, Rule] = Field(
        default_factory=dict,
        description="Rules by attribute: `name`, `birthDate`, `gender`, `language`, `custom.KEY`.",
    )
    source_priority: tuple[str, ...] = Field(
        (), description="Sources and clients for the rule `source_priority`, the best one first."
    )
    link_by: tuple[str, ...] = Field(
        (),
        description="Verified identifiers by which `resolve --link` may merge without a person:"
        " `custom.KEY`, `email`, `phone` or `account`.",
    )
    link_threshold: float = Field(
        0.9999,
        ge=0.99,
        le=1.0,
        description="Least probability of being one person for `resolve --link`.",
    )


class MergeSettings(SurvivorshipSettings):
    """Survivorship in general, and of tenants that have their own."""

    tenants: dict[TenantName, SurvivorshipSettings] = Field(
        default_factory=dict, description="Survivorship by tenant, in place of the general one."
    )


def survivorship_of(merging: MergeSettings) -> Callable[[str], Survivorship]:
    """Which rules hold, by tenant."""
    found = {tenant: _survivorship(own) for tenant, own in merging.tenants.items()}
    general = _survivorship(merging)
    return lambda tenant: found.get(tenant, general)


def link_policy_of(merging: MergeSettings, tenant: str) -> LinkPolicy:
    """What it takes to link two profiles of a tenant without a person."""
    chosen = merging.tenants.get(tenant, merging)
    return LinkPolicy(chosen.link_by, chosen.link_threshold, _survivorship(chosen))


def _survivorship(settings: SurvivorshipSettings) -> Survivorship:
    return Survivorship(settings.default, settings.rules, settings.source_priority)
