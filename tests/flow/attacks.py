"""Requests that are made to cost much, to break something or to learn something."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

VIEWER = "{ viewer { subject } }"
JSON = {"content-type": "application/json"}


@dataclass(frozen=True, slots=True)
class Attack:
    """One hostile request; `content` is its body as it is sent."""

    name: str
    content: bytes = b""
    headers: Mapping[str, str] = field(default_factory=lambda: JSON)
    method: str = "POST"
    target: str = "/graphql"


def all_attacks() -> list[Attack]:
    """Every payload, by name."""
    return [
        *_documents(),
        *_floods(),
        *_extremes(),
        *_curious(),
        *_variables(),
        *_bodies(),
        *_headers(),
        *_targets(),
    ]


def asking(name: str, query: object, **more: Any) -> Attack:
    """An attack by a document."""
    return Attack(name, json.dumps({"query": query, **more}).encode())


def many(text: str, count: int) -> str:
    """The text so often, each `%` replaced by a number."""
    return " ".join(text.replace("%", str(number)) for number in range(count))


def _chain(levels: int, each: str, last: str, on: str = "Profile") -> str:
    steps = (
        f"fragment F{level} on {on} {{ {each.replace('%', f'F{level + 1}')} }}"
        for level in range(levels)
    )
    return " ".join([*steps, f"fragment F{levels} on {on} {{ {last} }}"])


def _documents() -> Iterator[Attack]:
    profile = 'profile(id: "1")'
    nested = "profile { suggestions(first: 100) { %s } }"
    deep = "agreements { level }"
    for _ in range(14):
        deep = nested % deep
    yield asking("lists in lists", f"{{ {profile} {{ suggestions {{ {deep} }} }} }}")
    yield asking(
        "pages in pages",
        "{ " + "profiles(first: 100) { edges { node { timeline("
        "first: 100) { edges { node { kind id channel startedAt } } } } } } }",
    )
    yield asking(
        "a page of everything",
        "query ($n: Int) { profiles(first: $n) { edges { node { "
        + many("f%: fields { key value }", 50)
        + " } } } }",
        variables={"n": 100},
    )
    laughs = _chain(30, "...% ...%", "id")
    yield asking("laughing fragments", f"{{ {profile} {{ ...F0 }} }} {laughs}")
    yield asking(
        "laughing inline fragments",
        f"{{ {profile} {{ ...F0 }} }} " + _chain(20, "... { ...% } ... { ...% }", "id"),
    )
    yield asking(
        "laughing fields",
        f"{{ {profile} {{ ...F0 }} }} "
        + _chain(
            20, "a: suggestions { profile { ...% } } b: suggestions { profile { ...% } }", "id"
        ),
    )
    yield asking("laughs that nobody hears", f"{VIEWER} {laughs}")
    yield asking("a fragment in itself", "{ ...F } fragment F on Query { ...F }")
    yield asking(
        "two fragments in each other",
        "{ ...F } fragment F on Query { ...G } fragment G on Query { ...F }",
    )
    yield asking(
        "a circle through fields",
        f"{{ {profile} {{ ...F }} }} fragment F on Profile {{ "
        "suggestions { profile { ...F ...F } } }",
    )
    yield asking(
        "a long circle",
        "{ ...F0 } " + many("fragment F% on Query { ...F% }", 100).replace("...F", "...F1"),
    )


def _floods() -> Iterator[Attack]:
    yield asking("many aliases", f"{{ {many('a%: viewer { subject }', 150)} }}")
    yield asking("aliases in a field", f"{{ viewer {{ {many('a%: subject', 200)} }} }}")
    yield asking("the same field", f"{{ viewer {{ {'subject ' * 900} }} }}")
    yield asking("the same object", f"{{ {'viewer { subject } ' * 150} }}")
    yield asking("overlapping inline fragments", f"{{ viewer {{ {'... { subject } ' * 200} }} }}")
    yield asking(
        "overlapping fragments",
        f"{{ viewer {{ {many('...F%', 100)} }} }} "
        + many("fragment F% on Viewer { subject }", 100),
    )
    yield asking(
        "fragments that spread all others",
        "{ viewer { ...F0 } } "
        + " ".join(
            f"fragment F{one} on Viewer {{ subject {many('...F%', 20)} }}" for one in range(20)
        ),
    )
    yield asking("conflicting aliases", f"{{ viewer {{ {many('a: subject a: roles', 100)} }} }}")
    yield asking("many directives", f"{{ viewer {{ {'subject @skip(if: true) ' * 100} }} }}")
    yield asking("one directive often", f"{{ viewer {{ subject {'@skip(if: true) ' * 150} }} }}")
    yield asking("unknown directives", f"{{ viewer {{ subject {many('@d%', 400)} }} }}")
    yield asking("ten thousand directives", f"{{ viewer {{ subject {'@a' * 10_000} }} }}")
    yield asking("many root fields", f"{{ {'viewer { subject } ' * 30} }}")
    yield asking("many operations", many("query Q% { viewer { subject } }", 100))
    yield asking(
        "operations by fragments",
        many("query Q% { viewer { ...F0 } }", 50)
        + " "
        + _chain(40, "subject ...%", "subject", "Viewer"),
    )
    yield asking("many variables", f"query ({many('$v%: Int', 240)}) {VIEWER}")
    yield asking(
        "variables with defaults", f"query ({many('$v%: [[[Int]]] = [[[1]]]', 70)}) " + VIEWER
    )
    yield asking("unknown fields", f"{{ {many('field%', 250)} }}")
    yield asking("many arguments", f"{{ viewer {{ subject({many('a%: 1', 300)}) }} }}")


def _extremes() -> Iterator[Attack]:
    yield asking("deep", "{ viewer " * 200 + "{ id }" + " }" * 200)
    yield asking("deeper than a parser goes", "{ a " * 450 + "}" * 450)
    yield asking("deep lists", f"{{ profile(id: {'[' * 450}{']' * 450}) {{ id }} }}")
    yield asking(
        "deep input", "{ profiles(where: " + "{and: [" * 150 + "]}" * 150 + ") { totalCount } }"
    )
    yield asking("deep types", f"query ($v: {'[' * 450}Int{']' * 450}) {VIEWER}")
    yield asking("a long list", f"{{ profile(id: [{'1 ' * 950}]) {{ id }} }}")
    yield asking(
        "many input fields", f"{{ profiles(where: {{{many('a%: 1', 300)}}}) {{ totalCount }} }}"
    )
    yield asking(
        "the same input field", "{ profiles(where: {" + "id: {} " * 240 + "}) { totalCount } }"
    )
    yield asking("a long string", f'{{ profile(id: "{"a" * 90_000}") {{ id }} }}')
    yield asking(
        "a long escape", f'{{ profile(id: "{chr(92)}u0041{"a" * 29_000}" b: 1) {{ id }} }}'
    )
    yield asking("escapes", '{ profile(id: "' + "\\u0041" * 4_500 + '" b: 1) { id } }')
    yield asking("a block string", '{ profile(id: """' + "a\n  " * 7_000 + '""" b: 1) { id } }')
    yield asking("a long name", "{ " + "a" * 29_000 + " }")
    yield asking("a long number", "{ profiles(first: " + "9" * 29_000 + ") { totalCount } }")
    yield asking("a long fraction", "{ profiles(first: 1." + "9" * 29_000 + ") { totalCount } }")
    yield asking("a large exponent", "{ profiles(first: 1e999999999) { totalCount } }")
    yield asking("comments", "#" * 90_000 + "\n" + "{")
    yield asking("short comments", "#\n" * 14_900 + "{")
    yield asking("commas", "{" + "," * 29_000)
    yield asking("tokens", "{" * 95_000)
    yield asking("names in other scripts", "{ \uff56iewer { subject } }")
    yield asking("a zero-width name", "{ view\u200ber { subject } }")
    yield asking("a byte order mark inside", "{ \ufeffviewer { subj\ufeffect } }")
    yield asking("nothing", "")
    yield asking("blanks", " " * 90_000)
    yield asking("a NUL", "{ \0 }")


def _curious() -> Iterator[Attack]:
    yield asking(
        "introspection, often",
        "{ "
        + many(
            "a%: __schema { types { name fields { name "
            "args { name } type { name fields { name } } } } }",
            15,
        )
        + " }",
    )
    yield asking(
        "introspection, deep",
        '{ __type(name: "Profile") { ' + "fields { type { " * 5 + "name" + " } }" * 5 + " } }",
    )
    yield asking(
        "introspection by laughs",
        "{ __schema { types { ...F0 } } } "
        + _chain(15, "fields { type { ...% } }", "name", "__Type"),
    )
    yield asking("guessing", "{ viewr { subjct } profil(ids: 1) { nam } }")
    yield asking("a subscription", "subscription { profileChanged(id: 1) { id } }")
    yield asking("a schema", "type Query { a: Int }")
    yield asking("defer", "{ ... @defer { viewer { subject } } }")
    yield asking("stream", "{ viewer { roles @stream(initialCount: 0) } }")


def _variables() -> Iterator[Attack]:
    listing = "query ($v: ProfileFilter) { profiles(where: $v) { totalCount } }"
    one = "query ($v: ID!) { profile(id: $v) { id } }"
    write = "mutation ($v: CreateProfileInput!) { createProfile(input: $v) { profile { id } } }"
    deep: Any = {}
    for _ in range(300):
        deep = {"and": [deep]}
    yield asking("deep variables", listing, variables={"v": deep})
    yield asking("wide variables", listing, variables={"v": {"or": [{}] * 20_000}})
    states = {"state": {"in": ["KNOWN"] * 10_000}}
    yield asking("many enum values", listing, variables={"v": states})
    yield asking("unknown input fields", listing, variables={"v": {f"f{n}": 1 for n in range(999)}})
    yield asking("operators", listing, variables={"v": {"$where": "sleep(9999)"}})
    yield asking("an operator for text", one, variables={"v": {"$ne": None}})
    yield asking("a list for text", one, variables={"v": ["a"] * 1_900})
    yield asking(
        "many identities",
        write,
        variables={"v": {"identities": [{"channel": "VOICE", "value": "x"}] * 600}},
    )
    yield asking("a long value", write, variables={"v": {"gender": "a" * 95_000}})
    yield asking("no identities", write, variables={"v": {"identities": [None] * 1_900}})
    yield asking(
        "a large number",
        "query ($v: Int) { profiles(first: $v) { totalCount } }",
        variables={"v": 2**62},
    )
    yield asking("not the variables asked for", one, variables={f"a{n}": n for n in range(1_999)})
    yield asking("variables as a list", one, variables=[1, 2])
    yield asking("variables as text", one, variables="{}")
    yield asking("an operation's name as a number", VIEWER, operationName=7)
    yield asking("an operation's name that is long", VIEWER, operationName="a" * 90_000)
    yield asking("an operation's name with a NUL", VIEWER, operationName="\0")
    yield asking("extensions as text", VIEWER, extensions="a")
    yield asking("a hash that is none", None, documentId="sha256:" + "0" * 90_000)
    yield asking("a hash as an object", None, extensions={"persistedQuery": {"sha256Hash": {}}})
    yield asking("a hash of nothing", None, documentId="sha256:" + "0" * 64)


def _bodies() -> Iterator[Attack]:
    query = json.dumps(VIEWER).encode()
    yield Attack("no body")
    yield Attack("not JSON", b"{")
    yield Attack("NaN", b'{"query": ' + query + b', "variables": {"a": NaN}}')
    yield Attack("Infinity", b'{"query": ' + query + b', "variables": {"a": -Infinity}}')
    yield Attack("a lone surrogate", b'{"query": "{ a(b: \\"\\ud800\\") }"}')
    yield Attack(
        "a lone surrogate in a variable",
        b'{"query": ' + query + b', "variables": {"a": "\\ud800"}}',
    )
    yield Attack("not UTF-8", b'{"query": "\xff\xfe"}')
    yield Attack("a NUL in JSON", b'{"query": "\x00"}')
    yield Attack("UTF-16", '{"query": "{ viewer { subject } }"}'.encode("utf-16"))
    yield Attack("deep JSON", b"[" * 99_000)
    yield Attack("deep JSON that ends", b'{"query":' + b"[" * 40_000 + b"]" * 40_000 + b"}")
    yield Attack(
        "a huge integer", b'{"query": ' + query + b', "variables": {"a": ' + b"9" * 90_000 + b"}}"
    )
    yield Attack("a batch", b"[" + b",".join([b'{"query": ' + query + b"}"] * 1_000) + b"]")
    yield Attack("unknown entries", b'{"query": ' + query + b', "a": 1}')
    yield Attack("the same key twice", b'{"query": ' + query + b', "query": 7}')
    yield Attack("prototypes", b'{"query": ' + query + b', "__proto__": {"a": 1}}')
    yield Attack("a body that is too long", b" " * 200_000)
    yield Attack("many keys", b"{" + b",".join(b'"%d":1' % n for n in range(9_000)) + b"}")
    yield Attack("a number", b"7")
    yield Attack("null", b"null")
    yield Attack("query as a list", b'{"query": [' + query + b"]}")


def _headers() -> Iterator[Attack]:
    body = json.dumps({"query": VIEWER}).encode()
    for kind in (
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=a",
        "application/graphql",
        "application/xml",
        "application/json; charset=utf-7",
        "application/json;" + "a" * 5_000,
        "",
        "*/*",
    ):
        yield Attack(f"content type {kind[:40]!r}", body, {"content-type": kind})
    yield Attack("compressed", b"\x1f\x8b" + b"a" * 1_000, JSON | {"content-encoding": "gzip"})
    yield Attack("compressed twice", body, JSON | {"content-encoding": "br, gzip"})
    yield Attack("an answer nobody has", body, JSON | {"accept": "text/html"})
    yield Attack("many accepted types", body, JSON | {"accept": "a/b;q=0.1," * 700})
    yield Attack("a long token", body, JSON | {"authorization": "Bearer " + "a" * 9_000})
    yield Attack("a token of dots", body, JSON | {"authorization": "Bearer " + "." * 9_000})
    yield Attack("basic", body, JSON | {"authorization": "Basic YWRtaW46YWRtaW4="})


def _targets() -> Iterator[Attack]:
    yield Attack("a mutation by GET", b"", {}, "GET", "/graphql?query=mutation%7B__typename%7D")
    yield Attack("no query by GET", b"", {}, "GET")
    yield Attack("variables that are no JSON", b"", {}, "GET", "/graphql?query=%7Ba%7D&variables=a")
    yield Attack("a long query string", b"", {}, "GET", "/graphql?query=" + "%23" * 9_000)
    yield Attack(
        "many parameters",
        b"",
        {},
        "GET",
        "/graphql?" + "&".join(f"p{number}=1" for number in range(3_000)),
    )
    for method in ("PUT", "DELETE", "PATCH", "OPTIONS", "TRACE", "PROPFIND"):
        yield Attack(f"{method}", b"", {}, method)
    for path in (
        "/",
        "/graphql/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/graphql%00",
        "/.git/config",
        "/" + "a" * 9_000,
    ):
        yield Attack(f"path {path[:30]!r}", b"", {}, "GET", path)
