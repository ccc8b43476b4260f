"""How somebody who was anonymous becomes identified."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from graph.model.errors import BadValue
from graph.model.identity import Identity
from graph.model.profile import ProfilePatch, ProfileState
from graph.model.search import BY_STATE, Findable

_WHO_THEY_ARE: Final = ("name.given", "name.family", "birth_date", "links")


@dataclass(frozen=True, slots=True)
class RequiredField:
    """A custom field that everybody has who is identified: where it is kept, and its default."""

    key: str
    kept_as: str
    default: object = field(default=None, repr=False)
    found: Findable = field(default_factory=Findable)


@dataclass(frozen=True, slots=True)
class Promotion:
    """What an anonymous profile must have, or gets, to be an identified one."""

    required: tuple[RequiredField, ...] = ()

    def is_possible(self, custom: Mapping[str, object]) -> bool:
        """Whether a profile with these custom values lacks nothing that has no default."""
        return not self._missing(custom)

    def applied(self, patch: ProfilePatch, custom: Mapping[str, object]) -> ProfilePatch:
        """A patch that identifies a profile which has these custom values, besides what it does.

        Raises:
            BadValue: a required value is missing.
        """
        kept = {name for name in custom if name not in patch.custom}
        given = kept | {name for name, value in patch.custom.items() if value is not None}
        for item in self._missing(dict.fromkeys(given)):
            raise BadValue(f"custom.{item.key}", "required of somebody who is identified")
        added = [item for item in self.required if item.kept_as not in given]
        search, claims, sealed = dict(patch.found.search), dict(patch.found.claims), set[str]()
        for item in added:
            search |= item.found.search
            claims |= item.found.claims
            sealed |= item.found.sealed
        search[BY_STATE] = (ProfileState.IDENTIFIED.value,)
        return replace(
            patch,
            changes={**patch.changes, "state": ProfileState.IDENTIFIED.value},
            custom={**patch.custom, **{item.kept_as: item.default for item in added}},
            found=Findable(search, claims, patch.found.sealed | sealed),
        )

    def _missing(self, custom: Mapping[str, object]) -> list[RequiredField]:
        return [
            item for item in self.required if item.default is None and item.kept_as not in custom
        ]


def says_who(changes: Mapping[str, object]) -> bool:
    """Whether a change of core attributes tells who somebody is.

    That is a name, a date of birth, or a CRM's record of them; not their gender or language.
    """
    return any(changes.get(name) for name in _WHO_THEY_ARE)


def proves_who(identity: Identity) -> bool:
    """Whether an identity tells who somebody is: they have proved it, and it is theirs alone."""
    return bool(identity.verified) and not identity.shared
