"""What of a profile is compared, and the keys under which those who may be one person meet."""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from itertools import chain
from typing import Final

from graph.model.channel import identity_kind
from graph.model.comparison import SEVERAL, Level, Measure, level_of, level_of_names
from graph.model.filter import folded
from graph.model.identity import Identity
from graph.model.profile import PersonName, Profile

GIVEN: Final = "name.given"
FAMILY: Final = "name.family"
BIRTH: Final = "birth_date"
_CORE: Final = {GIVEN: Measure.NAME, FAMILY: Measure.NAME, BIRTH: Measure.DATE}
_KINDS: Final = {"phone": Measure.PHONE, "email": Measure.EMAIL, "account": Measure.TEXT}
_ALIKE: Final = {"ph": "f", "ck": "k"} | dict(zip("cqgzvdbjm", "kkksftpkn", strict=True))
_SOUNDS: Final = re.compile("|".join(_ALIKE))
_SILENT: Final = re.compile(r"[\W_]|(?<!^)[aeiouyhw]")
_TWICE: Final = re.compile(r"(.)\1+")
_SKELETON: Final = 4  # letters
_LONGEST: Final = 100  # characters of a value
_SHORTEST_ALONE: Final = 5  # a shorter value is shared by too many
_SHORTEST: Final = 3
_PHONE_END: Final = 8


@dataclass(frozen=True, slots=True)
class Trait:
    """One attribute of a profile as it is compared: text, several values one to a line."""

    measure: Measure
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Traits:
    """What is compared of one profile, by attribute; what isn't known is left out.

    Attributes are those of the model, a kind of identity (`phone`, `email`, `account`), or
    `custom.NAME` by where a custom field's values are kept.
    """

    by_attribute: Mapping[str, Trait] = field(repr=False)

    def text(self, attribute: str) -> str:
        """A value; empty where there is none."""
        found = self.by_attribute.get(attribute)
        return found.text if found else ""

    def only(self, attributes: Iterable[str]) -> "Traits":
        """Those of some attributes."""
        wanted = frozenset(attributes)
        kept = {name: one for name, one in self.by_attribute.items() if name in wanted}
        return Traits(kept)

    def levels(self, other: "Traits") -> dict[str, Level]:
        """How far each attribute agrees that at least one of both has."""
        names = dict.fromkeys(chain(self.by_attribute, other.by_attribute))
        return {name: self._level(name, other) for name in names}

    def _level(self, name: str, other: "Traits") -> Level:
        own, others = self.text(name), other.text(name)
        if not own or not others:
            return Level.MISSING
        measure = self.by_attribute[name].measure
        if measure is not Measure.NAME:
            return level_of(measure, own, others)
        second = FAMILY if name == GIVEN else GIVEN
        return level_of_names(own, others, self.text(second), other.text(second))


def traits_of(profile: Profile, compared: Mapping[str, Measure]) -> Traits:
    """The traits of a profile; `compared` are the custom fields that count, by where kept."""
    name = profile.name or PersonName()
    core = {GIVEN: name.given, FAMILY: name.family, BIRTH: profile.birth_date}
    found = {key: Trait(_CORE[key], text) for key, value in core.items() if (text := _text(value))}
    found |= _identity_traits(profile.identities or ())
    for kept_as, value in (profile.custom or {}).items():
        if kept_as in compared and (text := _lines(value, compared[kept_as])):
            found[f"custom.{kept_as}"] = Trait(compared[kept_as], text)
    return Traits(found)


def blocking_keys(traits: Traits) -> frozenset[str]:
    """Texts of which two profiles of one person are likely to share at least one."""
    given, family, born = (traits.text(name) for name in (GIVEN, FAMILY, BIRTH))
    skeletons = sorted({_skeleton(name) for name in (given, family) if name})
    keys = {f"born {born} {one[:1]}" for one in skeletons if born}
    if given and family:
        keys.add("name " + " ".join(skeletons))
    for name, trait in traits.by_attribute.items():
        if name in _CORE:
            continue
        for value in trait.text.split(SEVERAL):
            keys.update(_keys_of(name, trait.measure, value, skeletons))
    return frozenset(keys)


def identity_keys(identity: Identity) -> frozenset[str]:
    """The blocking keys that one identity alone gives."""
    return blocking_keys(Traits(_identity_traits((identity,))))


def _keys_of(name: str, measure: Measure, value: str, skeletons: Iterable[str]) -> Iterator[str]:
    if measure is Measure.PHONE:
        yield f"phone {value[-_PHONE_END:]}"
    elif measure is Measure.EMAIL:
        yield f"email {value.partition('@')[0]}"
    elif len(value) >= _SHORTEST_ALONE:
        yield f"{name} {value}"
    if name.startswith("custom.") and len(value) >= _SHORTEST:
        for one in skeletons:
            yield f"{name} {value} {one}"


def _identity_traits(identities: Iterable[Identity]) -> dict[str, Trait]:
    found: dict[str, set[str]] = {}
    for identity in identities:
        if identity.shared:  # it tells nobody apart
            continue
        kind = identity_kind(identity.channel) if identity.channel else ""
        if kind in _KINDS and (text := _text(identity.value)):
            found.setdefault(kind, set()).add(text)
    return {kind: Trait(_KINDS[kind], SEVERAL.join(sorted(found[kind]))) for kind in found}


def _lines(value: object, measure: Measure) -> str:
    values = value if isinstance(value, list | tuple) else [value]
    texts = {_text(one) for one in values}
    if measure is Measure.DATE:
        texts = {re.sub(r"\D", "", text)[:8] for text in texts}
    return SEVERAL.join(sorted(texts - {""}))


def _text(value: object) -> str:
    """A value as it is compared; empty where it can't be."""
    if isinstance(value, datetime | date):
        return f"{value:%Y%m%d}"
    if isinstance(value, int | float | Decimal) and not isinstance(value, bool):
        return f"{value:f}".rstrip("0").rstrip(".") if value % 1 else f"{value:.0f}"
    return folded(value[:_LONGEST]) if isinstance(value, str) else ""


def _skeleton(name: str) -> str:
    """The first consonants of a name, those that sound alike as one."""
    alike = _SOUNDS.sub(lambda found: _ALIKE[found[0]], name)
    return _TWICE.sub(r"\1", _SILENT.sub("", alike))[:_SKELETON]
