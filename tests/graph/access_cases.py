"""The cases of tests/access_cases.toml, one by one."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from policies.standing import Relation

FILE = Path(__file__).parents[1] / "access_cases.toml"
# How a case's field is reached: every coordinate on the way must be allowed.
COORDINATES = {
    "name": ("Profile.name", "PersonName.full"),
    "birthDate": ("Profile.birth_date",),
    "identities.channel": ("Profile.identities", "Identity.channel"),
    "identities.value": ("Profile.identities", "Identity.value"),
    "links": ("Profile.links", "Link.record_id"),
    "consents.status": ("Profile.consents", "Consent.status"),
    "consents.proof": ("Profile.consents", "Consent.proof"),
    "preferences": ("Profile.preferences", "Preferences.channels"),
    "labels": ("Profile.labels", "Label.name"),
    "mayContact": ("Profile.may_contact", "ContactPermission.reason"),
    "custom.SENSITIVE": ("Profile.custom", "Profile.custom.SENSITIVE"),
    "custom.FINANCIAL": ("Profile.custom", "Profile.custom.FINANCIAL"),
    "custom.BEHAVIOURAL": ("Profile.custom", "Profile.custom.BEHAVIOURAL"),
    "timeline.kind": ("Profile.timeline", "Interaction.kind"),
    "timeline.summary": ("Profile.timeline", "Interaction.summary"),
    "timeline.recording": ("Profile.timeline", "Interaction.recording"),
}


# Whether somebody signed in with a second factor, and what links them to the customer.
COLUMNS = (
    (True, Relation.NONE),
    (False, Relation.NONE),
    (True, Relation.CONVERSATION),
    (True, Relation.BREAK_GLASS),
)


@dataclass(frozen=True, slots=True)
class Case:
    """What somebody with these roles gets of one field: read, mask, deny, step_up or hide."""

    roles: tuple[str, ...]
    field: str
    has_second_factor: bool
    relation: Relation
    gets: str

    def __str__(self) -> str:
        factor = "with" if self.has_second_factor else "without"
        return f"{'+'.join(self.roles)}-{self.field}-{factor}-{self.relation.value}"


def cases() -> list[Case]:
    """Every case of the file, in its order."""
    tables = tomllib.loads(FILE.read_text(encoding="utf-8"))
    return [
        Case(tuple(roles.split(" + ")), field, *column, gets)
        for roles, fields in tables.items()
        for field, told in fields.items()
        for column, gets in zip(COLUMNS, told, strict=True)
    ]
