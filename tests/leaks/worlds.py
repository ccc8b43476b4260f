"""Random tenants: custom fields, rules, somebody who asks, and people whose values are canaries."""

import os
import re
import secrets
import string
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from joserfc import jwt
from joserfc.jwk import ECKey
from pymongo import monitoring

from graph.model.custom_field import CustomerSchema, FieldDefinition
from graph.schema import TenantSchema
from policies.asking import Asking, asking_of
from policies.classification import DataClass
from policies.decision import Action
from policies.matrix import Ceiling, FieldRights, Given, Matrix
from policies.principal import Principal
from policies.standing import Purpose
from tests.support.gateway import Caller, TestGateway, define
from tests.support.random_access import ROLES, customer_schemas, matrices
from tests.support.rules_text import rules_text

EXAMPLES: Final = int(os.environ.get("LEAK_EXAMPLES", "0"))
ALWAYS: Final = ("admin", "privacy_officer", "service")
PEOPLE: Final = frozenset(
    {"profiles", "identities", "aliases", "history", "interactions", "suggestions", "timelines"}
)
REFUSALS: Final = frozenset({"FORBIDDEN", "FIELD_FORBIDDEN", "STEP_UP_REQUIRED"})
_AGE: Final = re.compile(r'"age":\d+')
_FETCHED: Final = re.compile(r'"fetchedAt":"[^"]*"')
_ID: Final = re.compile(r"[0-9A-HJKMNP-TV-Z]{26}|[A-Za-z0-9_-]{30,}")
_TIME: Final = re.compile(r"\d{4}-\d\d-\d\dT[0-9:.]+Z")
SEALED: Final = frozenset(
    {
        *(DataClass.CONTACT, DataClass.SENSITIVE, DataClass.FINANCIAL),
        *(DataClass.CONVERSATION, DataClass.RECORDING),
    }
)
EVERYBODY: Final = st.just(frozenset(ROLES))
_CEILINGS: Final = st.dictionaries(
    st.sampled_from(["desk", "kiosk"]),
    st.builds(Ceiling, st.frozensets(st.sampled_from(DataClass))),
)


def leak_test(examples: int) -> settings:
    """How a leak test runs: so many examples, or `LEAK_EXAMPLES`."""
    return settings(
        max_examples=EXAMPLES or examples,
        deadline=None,
        database=None,
        # Shrinking a matrix takes minutes.
        phases=(Phase.explicit, Phase.generate),
        suppress_health_check=list(HealthCheck),
    )


class Commands(monitoring.CommandListener):
    """What the store is asked about people, by command and collection, while it is recorded."""

    database: Final = "leaks"

    def __init__(self) -> None:
        self._seen: Counter[str] | None = None

    def started(self, event: monitoring.CommandStartedEvent) -> None:
        collection = event.command.get(event.command_name)
        if self._seen is not None and event.database_name == self.database and collection in PEOPLE:
            self._seen[f"{event.command_name} {collection}"] += 1

    def succeeded(self, event: monitoring.CommandSucceededEvent) -> None:
        pass

    def failed(self, event: monitoring.CommandFailedEvent) -> None:
        pass

    @contextmanager
    def recorded(self) -> Iterator[Counter[str]]:
        """Count them."""
        self._seen = seen = Counter()
        try:
            yield seen
        finally:
            self._seen = None


COMMANDS: Final = Commands()


def timeless(text: str) -> str:
    """An answer without when its values were read, and how old they are by then."""
    return _FETCHED.sub("", _AGE.sub("", text))


def alike(text: str) -> str:
    """An answer without ids and times, which differ between any two profiles."""
    return _TIME.sub("TIME", _ID.sub("ID", timeless(text)))


@dataclass(frozen=True, slots=True)
class Somebody:
    """Who asks: roles, a sign-in, a purpose they say, and the client they ask through."""

    roles: frozenset[str]
    has_second_factor: bool
    purpose: Purpose
    client: str

    def asking(self, matrix: Matrix, tenant: str = "shop") -> Asking:
        """What the policies make of them."""
        now = time.time()
        principal = Principal(
            *(tenant, "tester", self.roles, self.has_second_factor, self.client, now)
        )
        return asking_of(principal, matrix, now, self.purpose)

    def caller(self, gateway: TestGateway, tenant: str) -> Caller:
        """They, at a gateway."""
        caller = gateway.as_role(*self.roles, tenant=tenant, second_factor=self.has_second_factor)
        token = _through(self.client, caller.token, gateway)
        return replace(caller, token=token, purpose=self.purpose.value)


def _through(client: str, token: str, gateway: TestGateway) -> str:
    """The same token, as if it had been issued to another client."""
    path = gateway.gateway.settings.store.path / "keys" / "development-issuer.pem"
    key = ECKey.import_key(path.read_bytes())
    told = jwt.decode(token, key, ["ES256"])
    return jwt.encode(told.header, {**told.claims, "client_id": client}, key)


@dataclass(frozen=True, slots=True)
class Plan:
    """A tenant to be: its schema, its rules, and who asks."""

    schema: TenantSchema
    matrix: Matrix
    who: Somebody

    @property
    def asking(self) -> Asking:
        """What the policies make of who asks."""
        return self.who.asking(self.matrix)

    def refusals(self, name: str) -> frozenset[str]:
        """The codes by which a field that isn't given is refused: as unknown where it may be."""
        rights = [self.matrix.roles[role] for role in self.who.roles]
        hidden = FieldRights(is_hidden=True)
        # Who knows of no custom fields at all knows of no single one.
        names = {name, "Profile.custom"} if name.startswith("custom.") else {name}
        may_be_unknown = any(
            one.hides or any(one.fields.get(name) == hidden for name in names) for one in rights
        )
        return REFUSALS | ({"BAD_INPUT"} if may_be_unknown else frozenset())


@st.composite
def somebodies(draw: st.DrawFn, matrix: Matrix) -> Somebody:
    """Somebody with roles of a matrix, who asks for what they may ask for."""
    own = draw(st.sampled_from(sorted(matrix.roles)))
    more = draw(st.frozensets(st.sampled_from(sorted(matrix.roles)), max_size=1))
    purpose = draw(st.sampled_from(matrix.roles[own].purposes))
    client = draw(st.sampled_from(["development", *sorted(matrix.ceilings)]))
    return Somebody(more | {own}, draw(st.booleans()), purpose, client)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Any schema, any rules that let everybody call everything, and somebody.

    Clients may have ceilings, but for the one of tests that fill the tenant.
    """
    schema = TenantSchema(_written_by_service(draw(customer_schemas())))
    matrix = _telling_ids(draw(matrices(schema, operations=EVERYBODY)))
    matrix = replace(matrix, ceilings=draw(_CEILINGS))
    return Plan(schema, matrix, draw(somebodies(matrix)))


def _written_by_service(schema: CustomerSchema) -> CustomerSchema:
    """Fields that can be, none of which is kept from the role that writes everything."""
    fields = tuple(
        replace(
            one,
            roles=one.roles and one.roles | {"service"},
            is_list=one.is_list and one.kind == "STRING",
        )
        for one in schema.fields
    )
    return replace(schema, fields=fields, retired=())


def _telling_ids(matrix: Matrix) -> Matrix:
    """A matrix in which every role reads what is PUBLIC: ids and such are never null."""
    public = frozenset({DataClass.PUBLIC})
    roles = {}
    for role, rights in matrix.roles.items():
        read = rights.given.actions.get(Action.READ, frozenset()) | public
        given = Given({**rights.given.actions, Action.READ: read}, rights.given.mask - public)
        roles[role] = replace(rights, given=given)
    return replace(matrix, roles=roles)


def is_searchable(definition: FieldDefinition) -> bool:
    """Whether a field is defined as searchable: of what is sealed, texts alone can be."""
    return definition.data_class not in SEALED or definition.kind in {"STRING", "NAME"}


def definitions(schema: TenantSchema) -> list[dict[str, Any]]:
    """The inputs that define the custom fields of a schema: searchable, those that are left."""
    return [
        {
            "key": one.key,
            "label": one.label,
            "kind": one.kind,
            "dataClass": one.data_class.value,
            "roles": sorted(one.roles) if one.roles else None,
            "stepUp": one.needs_step_up,
            "isList": one.is_list,
            "isSearchable": is_searchable(one),
        }
        for one in schema.customer_schema.fields
    ]


async def a_tenant(gateway: TestGateway, plan: Plan) -> str:
    """A new tenant with these custom fields and the shipped rules."""
    tenant = f"t-{secrets.token_hex(6)}"
    await define(gateway.as_role("admin", tenant=tenant), definitions(plan.schema))
    return tenant


async def put_in_force(gateway: TestGateway, tenant: str, matrix: Matrix) -> None:
    """Have these rules in force for a tenant."""
    text = rules_text(matrix, ALWAYS)
    await gateway.gateway.wiring.matrices.change(tenant, text, None, "tester")


def letters(count: int) -> str:
    """A canary: letters that occur nowhere else."""
    return "".join(secrets.choice(string.ascii_lowercase) for _ in range(count))


def canary(kind: str, *, is_list: bool = False) -> Any:
    """A value of a kind that occurs nowhere else, as far as the kind has such."""
    made: Mapping[str, Callable[[], Any]] = {
        "STRING": lambda: letters(16),
        "NAME": lambda: letters(16),
        "NUMBER": lambda: secrets.randbelow(10**9) + 10**9,
        "DATE": lambda: f"19{secrets.randbelow(60) + 30}-0{secrets.randbelow(7) + 2}-17",
        "BOOLEAN": lambda: True,
        "MONEY": lambda: {"amount": f"{secrets.randbelow(10**8) + 10**8}.37", "currency": "EUR"},
    }
    return [made[kind]()] if is_list else made[kind]()


def person(schema: TenantSchema) -> dict[str, Any]:
    """A `CreateProfileInput` full of canaries."""
    number = f"+1202{secrets.randbelow(10**7 - 2 * 10**6) + 2 * 10**6}"
    return {
        "name": {"given": letters(14), "family": letters(14)},
        "birthDate": canary("DATE"),
        "gender": letters(12),
        "language": "pt-BR",
        "identities": [
            {"channel": "VOICE", "value": number},
            {"channel": "EMAIL", "value": f"{letters(12)}@{letters(8)}.example"},
        ],
        "links": [{"source": letters(8), "object": letters(8), "recordId": letters(12)}],
        "custom": {
            one.key: canary(one.kind, is_list=one.is_list) for one in schema.customer_schema.fields
        },
    }
