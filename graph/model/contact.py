"""Whether a person may be contacted now, by what they said."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Final
from zoneinfo import ZoneInfo

from graph.model.channel import Channel
from graph.model.consent import Consent, Worth, effective, worth
from graph.model.preference import Preferences, Weekday
from policies.classification import DataClass, classified


class ContactReason(Enum):
    """Why somebody may be contacted, or may not."""

    NO_OBJECTION = "NO_OBJECTION"
    CONSENT_GRANTED = "CONSENT_GRANTED"
    DO_NOT_CONTACT = "DO_NOT_CONTACT"
    EXCLUDED = "EXCLUDED"
    NO_CONSENT = "NO_CONSENT"
    CONSENT_EXPIRED = "CONSENT_EXPIRED"
    CONSENT_DENIED = "CONSENT_DENIED"
    CONSENT_REVOKED = "CONSENT_REVOKED"
    OUTSIDE_TIMES = "OUTSIDE_TIMES"


_BY_STANDING: Final = {
    Worth.GRANTED: ContactReason.CONSENT_GRANTED,
    Worth.EXPIRED: ContactReason.CONSENT_EXPIRED,
    Worth.DENIED: ContactReason.CONSENT_DENIED,
    Worth.REVOKED: ContactReason.CONSENT_REVOKED,
}
_ALLOWED: Final = frozenset({ContactReason.NO_OBJECTION, ContactReason.CONSENT_GRANTED})


@dataclass(frozen=True, slots=True)
class ContactPermission:
    """Yes or no, and why."""

    allowed: bool | None = classified(DataClass.BEHAVIOURAL)
    reason: ContactReason | None = classified(DataClass.BEHAVIOURAL)


def may_contact(
    preferences: Preferences,
    consents: Iterable[Consent],
    channel: Channel,
    purpose: str | None,
    now: datetime,
) -> ContactPermission:
    """Whether a person may be contacted at this instant on a channel.

    For a purpose they must have consented to it; without one, only their preferences count.
    """
    reason = _reason(preferences, consents, channel, purpose, now)
    return ContactPermission(reason in _ALLOWED, reason)


def _reason(
    preferences: Preferences,
    consents: Iterable[Consent],
    channel: Channel,
    purpose: str | None,
    now: datetime,
) -> ContactReason:
    if preferences.do_not_contact:
        return ContactReason.DO_NOT_CONTACT
    if any(
        one.channel in {None, channel} and one.purpose in {None, purpose}
        for one in preferences.exclusions or ()
    ):
        return ContactReason.EXCLUDED
    consent = _of_consent(consents, purpose, now)
    if consent in _ALLOWED and not _is_welcome(preferences, now):
        return ContactReason.OUTSIDE_TIMES
    return consent


def _of_consent(consents: Iterable[Consent], purpose: str | None, now: datetime) -> ContactReason:
    if purpose is None:
        return ContactReason.NO_OBJECTION
    consent = effective(consents, now).get(purpose)
    return _BY_STANDING[worth(consent, now)] if consent else ContactReason.NO_CONSENT


def _is_welcome(preferences: Preferences, now: datetime) -> bool:
    if not preferences.times or not preferences.time_zone:
        return True
    local = now.astimezone(ZoneInfo(preferences.time_zone))
    day, time = list(Weekday)[local.weekday()], f"{local:%H:%M}"
    return any(
        (not one.days or day in one.days) and (one.begin or "") <= time < (one.end or "")
        for one in preferences.times
    )
