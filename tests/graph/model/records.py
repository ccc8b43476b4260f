"""Small worlds of records that are merged and taken apart."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from random import Random

from hypothesis import strategies as st

from graph.model.channel import Channel
from graph.model.consent import Consent, ConsentStatus
from graph.model.identity import Identity
from graph.model.label import Label
from graph.model.merging import Plan, Survival, merged
from graph.model.preference import Preferences, Said
from graph.model.profile import Link, PersonName, Profile, ProfileState
from graph.model.provenance import Provenance
from graph.model.record import Own, Record, with_value
from graph.model.survivorship import Rule, Survivorship
from graph.model.unmerging import unmerged

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
SOURCES = ("crm", "shop", "desk")
_HALF = 0.5
COLOURS = (None, "red", "green", "blue")
_KINDS = (Channel.EMAIL, Channel.VOICE)

# One number makes a whole world: drawing each value of it would take a hundred times as long.
seeds = st.integers(0, 2**64 - 1)


def a_chance(seed: int) -> Random:
    """Where a world's values come from."""
    return Random(seed)  # noqa: S311 - invented


def a_record(chance: Random, number: int) -> Record:
    """A record that nobody absorbed yet; its identities are its own, its links may be others'."""
    id_, at = f"P{number}", BEGAN + timedelta(days=chance.randrange(10))
    name = PersonName(given=chance.choice(COLOURS), family="Ray")
    custom = {"colour": chance.choice(COLOURS), "tags": _some(chance, "abc")}
    profile = Profile(
        id=id_,
        version=1,
        state=chance.choice([ProfileState.ANONYMOUS, ProfileState.IDENTIFIED]),
        created_at=at,
        name=chance.choice([None, name]),
        gender=chance.choice(COLOURS),
        custom={key: value for key, value in custom.items() if value},
        identities=tuple(
            Identity(channel=channel, value=f"{id_}-{place}", primary=chance.random() > _HALF)
            for place, channel in enumerate(chance.choices(_KINDS, k=chance.randrange(3)))
        ),
        labels=tuple(Label(name=one, at=at) for one in _some(chance, ["VIP", "Gold"])),
        consents=tuple(_consents(chance, id_, at)),
        preferences=chance.choice([None, _preferences(chance, at)]),
        links=tuple(
            Link(source="crm", object="contacts", record_id=one) for one in _some(chance, "xyz")
        ),
    )
    return Record(profile, Provenance(at, "somebody", chance.choice(SOURCES)))


def _some(chance: Random, items: Sequence[str]) -> list[str]:
    return chance.sample(items, chance.randrange(len(items)))


def _consents(chance: Random, id_: str, at: datetime) -> Iterator[Consent]:
    for purpose in _some(chance, ["marketing", "research", "service"]):
        yield Consent(
            id=f"{id_}-{purpose}",
            purpose=purpose,
            status=chance.choice(list(ConsentStatus)),
            given_at=at,
            recorded_at=at,
        )


def _preferences(chance: Random, at: datetime) -> Preferences:
    said = (Said(attribute="channels", at=at), Said(attribute="do_not_contact", at=at))
    channels = tuple(chance.sample(_KINDS, 2))
    return Preferences(channels=channels, do_not_contact=chance.random() > _HALF, said=said)


def a_world(chance: Random, size: int) -> dict[str, Record]:
    """Some records by id."""
    made = [a_record(chance, number) for number in range(size)]
    return {record.id: record for record in made}


def a_survivorship(chance: Random) -> Survivorship:
    """Any rules."""
    rules = list(Rule)
    sources = tuple(chance.sample(SOURCES, len(SOURCES)))
    return Survivorship(chance.choice(rules), {"custom.tags": chance.choice(rules)}, sources)


@dataclass
class World:
    """Records that merge and part as the store would let them."""

    records: dict[str, Record]
    survivals: dict[str, tuple[Survival, ...]] = field(default_factory=dict)
    clock: int = 0

    @property
    def roots(self) -> list[str]:
        """The profiles that stand for themselves."""
        return [id_ for id_, record in self.records.items() if record.absorbed is None]

    def root_of(self, id_: str) -> str:
        """The profile that stands for one."""
        while (absorbed := self.records[id_].absorbed) is not None:
            id_ = absorbed.into
        return id_

    def merge(
        self,
        survivor: str,
        absorbed: str,
        survivorship: Survivorship,
        choices: Mapping[str, str] | None = None,
    ) -> None:
        """Let one profile absorb another."""
        self.clock += 1
        plan = Plan(f"M{self.clock}", self._now(), survivorship, choices or {})
        done = merged(self.records[survivor], self.records[absorbed], self.records, plan)
        self.survivals[plan.merge] = done.survivals
        self.records |= {survivor: done.survivor, absorbed: done.absorbed}

    def part(self, id_: str) -> None:
        """Take a profile out of the one that stands for it."""
        root = self.records[self.root_of(id_)]
        self.records |= unmerged(root, id_, self.records).records

    def write(self, id_: str, attribute: str, value: object) -> None:
        """Write an attribute as a store does: it is the profile's own from now on."""
        self.clock += 1
        record = self.records[id_]
        changed = with_value(record, attribute, Own(value, Provenance(self._now(), "x", "desk")))
        layers = {key: kept for key, kept in record.layers.items() if key != attribute}
        own = {key: kept for key, kept in record.own.items() if key != attribute}
        self.records[id_] = replace(changed, layers=layers, own=own)

    def identities(self) -> Iterator[object]:
        """The value of every identity that some standing profile shows."""
        for id_ in self.roots:
            for item in self.records[id_].profile.identities or ():
                yield item.value

    def _now(self) -> datetime:
        return BEGAN + timedelta(days=100, seconds=self.clock)
