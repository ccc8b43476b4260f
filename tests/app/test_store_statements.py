"""Consents, preferences and labels in a profile's document: whole, sealed, and sealed anew."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import bson
import pytest
from bson.codec_options import CodecOptions

from app.keyring.profile_keys import ProfileKeys
from app.store.documents import from_document, to_document
from app.store.resealing import resealed
from app.store.sealing import ProfileSeal
from graph.model.channel import Channel
from graph.model.consent import Consent, ConsentStatus
from graph.model.custom_field import CustomerSchema
from graph.model.label import Label, LabelOrigin
from graph.model.preference import ContactTime, Exclusion, Preferences, Said, Weekday
from graph.model.profile import Profile
from policies.classification import DataClass
from policies.unreadable import Unreadable
from tests.support.sealing import BY_DEFAULT, a_seal, a_tenant_seal

NOW = datetime(2026, 11, 27, tzinfo=UTC)
AS_STORED = CodecOptions[dict[str, Any]](tz_aware=True, tzinfo=UTC)
NOTHING, EVERYTHING = frozenset[DataClass](), frozenset(DataClass)
OF_THEM = frozenset({"consents", "preferences", "labels"})
WHOLE = OF_THEM | {"consents.proof", "preferences.language"}
ADA = Profile(
    id="ada",
    version=1,
    consents=(
        Consent(
            id="c1",
            is_current=False,
            purpose="ads",
            status=ConsentStatus.GRANTED,
            given_at=NOW,
            recorded_at=NOW,
            expires_at=NOW,
            jurisdiction="EU",
            proof="call 4711",
            source="desk",
            by="grace",
        ),
        Consent(
            id="c2", purpose="ads", status=ConsentStatus.REVOKED, given_at=NOW, recorded_at=NOW
        ),
    ),
    preferences=Preferences(
        channels=(Channel.SMS, Channel.EMAIL),
        language="pt-BR",
        time_zone="UTC",
        times=(ContactTime(days=(Weekday.MONDAY,), begin="09:00"), ContactTime()),
        do_not_contact=True,
        exclusions=(Exclusion(channel=Channel.X, purpose="ads", at=NOW, source="desk", by="a"),),
        said=(Said(attribute="channels", at=NOW, source="desk", by="grace"),),
    ),
    labels=(
        Label(name="VIP", origin=LabelOrigin.CRM, at=NOW, source="crm", by="sync"),
        Label(name="new"),
    ),
)
PLACES = ("consents", "preferences", "labels", "preferredLanguage", "proofs")


def sealed(classes: frozenset[DataClass], generations: int = 1) -> ProfileSeal:
    """Ada's seal for these classes; the newest of the generations seals."""
    made = a_seal("ada", a_tenant_seal(classes=classes))
    ciphers = KEYS.ciphers
    return replace(made, keys=ProfileKeys({one: ciphers[one] for one in range(1, generations + 1)}))


KEYS = ProfileKeys({one: a_seal("ada").keys.ciphers[1] for one in (1, 2)})


def stored(document: dict[str, Any]) -> dict[str, Any]:
    """A document as it is read."""
    return bson.decode(bson.encode(document), AS_STORED)


def read(document: dict[str, Any], seal: ProfileSeal, asked: frozenset[str] = WHOLE) -> Profile:
    return from_document(document, seal, asked)


@pytest.mark.parametrize("classes", [NOTHING, BY_DEFAULT, EVERYTHING])
def test_what_was_said_comes_back_as_it_was(classes):
    seal = sealed(classes)

    document = stored(to_document(ADA, [], seal))

    assert read(document, seal) == ADA
    assert read(stored(to_document(Profile(id="ada"), [], seal)), seal) == Profile(
        id="ada", preferences=Preferences()
    )


@pytest.mark.parametrize(
    ("classes", "expected"),
    [
        (NOTHING, set()),
        (BY_DEFAULT, {"proofs"}),
        ({DataClass.DEMOGRAPHIC}, {"preferredLanguage"}),
        ({DataClass.BEHAVIOURAL}, {"consents", "preferences", "labels"}),
        (EVERYTHING, set(PLACES)),
    ],
)
def test_each_is_sealed_by_its_own_class(classes, expected):
    document = to_document(ADA, [], sealed(frozenset(classes)))

    held = {**document, "proofs": document["proofs"]["c1"]}
    found = {place for place in PLACES if type(held[place]) is bytes}
    assert found == expected


def test_a_proof_and_a_language_are_opened_where_they_are_asked_for_alone():
    seal = sealed(EVERYTHING)
    document = stored(to_document(ADA, [], seal))
    hidden = {"proofs": {"c1": b"no value"}, "preferredLanguage": b"no value"}

    found = read({**document, **hidden}, seal, OF_THEM)

    assert [one.proof for one in found.consents or ()] == [None, None]
    assert found.preferences == replace(ADA.preferences, language=None)
    assert read(document, seal, frozenset({"labels"})) == Profile(
        id="ada", version=1, labels=ADA.labels
    )


def test_what_was_moved_or_changed_is_damaged_and_nothing_else_is():
    seal, damaged = sealed(EVERYTHING), Unreadable.DAMAGED
    document = stored(to_document(ADA, [], seal))
    swapped = {**document, "labels": document["consents"], "consents": document["labels"]}
    other = {**document, "proofs": {"c2": document["proofs"]["c1"]}}
    lost = {**document, "preferences": b"", "preferredLanguage": document["labels"]}

    assert read(swapped, seal) == replace(ADA, labels=damaged, consents=damaged)
    moved = [one.proof for one in read(other, seal).consents or ()]
    assert moved == [None, damaged]
    assert read(lost, seal) == replace(ADA, preferences=damaged)
    half = read({**document, "preferredLanguage": document["labels"]}, seal).preferences
    assert half == replace(ADA.preferences, language=damaged)


@pytest.mark.parametrize("before", [NOTHING, BY_DEFAULT, EVERYTHING])
@pytest.mark.parametrize("after", [NOTHING, BY_DEFAULT, EVERYTHING])
def test_it_is_sealed_anew_by_the_newest_key_and_as_the_classes_are_now(before, after):
    document = stored(to_document(ADA, [], sealed(before)))
    seal = sealed(after, generations=2)

    put = resealed(document, seal, CustomerSchema())
    changed = stored(applied(document, put))

    assert read(changed, replace(seal, keys=ProfileKeys({2: KEYS.ciphers[2]}))) == ADA
    assert resealed(changed, seal, CustomerSchema()) == {}
    anew = to_document(ADA, [], seal)
    assert changed["search"].keys() == anew["search"].keys()
    assert changed["search"]["labels"] == anew["search"]["labels"]


def test_what_cannot_be_opened_stays_as_it_is_when_others_are_sealed_anew():
    document = stored(to_document(ADA, [], sealed(EVERYTHING)))
    moved = document["consents"]
    broken = {**document, "labels": moved, "proofs": {"c1": moved}}

    put = resealed(broken, sealed(EVERYTHING, generations=2), CustomerSchema())

    assert {"consents", "preferences", "preferredLanguage"} <= put["$set"].keys()
    assert not {"labels", "proofs.c1", "search.labels"} & put["$set"].keys()
    assert "$unset" not in put


def applied(document: dict[str, Any], update: dict[str, Any]) -> dict[str, Any]:
    """A document after an update of paths of two steps at most."""
    after = {
        name: dict(part) if isinstance(part, dict) else part for name, part in document.items()
    }
    for path, value in update.get("$set", {}).items():
        first, _, second = path.partition(".")
        if second:
            after[first][second] = value
        else:
            after[first] = value
    return after
