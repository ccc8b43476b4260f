"""Settings of merges: which value survives where profiles differ."""

from collections.abc import Callable

from pydantic import Field

from app.setting_types import Section, TenantName
from graph.model.survivorship import Rule, Survivorship


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
    sources: tuple[str, ...] = Field(
        (), description="Sources and clients for `source_priority`, the best one first."
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


def _survivorship(settings: SurvivorshipSettings) -> Survivorship:
    return Survivorship(settings.default, settings.rules, settings.sources)
