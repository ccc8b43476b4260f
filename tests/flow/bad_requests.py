"""Requests that no client should send; whatever they hold as a value is the canary."""

import json

from tests.flow.documents import phone

CANARY = "CANARY-4711"


def create(**input: object) -> bytes:
    """The body of a createProfile."""
    query = (
        "mutation ($input: CreateProfileInput!) { createProfile(input: $input) { profile { id } } }"
    )
    return json.dumps({"query": query, "variables": {"input": input}}).encode()


def asked(query: str, **more: object) -> bytes:
    """The body of a document."""
    return json.dumps({"query": query, **more}).encode()


def nested(opening: str, closing: str, depth: int, inside: str) -> str:
    """Something inside of many pairs of brackets."""
    return opening * depth + inside + closing * depth


def billion_laughs(depth: int = 12) -> str:
    fragments = [f"fragment f{n} on Query {{ ...f{n + 1} ...f{n + 1} }}" for n in range(depth)]
    return (
        f"{{ ...f0 }} {' '.join(fragments)} fragment f{depth} on Query {{ viewer {{ subject }} }}"
    )


BODIES = {
    "nothing": b"",
    "malformed JSON": b'{"query": "' + CANARY.encode(),
    "not UTF-8": b'{"query": "\xff\xfe"}',
    "a number": b"5",
    "null": b"null",
    "a list": b"[" + asked("{ viewer { subject } }") + b"]",
    "no query": b"{}",
    "query null": b'{"query": null}',
    "query a number": b'{"query": 5}',
    "query an object": json.dumps({"query": {"a": CANARY}}).encode(),
    "variables text": asked("{ viewer { subject } }", variables=CANARY),
    "variables a list": asked("{ viewer { subject } }", variables=[CANARY]),
    "operationName a number": asked("{ viewer { subject } }", operationName=5),
    "operationName unknown": asked("query A { viewer { subject } }", operationName=CANARY),
    "extensions text": asked("{ viewer { subject } }", extensions=CANARY),
    "unknown entries": asked("{ viewer { subject } }", **{CANARY: 1}),
    "an empty document": asked(""),
    "only a fragment": asked("fragment f on Viewer { subject }"),
    "syntax": asked('{ viewer { subject } "' + CANARY),
    "an unknown field": asked("{ viewer { password } }"),
    "an unknown argument": asked(f'{{ profile(id: "x", as: "{CANARY}") {{ id }} }}'),
    "an enum that isn't": asked(f'{{ identify(channel: "{CANARY}", value: "x") {{ outcome }} }}'),
    "a literal of the wrong type": asked(f'{{ profiles(first: "{CANARY}") {{ totalCount }} }}'),
    "a variable of the wrong type": asked(
        "query ($n: Int) { profiles(first: $n) { totalCount } }", variables={"n": CANARY}
    ),
    "a missing variable": asked("query ($id: ID!) { profile(id: $id) { id } }"),
    "a number of 10^5 digits": asked("query ($n: Int) { profiles(first: $n) { totalCount } }")[:-1]
    + b', "variables": {"n": '
    + b"9" * 99_000
    + b"}}",
    "200,000 deep": b'{"query": "{ a }", "variables": ' + b"[" * 49_000 + b"]" * 49_000 + b"}",
    "NaN": b'{"query": "{ viewer { subject } }", "variables": {"n": NaN}}',
    "a lone surrogate": b'{"query": "{ viewer { subject } }", "variables": {"n": "\\ud800"}}',
    "5,000 aliases": asked("{ " + " ".join(f"a{n}: __typename" for n in range(5000)) + " }"),
    "deep nesting": asked("{ viewer " * 300),
    "a billion laughs": asked(billion_laughs()),
    "a fragment cycle": asked("{ ...a } fragment a on Query { ...b } fragment b on Query { ...a }"),
    "a subscription": asked("subscription { profileChanged { id } }"),
    "two operations, none named": asked("query A { viewer { subject } } query B { __typename }"),
    "a phone that isn't": create(identities=[{"channel": "VOICE", "value": CANARY}]),
    "a phone too short": create(identities=[{"channel": "SMS", "value": "+1202"}]),
    "an e-mail that isn't": create(identities=[{"channel": "EMAIL", "value": CANARY}]),
    "an e-mail with blanks": create(identities=[{"channel": "EMAIL", "value": "a b@x.org"}]),
    "an empty handle": create(identities=[{"channel": "X", "value": "   "}]),
    "a handle with NUL": create(identities=[{"channel": "X", "value": f"a\0{CANARY}"}]),
    "a huge handle": create(identities=[{"channel": "X", "value": CANARY * 100}]),
    "a channel that isn't": create(identities=[{"channel": CANARY, "value": "x"}]),
    "a date that isn't": create(birthDate=CANARY),
    "a date that never was": create(birthDate="1985-02-30"),
    "a birth in the future": create(birthDate="2985-02-03"),
    "a language that isn't": create(language=f"{CANARY}!"),
    "a name with NUL": create(name={"given": f"a\0{CANARY}"}),
    "a huge name": create(name={"given": CANARY * 100}),
    "a field that isn't": create(**{CANARY: 1}),
    "a custom field that isn't": create(custom={CANARY: 1}),
    "custom an operator": create(custom={"$set": CANARY}),
    "custom a list": create(custom=[CANARY]),
    "an object for text": create(gender={"$gt": CANARY}),
    "a cursor that isn't": asked(f'{{ profiles(after: "{CANARY}") {{ totalCount }} }}'),
    "a page too large": asked("{ profiles(first: 101) { totalCount } }"),
    "a page too small": asked("{ profiles(first: -1) { totalCount } }"),
    "a key that isn't": asked(
        f'{{ profiles {{ edges {{ node {{ fields(keys: ["{CANARY}"]) {{ key }} }} }} }} }}'
    ),
    "twice the same name": b'{"query": "{ viewer { subject } }", "query": {"a": 1}}',
    "a byte order mark": b"\xef\xbb\xbf" + asked("{ viewer { subject } }"),
    "UTF-16": '{"query": "{ viewer { subject } }"}'.encode("utf-16"),
    "a number beyond all": asked("query ($n: Int) { profiles(first: $n) { totalCount } }")[:-1]
    + b', "variables": {"n": 1e999}}',
    "a literal of 90,000 digits": asked(f"{{ profiles(first: {'9' * 90_000}) {{ totalCount }} }}"),
    "custom of 90,000 digits": asked(
        "mutation { createProfile(input: {custom: {tier: %s}}) { profile { id } } }"
        % ("9" * 90_000)
    ),
    "custom 400 deep": create(custom={"a": json.loads(nested("[", "]", 400, ""))}),
    "a filter 300 deep": asked(
        "query ($w: ProfileFilter) { profiles(where: $w) { totalCount } }",
        variables={"w": json.loads(nested('{"id":', "}", 300, f'"{CANARY}"'))},
    ),
    "inline fragments 600 deep": asked(nested("{ ... ", "}", 600, "{ __typename }")),
    "a list literal 900 deep": asked(
        f"{{ profiles(where: {{id: {{in: {nested('[', ']', 900, '1')}}}}}) {{ totalCount }} }}"
    ),
    "an object literal 600 deep": asked(
        f"{{ profiles(where: {nested('{a: ', '}', 600, '1')}) {{ totalCount }} }}"
    ),
    "a type 900 deep": asked(
        f"query ($a: {nested('[', ']', 900, 'Int')}) {{ viewer {{ subject }} }}"
    ),
    "fragments in a chain of 240": asked(
        "{ ...f0 } "
        + " ".join(f"fragment f{n} on Query {{ ...f{n + 1} }}" for n in range(240))
        + " fragment f240 on Query { __typename }"
    ),
    "one field 400 times": asked("{ " + "viewer { subject } " * 400 + "}"),
    "6,000 fields by fragments": asked(
        "{ ...f0 } "
        + " ".join(
            f"fragment f{n} on Query {{ a: __typename ...f{n + 1} ...f{n + 1} }}" for n in range(12)
        )
        + " fragment f12 on Query { __typename }"
    ),
    "introspection in circles": asked(
        "{ __schema { types " + nested("{ fields { type ", "} }", 5, "{ name }") + " } }"
    ),
    "a type definition": asked("type Query { a: Int }"),
    "an unknown directive": asked("{ viewer @defer { subject } }"),
    "a surrogate in a document": asked('{ profile(id: "\\uD800") { id } }'),
    "NUL in a document": asked("{ viewer \0 { subject } }"),
    "include by null": asked(
        "query ($a: Boolean!) { viewer @include(if: $a) { subject } }", variables={"a": None}
    ),
    "an enum of an object": asked(
        'query ($c: Channel!) { identify(channel: $c, value: "x") { outcome } }',
        variables={"c": {"a": CANARY}},
    ),
    "an id of an object": asked(
        "query ($i: ID!) { profile(id: $i) { id } }", variables={"i": {"$gt": CANARY}}
    ),
    "an instant that isn't": asked(
        f'{{ profiles(where: {{createdAt: {{gte: "{CANARY}"}}}}) {{ totalCount }} }}'
    ),
    "a day as a number": asked(
        "mutation { createProfile(input: {birthDate: 20210304}) { profile { id } } }"
    ),
    "a birth before anybody's": create(birthDate="1849-12-31"),
    "an e-mail of two": create(
        identities=[{"channel": "EMAIL", "value": f"a@x.org,{CANARY}@x.org"}]
    ),
    "a phone of 250 digits": create(identities=[{"channel": "VOICE", "value": "+1" + "2" * 250}]),
    "one bad identity of two": create(
        identities=[phone("+12025550143"), {"channel": "EMAIL", "value": CANARY}]
    ),
    "a link of NUL": create(links=[{"source": "crm", "object": f"{CANARY}\0", "recordId": "1"}]),
    "an empty link": create(links=[{"source": "crm", "object": "contacts", "recordId": " "}]),
    "a huge link": create(links=[{"source": "crm", "object": "contacts", "recordId": CANARY * 50}]),
    "51 links": create(
        links=[{"source": "crm", "object": "contacts", "recordId": str(n)} for n in range(51)]
    ),
}
