"""Consents: what a person has allowed and forbidden, statement by statement.

No statement is ever changed or lost: a later one takes the place of an earlier one, which is kept.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import Enum, IntEnum
from typing import Final

from graph.model.errors import BadValue, LimitReached
from policies.classification import DataClass, classified

MAX_STATEMENTS: Final = 200
# A person must be able to refuse when nothing more can be granted.
MAX_WITH_REFUSALS: Final = 300
_PURPOSE: Final = re.compile(r"[a-z][a-z0-9_.:-]{0,63}")
_JURISDICTION: Final = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
_LONGEST_PROOF: Final = 2_000
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_SKEW: Final = timedelta(minutes=5)


class ConsentStatus(Enum):
    """What a person said."""

    GRANTED = "GRANTED"
    DENIED = "DENIED"
    REVOKED = "REVOKED"


class Worth(IntEnum):
    """What a statement is worth at an instant; the stricter, the higher."""

    GRANTED = 1
    EXPIRED = 2
    DENIED = 3
    REVOKED = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Consent:
    """One statement of a person about one purpose.

    `given_at` is when the person said so, `recorded_at` when it was written down.  `is_current`
    until a later statement takes its place; two are current where profiles were merged, and then
    the stricter holds.  `origins` are the absorbed profiles that brought it; none: the profile's
    own.  `proof` is a text, or a reference to where it is kept.  Instants are
    aware, UTC.
    """

    id: str = classified(DataClass.PUBLIC)
    is_current: bool = classified(DataClass.PUBLIC, default=True)
    purpose: str | None = classified(DataClass.BEHAVIOURAL)
    status: ConsentStatus | None = classified(DataClass.BEHAVIOURAL)
    given_at: datetime | None = classified(DataClass.BEHAVIOURAL)
    recorded_at: datetime | None = classified(DataClass.BEHAVIOURAL)
    expires_at: datetime | None = classified(DataClass.BEHAVIOURAL, default=None)
    jurisdiction: str | None = classified(DataClass.BEHAVIOURAL, default=None)
    proof: str | None = classified(DataClass.SENSITIVE, repr=False, default=None)
    source: str | None = classified(DataClass.INTERNAL, default=None)
    by: str | None = classified(DataClass.INTERNAL, default=None)
    origins: tuple[str, ...] = classified(DataClass.INTERNAL, default=())


def checked_purpose(purpose: str, where: str = "purpose") -> str:
    """A purpose as it is kept and compared: in lower case, without outer blanks.

    Raises:
        BadValue: it is no key of 1 to 64 letters, digits and `_ . : -`.
    """
    key = purpose.strip().lower()
    if not _PURPOSE.fullmatch(key):
        raise BadValue(where, "expected a letter, then up to 63 letters, digits or _ . : -")
    return key


def checked_consent(given: Consent, now: datetime) -> Consent:
    """A statement as it is kept.

    Raises:
        BadValue: names what can't be.
    """
    given_at, expires_at = _instant(given.given_at or now), given.expires_at
    if not _EARLIEST <= given_at <= now + _SKEW:
        raise BadValue("givenAt", "expected an instant from 1970 to now")
    if expires_at is not None and given.status is not ConsentStatus.GRANTED:
        raise BadValue("expiresAt", "only what is granted expires")
    if expires_at is not None and expires_at <= given_at:
        raise BadValue("expiresAt", "expected an instant behind givenAt")
    return replace(
        given,
        given_at=min(given_at, _instant(now)),
        recorded_at=_instant(now),
        expires_at=expires_at and _instant(expires_at),
        purpose=checked_purpose(given.purpose or ""),
        jurisdiction=_jurisdiction(given.jurisdiction),
        proof=_proof(given.proof),
    )


def _instant(moment: datetime) -> datetime:
    """In milliseconds, as it is stored: what is said again must look the same."""
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _jurisdiction(code: str | None) -> str | None:
    wanted = (code or "").strip().upper()
    if wanted and not _JURISDICTION.fullmatch(wanted):
        raise BadValue("jurisdiction", "expected a code such as DE, US-CA or EU")
    return wanted or None


def _proof(text: str | None) -> str | None:
    proof = (text or "").strip()
    if len(proof) > _LONGEST_PROOF or "\0" in proof:
        raise BadValue("proof", f"expected at most {_LONGEST_PROOF} characters")
    return proof or None


def recorded(
    held: tuple[Consent, ...], new: Consent, *, is_dated: bool = True
) -> tuple[Consent, ...]:
    """All statements with one more; `held` itself where it has been said already.

    What the person said earlier about the same purpose is former from now on; a statement that is
    older than a current one is former from the beginning.  Not `is_dated`: nobody told when it
    was said, so it was said after all others, and isn't news if it is the only one that holds.

    Raises:
        LimitReached: there are too many statements; refusals are taken for longer.
    """
    current = [one for one in held if one.purpose == new.purpose and one.is_current]
    # Where profiles were merged, several are current: repeating one of them decides against others.
    known = held if is_dated else current[: len(current) == 1]
    if any(_says(one, is_dated=is_dated) == _says(new, is_dated=is_dated) for one in known):
        return held
    _refuse_many(held, new)
    latest = max(map(_order, (*current, new)))
    if is_dated and latest > _order(new):
        return (*held, replace(new, is_current=False))
    former = (replace(one, is_current=False) if one in current else one for one in held)
    return (*former, replace(new, given_at=latest))


def _says(one: Consent, *, is_dated: bool) -> tuple[object, ...]:
    said = (one.purpose, one.status, one.expires_at, one.jurisdiction, one.proof, one.source)
    return (*said, one.given_at) if is_dated else said


def _order(one: Consent) -> datetime:
    return one.given_at or _EARLIEST


def _refuse_many(held: Sequence[Consent], new: Consent) -> None:
    is_grant = new.status is ConsentStatus.GRANTED
    most = MAX_STATEMENTS if is_grant else MAX_WITH_REFUSALS
    if len(held) >= most:
        raise LimitReached(f"A profile keeps at most {most} statements of consent.")


def worth(consent: Consent, now: datetime) -> Worth:
    """What a statement is worth at an instant."""
    if consent.status is ConsentStatus.REVOKED:
        return Worth.REVOKED
    if consent.status is ConsentStatus.DENIED:
        return Worth.DENIED
    is_expired = consent.expires_at is not None and consent.expires_at <= now
    return Worth.EXPIRED if is_expired else Worth.GRANTED


def effective(consents: Iterable[Consent], now: datetime) -> dict[str | None, Consent]:
    """What holds at an instant, by purpose: of several current statements the strictest."""
    found: dict[str | None, Consent] = {}
    for one in consents:
        if one.is_current:
            known = found.get(one.purpose)
            found[one.purpose] = one if known is None else stricter(known, one, now)
    return found


def stricter(one: Consent, other: Consent, now: datetime) -> Consent:
    """The stricter of two statements: REVOKED, DENIED, expired, GRANTED; of equals the later."""
    return max(one, other, key=lambda consent: (worth(consent, now), _total(consent)))


def united(one: Iterable[Consent], other: Iterable[Consent]) -> tuple[Consent, ...]:
    """What was said by two who are one person: every statement once, in the order of saying.

    A statement that is former in one of them is former.  What is current stays so, and of those
    the stricter holds (see `effective`), until the person says something new.
    """
    found: dict[str, Consent] = {}
    for item in (*one, *other):
        known = found.get(item.id, item)
        is_current = known.is_current and item.is_current
        pair = (replace(known, is_current=is_current), replace(item, is_current=is_current))
        found[item.id] = max(*pair, key=_total)
    return tuple(sorted(found.values(), key=_total))


def _total(consent: Consent) -> tuple[str, ...]:
    """What puts statements in one order, whatever they say."""
    said = (consent.given_at or _EARLIEST, consent.recorded_at or _EARLIEST)
    return (*(moment.isoformat() for moment in said), *map(str, astuple(consent)))
