"""How each tenant recognises people, as the settings say."""

from collections.abc import Callable
from datetime import timedelta

from app.settings import Settings, TenantSettings
from graph.model.normalising import Normalising

_NOTHING = TenantSettings()


def normalising_of(settings: Settings) -> Callable[[str], Normalising]:
    """How a tenant reads identities."""

    def of_tenant(tenant: str) -> Normalising:
        own = settings.tenants.get(tenant, _NOTHING)
        return Normalising(
            own.region or settings.region,
            _chosen(own.email_providers, settings.email_providers),
            _chosen(own.account_separators, settings.account_separators),
        )

    return of_tenant


def anonymous_age_of(settings: Settings) -> Callable[[str], timedelta]:
    """How long an anonymous profile of a tenant is kept without a sign of them."""

    def of_tenant(tenant: str) -> timedelta:
        own = settings.tenants.get(tenant, _NOTHING)
        return timedelta(days=own.anonymous_days or settings.anonymous_days)

    return of_tenant


def _chosen(own: bool | None, general: bool) -> bool:
    return general if own is None else own
