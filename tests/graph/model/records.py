"""Small worlds of records that are merged and taken apart."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from graph.model.channel import Channel
from graph.model.consent import Consent, ConsentStatus
from graph.model.identity import Identity
from graph.model.label import Label
from graph.model.merging import Plan, Survival, merged
from graph.model.preference import Preferences, Said
from graph.model.profile import Link, PersonName, Profile, ProfileState
from graph.model.provenance import Provenance
from graph.model.record import CUSTOM, Own, Record, with_value
from graph.model.survivorship import Rule, Survivorship
from graph.model.unmerging import unmerged

BEGAN = datetime(2026, 1, 1, tzinfo=UTC)
SOURCES = ("crm", "shop", "desk")
VALUES = st.none() | st.sampled_from(["red", "green", "blue"])
LISTS = st.none() | st.lists(st.sampled_from(["a", "b", "c"]), min_size=1, unique=True)


@st.composite
def records(draw: st.DrawFn, number: int) -> Record:
    """A record that nobody absorbed yet; its identities are its own, its links may be others'."""
    id_ = f"P{number}"
    name = draw(st.none() | st.builds(PersonName, given=VALUES, family=st.just("Ray")))
    custom = {"colour": draw(VALUES), "tags": draw(LISTS)}
    channels = draw(st.lists(st.sampled_from([Channel.EMAIL, Channel.VOICE]), max_size=2))
    links = draw(st.lists(st.sampled_from("xyz"), max_size=2, unique=True))
    source = draw(st.sampled_from(SOURCES))
    at = BEGAN + timedelta(days=draw(st.integers(0, 9)))
    labels = draw(st.lists(st.sampled_from(["VIP", "Gold"]), max_size=2, unique=True))
    statuses = draw(st.lists(st.sampled_from(ConsentStatus), max_size=2))
    profile = Profile(
        id=id_,
        version=1,
        state=draw(st.sampled_from([ProfileState.ANONYMOUS, ProfileState.IDENTIFIED])),
        created_at=at,
        name=name,
        gender=draw(VALUES),
        custom={key: value for key, value in custom.items() if value is not None},
        identities=tuple(
            Identity(channel=channel, value=f"{id_}-{place}", primary=draw(st.booleans()))
            for place, channel in enumerate(channels)
        ),
        labels=tuple(Label(name=one, at=at) for one in labels),
        consents=tuple(_consent(id_, place, at, one) for place, one in enumerate(statuses)),
        preferences=draw(st.none() | _preferences(at)),
        links=tuple(Link(source="crm", object="contacts", record_id=one) for one in links),
    )
    return Record(profile, Provenance(at, "somebody", source))


def _consent(id_: str, place: int, at: datetime, status: ConsentStatus) -> Consent:
    return Consent(
        id=f"{id_}-{place}",
        purpose=("marketing", "research")[place],
        status=status,
        given_at=at,
        recorded_at=at,
    )


def _preferences(at: datetime) -> st.SearchStrategy[Preferences]:
    said = (Said(attribute="channels", at=at), Said(attribute="do_not_contact", at=at))
    return st.builds(
        Preferences,
        channels=st.permutations([Channel.EMAIL, Channel.VOICE]).map(tuple),
        do_not_contact=st.booleans(),
        said=st.just(said),
    )


@st.composite
def worlds(draw: st.DrawFn, size: int = 5) -> dict[str, Record]:
    """Some records by id."""
    made = [draw(records(number)) for number in range(size)]
    return {record.id: record for record in made}


SURVIVORSHIPS = st.builds(
    Survivorship,
    default=st.sampled_from(Rule),
    rules=st.fixed_dictionaries({"custom.tags": st.sampled_from(Rule)}),
    sources=st.permutations(SOURCES).map(tuple),
)


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


def attributes() -> tuple[str, ...]:
    """What a test writes."""
    return ("gender", f"{CUSTOM}colour")
