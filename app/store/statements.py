"""Consents, preferences and labels as a profile's document keeps them, and back.

Each is kept as one value, sealed as a whole where its class is.  What is of another class lies
beside it, so that it is read and opened for itself: proofs of consents, by the consent's id, and
the preferred language.
"""

import dataclasses
from collections.abc import Iterator, Mapping
from collections.abc import Set as AbstractSet
from enum import Enum
from typing import Any, Final

from app.store.sealing import ProfileSeal
from graph.model.channel import Channel
from graph.model.consent import Consent, ConsentStatus
from graph.model.label import Label, LabelOrigin
from graph.model.preference import ContactTime, Exclusion, Preferences, Said, Weekday
from policies.unreadable import Unreadable

PROOFS: Final = "proofs"
STATEMENT_PATHS: Final = {
    "preferences": "preferences",
    "preferences.language": "preferredLanguage",
    "consents": "consents",
    "consents.proof": PROOFS,
    "labels": "labels",
}
"""Where each is kept; `proofs` holds one value for each consent that has any."""

_APART: Final = {"preferences": "language", "consents": "proof"}
_ENUMS: Final[Mapping[str, type[Enum]]] = {
    "channel": Channel,
    "status": ConsentStatus,
    "origin": LabelOrigin,
}


def kept_statements(seal: ProfileSeal, attribute: str, value: Any) -> dict[str, Any]:  # noqa: ANN401 - any of the three
    """What a profile keeps of one of the three, by path; None where there is nothing."""
    apart = _APART.get(attribute)
    kept = {attribute: kept_whole(seal, attribute, _plain(value, apart) or None)}
    if attribute == "consents":
        proofs = {one.id: kept_proof(seal, one.id, one.proof) for one in value}
        kept |= {f"{PROOFS}.{id_}": proof for id_, proof in proofs.items() if proof is not None}
    if attribute == "preferences" and not isinstance(value.language, Unreadable):
        kept["preferredLanguage"] = kept_whole(seal, "preferences.language", value.language)
    return kept


def kept_whole(seal: ProfileSeal, attribute: str, value: Any) -> Any:  # noqa: ANN401 - what BSON holds
    """A value as a profile keeps it at the place of its attribute."""
    if value is None or not seal.of_tenant.seals(attribute):
        return value
    return seal.seal(attribute, value)


def kept_proof(seal: ProfileSeal, consent: str, proof: object) -> Any:  # noqa: ANN401 - what BSON holds
    """A proof as a profile keeps it; None where there is none, or none that can be read."""
    if proof is None or isinstance(proof, Unreadable):
        return None
    is_sealed = seal.of_tenant.seals("consents.proof")
    return seal.seal(proof_place(consent), proof) if is_sealed else proof


def proof_place(consent: str) -> str:
    """What a proof is sealed to: it can't be moved to another consent."""
    return f"consents/{consent}/proof"


def statements_of(
    document: Mapping[str, Any], seal: ProfileSeal, attributes: AbstractSet[str]
) -> dict[str, Any]:
    """The three as attributes of a profile, as far as they are among `attributes`."""
    return {
        attribute: read(document, seal, attributes)
        for attribute, read in _READERS.items()
        if attribute in attributes
    }


def _labels(document: Mapping[str, Any], seal: ProfileSeal, _attributes: AbstractSet[str]) -> Any:  # noqa: ANN401 - or what stands for them
    kept = seal.opened("labels", document.get("labels", []))
    if isinstance(kept, Unreadable):
        return kept
    return tuple(Label(**_loaded(item)) for item in kept)


def _consents(document: Mapping[str, Any], seal: ProfileSeal, attributes: AbstractSet[str]) -> Any:  # noqa: ANN401 - or what stands for them
    kept = seal.opened("consents", document.get("consents", []))
    if isinstance(kept, Unreadable):
        return kept
    found = document.get(PROOFS, {}) if "consents.proof" in attributes else {}
    return tuple(
        Consent(
            **{"purpose": None, "status": None, "given_at": None, "recorded_at": None}
            | _loaded(item),
            proof=seal.opened(proof_place(item["id"]), found.get(item["id"])),
        )
        for item in kept
    )


def _preferences(
    document: Mapping[str, Any], seal: ProfileSeal, attributes: AbstractSet[str]
) -> Any:  # noqa: ANN401 - or what stands for them
    kept = seal.opened("preferences", document.get("preferences", {}))
    if isinstance(kept, Unreadable):
        return kept
    language = None
    if "preferences.language" in attributes:
        language = seal.opened("preferences.language", document.get("preferredLanguage"))
    return loaded_preferences({**kept, "language": language})


def plain_statement(value: object) -> Any:  # noqa: ANN401 - what BSON holds
    """Preferences as BSON has them, whole."""
    return _plain(value)


def loaded_preferences(kept: Mapping[str, Any]) -> Preferences:
    """Preferences from what BSON has of them."""
    return Preferences(
        channels=tuple(map(Channel, kept.get("channels", ()))),
        language=kept.get("language"),
        time_zone=kept.get("timeZone"),
        times=tuple(map(_time, kept.get("times", ()))),
        do_not_contact=kept.get("doNotContact", False),
        exclusions=tuple(Exclusion(**_loaded(item)) for item in kept.get("exclusions", ())),
        said=tuple(Said(**_loaded(item)) for item in kept.get("said", ())),
    )


_READERS: Final = {"labels": _labels, "consents": _consents, "preferences": _preferences}


def _time(item: Mapping[str, Any]) -> ContactTime:
    days = tuple(map(Weekday, item.get("days", ())))
    return ContactTime(days=days, begin=item["begin"], end=item["end"])


def _plain(value: Any, apart: str | None = None) -> Any:  # noqa: ANN401 - any of the models' values
    """A value as BSON has it; without the attribute that is kept apart, and without None."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, tuple):
        return [_plain(item, apart) for item in value]
    if dataclasses.is_dataclass(value):
        return dict(_attributes(value, apart))
    return value


def _attributes(item: Any, apart: str | None) -> Iterator[tuple[str, Any]]:  # noqa: ANN401 - a dataclass
    for field in dataclasses.fields(item):
        value = getattr(item, field.name)
        if field.name != apart and value not in (None, ()):
            yield _path(field.name), _plain(value)


def _loaded(item: Mapping[str, Any]) -> dict[str, Any]:
    names = {_name(path): value for path, value in item.items()}
    origins = {"origins": tuple(names["origins"])} if "origins" in names else {}
    return {
        name: _ENUMS[name](value) if name in _ENUMS else value for name, value in names.items()
    } | origins


def _path(name: str) -> str:
    first, *more = name.split("_")
    return first + "".join(map(str.title, more))


def _name(path: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in path)
