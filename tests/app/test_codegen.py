"""Types for TypeScript clients: what a tenant's admin defined is typed, and wrong use is caught."""

from collections import defaultdict

import pytest

from tests.support.every_kind import fields
from tests.support.gateway import define, running_gateway
from tests.support.node import run_script
from tests.support.process import command

FIELDS = fields(
    *("note", "vip", "score", "limit", "debt", "since", "seen", "tier"),
    *("likes", "home", "spouse", "years", "pin"),
)
OPERATIONS = """
query People($where: ProfileFilter!, $orderBy: [ProfileOrder!]) {
  profiles(where: $where, orderBy: $orderBy) {
    edges { node { id custom {
      note vip score limit debt { amount currency } since seen tier likes
      home { latitude longitude } spouse { name { given } } years pin
    } } }
  }
}
mutation Keep($input: CreateProfileInput!) { createProfile(input: $input) { profile { id } } }
"""
IMPORTS = """
import type { KeepMutationVariables, PeopleQuery, PeopleQueryVariables } from './operations';

type Custom = NonNullable<PeopleQuery['profiles']['edges'][number]['node']['custom']>;
declare const custom: Custom;
"""
RIGHT = """
export const asked: PeopleQueryVariables = {
  where: {
    custom: {
      vip: { equals: true },
      score: { gte: 9, lt: 10.5 },
      note: { startsWith: 'a' },
      since: { lt: '2021-03-04' },
      debt: { gt: { amount: '5', currency: 'EUR' } },
      likes: { contains: 'tea' },
      years: { in: [1999, 2001] },
    },
    or: [{ givenName: { equals: 'ada' } }, { not: { custom: { tier: { exists: true } } } }],
  },
  orderBy: [{ custom: { score: 'ASC' } }],
};
export const kept: KeepMutationVariables = {
  input: { name: { given: 'Ada' }, custom: { vip: true } },
};

export const note: string | null = custom.note;
export const vip: boolean | null = custom.vip;
export const score: number | null = custom.score;
export const limit: string | null = custom.limit;
export const amount: string | undefined = custom.debt?.amount;
export const since: string | null = custom.since;
export const seen: string | null = custom.seen;
export const tier: string | null = custom.tier;
export const likes: readonly string[] | null = custom.likes;
export const latitude: number | undefined = custom.home?.latitude;
export const spouse: string | null | undefined = custom.spouse?.name?.given;
export const years: readonly number[] | null = custom.years;
export const pin: boolean | null = custom.pin;
"""
WRONG = [
    "export const vip: string | null = custom.vip;",
    "export const score: number = custom.score;",
    "export const years: number | null = custom.years;",
    "export const none = custom.nothing;",
    "export const pin: string | null = custom.pin;",
    "export const where: PeopleQueryVariables = { where: { custom: { vip: { equals: 'yes' } } } };",
    "export const where: PeopleQueryVariables = { where: { custom: { vip: { gt: true } } } };",
    "export const where: PeopleQueryVariables = { where: { custom: { score: { contains: 1 } } } };",
    "export const where: PeopleQueryVariables = { where: { custom: { nothing: {} } } };",
    "export const where: PeopleQueryVariables = { where: { custom: { pin: { equals: 'a' } } } };",
    "export const asked: PeopleQueryVariables = {};",
]


@pytest.fixture
async def sdl(document_server, tmp_path, tenant) -> str:
    """What `profile-gateway schema` prints for a tenant with fields of many kinds."""
    store = {"STORE__URI": document_server.uri, "STORE__DATABASE": tenant}
    async with running_gateway(document_server.uri, tmp_path, database=tenant) as gateway:
        await define(gateway.as_role("admin", tenant=tenant), FIELDS)
    ended = await command("schema", "--tenant", tenant, folder=tmp_path, **store)
    assert (ended.code, ended.err) == (0, "")
    return ended.out


async def test_types_made_of_a_tenants_schema_allow_right_use_and_catch_wrong_use(sdl, tmp_path):
    wrong = {f"wrong{number}.ts": line for number, line in enumerate(WRONG)}
    sources = {"right.ts": RIGHT, **wrong}
    for name, source in sources.items():
        (tmp_path / name).write_text(IMPORTS + source, "utf-8")
    (tmp_path / "schema.graphql").write_text(sdl, "utf-8")
    (tmp_path / "operations.graphql").write_text(OPERATIONS, "utf-8")

    given = {"FOLDER": str(tmp_path), "CHECKED": " ".join(sources)}
    told = defaultdict(list)
    for complaint in await run_script("codegen.mjs", given):
        told[complaint["file"]].append(complaint["message"])

    assert {name: told[name] for name in told.keys() - wrong.keys()} == {}
    assert {name: line for name, line in wrong.items() if name not in told} == {}
