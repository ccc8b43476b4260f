"""Values of attributes outside of their usual place in a profile: displaced ones, and former ones.

What is sealed in a profile is sealed here too, each value to the place it is kept in.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from datetime import date
from typing import Any, Final

from app.store.bson_values import kept_value, loaded_value
from app.store.items import SEALED_PARTS
from app.store.sealing import ProfileSeal, TenantSeal
from app.store.statements import loaded_preferences, plain_statement
from graph.model.preference import Preferences
from graph.model.profile import PersonName, ProfileState
from graph.model.record import CUSTOM
from policies.classification import labels_of
from policies.unreadable import Unreadable

_NAMED: Final = ("given", "family")


def keep(seal: ProfileSeal, place: str, value: object, sealed: AbstractSet[str], of: str) -> Any:  # noqa: ANN401 - whatever BSON holds
    """A value of the attribute `of`, as it is kept at a place; `sealed` are custom ones that are.

    A name is kept part by part.  What can't be read, or can't be sealed for somebody who was
    erased, isn't kept.
    """
    if isinstance(value, PersonName):
        parts = {part: getattr(value, part) for part in _NAMED}
        return {
            part: keep(seal, f"{place}.{part}", text, sealed, f"name.{part}")
            for part, text in parts.items()
            if text is not None
        }
    if isinstance(value, Unreadable):
        return None
    plain = _plain(value)
    if plain is None or not is_sealed(seal.of_tenant, of, sealed):
        return plain
    return seal.seal(place, plain) if seal.keys.ciphers else None


def is_sealed(seal: TenantSeal, attribute: str, sealed: AbstractSet[str]) -> bool:
    """Whether the values of an attribute are sealed."""
    if attribute.startswith(CUSTOM):
        return attribute.removeprefix(CUSTOM) in sealed
    if attribute == "preferences":
        return seal.seals(attribute) or seal.seals("preferences.language")
    return seal.seals(attribute)


def opened(seal: ProfileSeal, place: str, kept: Any, of: str) -> Any:  # noqa: ANN401 - whatever BSON holds
    """A value of the attribute `of`, from what is kept at a place."""
    if of == "name":
        return _name(seal, place, kept)
    value = seal.opened(place, kept)
    if of == "preferences":
        return loaded_preferences(value) if isinstance(value, Mapping) else value
    if of.startswith(CUSTOM):
        return loaded_value(value)
    if of == "birth_date" and isinstance(value, str):
        return date.fromisoformat(value)
    return ProfileState(value) if of == "state" and value is not None else value


def _name(seal: ProfileSeal, place: str, kept: Mapping[str, Any] | None) -> PersonName | None:
    if kept is None:
        return None
    given, family = (seal.opened(f"{place}.{part}", kept.get(part)) for part in _NAMED)
    return PersonName(given=given, family=family)


def _plain(value: object) -> Any:  # noqa: ANN401 - whatever BSON holds
    if isinstance(value, ProfileState):
        return value.value
    if isinstance(value, Preferences):
        return plain_statement(value)
    return value.isoformat() if isinstance(value, date) else kept_value(value)


def sealed_parts(seal: TenantSeal, model: type[Any]) -> frozenset[str]:
    """Which attributes of an item are sealed; what identifies is in any case."""
    labels = labels_of(model)
    always = {part for part in SEALED_PARTS if part in labels}
    return frozenset(always | {one for one in labels if labels[one].data_class in seal.classes})
