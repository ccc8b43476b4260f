"""Settings of rate limits."""

from pydantic import Field

from app.setting_types import Section

_MOST = 100_000_000


class RoleLimitSettings(Section):
    """The rate of one role."""

    requests_per_minute: int = Field(ge=1, le=_MOST, description="Requests a minute, for long.")
    burst: int = Field(ge=1, le=_MOST, description="Requests at once, after a pause.")


class LimitSettings(Section):
    """How often somebody may ask.  Each process counts for itself."""

    requests_per_minute: int = Field(
        30_000,
        ge=1,
        le=_MOST,
        description="Requests a minute of one subject of a tenant, for long.",
    )
    burst: int = Field(3_000, ge=1, le=_MOST, description="Requests at once, after a pause.")
    roles: dict[str, RoleLimitSettings] = Field(
        default_factory=dict,
        description="Rates of single roles, in place of the general one; of several, the lowest.",
    )
    failures_per_minute: int = Field(
        600,
        ge=0,
        le=_MOST,
        description="Refused tokens a minute of one address, and half as many at once. Then only"
        " tokens that were accepted within the last minute are accepted from there. 0: no limit."
        " With `http.behind_proxy` nothing is counted, since all have the proxy's address.",
    )
    webhooks_per_minute: int = Field(
        6_000,
        ge=0,
        le=_MOST,
        description="Webhooks a minute of one address, and for one source of all addresses that"
        " haven't signed for it; half as many at once. Those that aren't signed count like refused"
        " tokens, too. 0: no limit. With `http.behind_proxy` only sources are counted, since all"
        " have the proxy's address.",
    )
