"""Every place of a request that takes a client's value: a document, and variables with a hole."""

import json
from collections.abc import Mapping
from dataclasses import dataclass

from tests.flow.documents import ADD, CREATE, DEFINE, RECOGNISE, RECORD, UPDATE, WHO
from tests.flow.merges import MERGE, UNMERGE
from tests.support.every_kind import fields

HOLE = "@hole@"
FIELDS = [field for field in fields() if field["key"] != "years"]
_KEYS = tuple(field["key"] for field in FIELDS)
_ONE = "query ($id: ID!) { profile(id: $id) { id } }"
_LIST = """
query ($where: ProfileFilter, $orderBy: [ProfileOrder!], $first: Int, $after: String) {
  profiles(where: $where, orderBy: $orderBy, first: $first, after: $after) {
    totalCount edges { node { id } }
  }
}
"""
_KEYED = """
query ($keys: [String!]) { profiles(first: 1) { edges { node { fields(keys: $keys) { value } } } } }
"""
_RETIRE = """
mutation ($input: RetireFieldInput!) { retireField(input: $input) { customerSchema { revision } } }
"""
_PURGE = """
mutation ($input: PurgeFieldInput!) { purgeField(input: $input) { customerSchema { revision } } }
"""
_TIMELINE = """
query ($id: ID!, $after: String, $agent: ID, $since: DateTime) {
  profile(id: $id) { timeline(after: $after, agent: $agent, since: $since) { totalCount } }
}
"""
_HISTORY = """
query ($id: ID!, $after: String) {
  profile(id: $id) { history(after: $after) { edges { cursor } } }
}
"""
_QUEUE = "query ($after: String) { suggestions(after: $after) { edges { cursor } } }"
_CONSENT = """
mutation ($input: RecordConsentInput!) { recordConsent(input: $input) { profile { id } } }
"""
_PREFER = """
mutation ($input: SetPreferenceInput!) { setPreference(input: $input) { profile { id } } }
"""
_LABEL = "mutation ($input: AddLabelInput!) { addLabel(input: $input) { profile { id } } }"
_DISMISS = """
mutation ($input: DismissSuggestionInput!) { dismissSuggestion(input: $input) { profile { id } } }
"""
_CORE = {
    "name": HOLE,
    "name.given": {"name": {"given": HOLE}},
    "name.family": {"name": {"family": HOLE}},
    "birthDate": HOLE,
    "gender": HOLE,
    "language": HOLE,
    "links": HOLE,
    "links.source": {"links": [{"source": HOLE, "object": "a", "recordId": "1"}]},
    "links.object": {"links": [{"source": "crm", "object": HOLE, "recordId": "1"}]},
    "links.recordId": {"links": [{"source": "crm", "object": "a", "recordId": HOLE}]},
    "custom": HOLE,
    **{f"custom.{key}": {"custom": {key: HOLE}} for key in _KEYS},
    "custom.tags.0": {"custom": {"tags": [HOLE]}},
    "custom.likes.0": {"custom": {"likes": [HOLE]}},
    "custom.debt.amount": {"custom": {"debt": {"amount": HOLE, "currency": "EUR"}}},
    "custom.debt.currency": {"custom": {"debt": {"amount": "1", "currency": HOLE}}},
    "custom.home.latitude": {"custom": {"home": {"latitude": HOLE, "longitude": 1}}},
}
_FILTERS = {
    "id": HOLE,
    "id.in": {"id": {"in": HOLE}},
    "id.in.0": {"id": {"in": [HOLE]}},
    "state.equals": {"state": {"equals": HOLE}},
    "language.equals": {"language": {"equals": HOLE}},
    "givenName.equals": {"givenName": {"equals": HOLE}},
    "givenName.startsWith": {"givenName": {"startsWith": HOLE}},
    "givenName.contains": {"givenName": {"contains": HOLE}},
    "familyName.in.0": {"familyName": {"in": [HOLE]}},
    "familyName.exists": {"familyName": {"exists": HOLE}},
    "birthDate.lt": {"birthDate": {"lt": HOLE}},
    "createdAt.gte": {"createdAt": {"gte": HOLE}},
    "custom": HOLE,
    **{
        f"custom.{key}.equals": {"custom": {key: {"equals": HOLE}}}
        for key in _KEYS
        if key not in {"pin", "likes", "tags"}
    },
    "custom.note": {"custom": {"note": HOLE}},
    "custom.note.startsWith": {"custom": {"note": {"startsWith": HOLE}}},
    "custom.note.contains": {"custom": {"note": {"contains": HOLE}}},
    "custom.note.in": {"custom": {"note": {"in": HOLE}}},
    "custom.tags.contains": {"custom": {"tags": {"contains": HOLE}}},
    "custom.likes.in": {"custom": {"likes": {"in": HOLE}}},
    "custom.score.gt": {"custom": {"score": {"gt": HOLE}}},
    "custom.debt.lt.amount": {"custom": {"debt": {"lt": {"amount": HOLE, "currency": "EUR"}}}},
    "custom.pin.exists": {"custom": {"pin": {"exists": HOLE}}},
    "and": HOLE,
    "or.0": {"or": [HOLE]},
    "not": HOLE,
}
_DEFINITION = (
    *("key", "label", "kind", "dataClass", "id", "description", "translations", "isList"),
    *("maxValues", "choices", "minLength", "maxLength", "min", "max", "pattern", "isRequired"),
    *("default", "isUnique", "isSearchable", "channels", "position", "group", "roles", "stepUp"),
    *("retention", "source"),
)
_A_FIELD = {"key": "hostile", "label": "a", "kind": "STRING", "dataClass": "PUBLIC"}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a payload goes; `role` is who may send it."""

    document: str
    variables: str
    role: str = "service"

    def body(self, payload: str) -> bytes:
        """The request with the payload in its place."""
        variables = self.variables.replace(f'"{HOLE}"', payload)
        return f'{{"query": {json.dumps(self.document)}, "variables": {variables}}}'.encode()


def _place(document: str, variables: Mapping[str, object], role: str = "service") -> Place:
    return Place(document, json.dumps(variables), role)


def _given(name: str, at: object) -> Mapping[str, object]:
    return at if isinstance(at, dict) else {name: at}


def _inputs(document: str, valid: Mapping[str, object], role: str = "service") -> dict[str, Place]:
    places = {"": _place(document, {"input": HOLE}, role)}
    for name in valid:
        places[f".{name}"] = _place(document, {"input": {**valid, name: HOLE}}, role)
    return places


def _named(operation: str, places: Mapping[str, Place]) -> dict[str, Place]:
    return {f"{operation}{name}": place for name, place in places.items()}


def places(profile_id: str) -> dict[str, Place]:
    """By name, all that the inputs of the API have; changes are of this profile."""
    identity = {"channel": "X", "value": "hostile", "verified": False, "primary": False}
    definitions = dict.fromkeys(_DEFINITION) | _A_FIELD
    return {
        **_named("createProfile", _inputs(CREATE, {"identities": None})),
        **_named(
            "createProfile.identities",
            {
                f".{name}": _place(CREATE, {"input": {"identities": [{**identity, name: HOLE}]}})
                for name in identity
            },
        ),
        **{
            f"createProfile.{name}": _place(CREATE, {"input": _given(name, at)})
            for name, at in _CORE.items()
        },
        **_named("updateProfile", _inputs(UPDATE, {"id": profile_id, "ifVersion": None})),
        **{
            f"updateProfile.{name}": _place(
                UPDATE, {"input": {"id": profile_id, **_given(name, at)}}
            )
            for name, at in _CORE.items()
        },
        **_named(
            "addIdentity", _inputs(ADD, {"profileId": profile_id, "ifVersion": None, **identity})
        ),
        **_named("recogniseCustomer", _inputs(RECOGNISE, {"channel": "X", "value": "hostile"})),
        "identify.channel": _place(WHO, {"channel": HOLE, "value": "hostile"}),
        "identify.value": _place(WHO, {"channel": "X", "value": HOLE}),
        "profile.id": _place(_ONE, {"id": HOLE}),
        **{
            f"profiles.where.{name}": _place(_LIST, {"where": _given(name, at)})
            for name, at in _FILTERS.items()
        },
        "profiles.where": _place(_LIST, {"where": HOLE}),
        "profiles.orderBy": _place(_LIST, {"orderBy": HOLE}),
        "profiles.orderBy.0": _place(_LIST, {"orderBy": [HOLE]}),
        "profiles.orderBy.0.custom": _place(_LIST, {"orderBy": [{"custom": HOLE}]}),
        "profiles.orderBy.0.custom.note": _place(_LIST, {"orderBy": [{"custom": {"note": HOLE}}]}),
        "profiles.first": _place(_LIST, {"first": HOLE}),
        "profiles.after": _place(_LIST, {"after": HOLE}),
        "fields.keys": _place(_KEYED, {"keys": HOLE}),
        "fields.keys.0": _place(_KEYED, {"keys": [HOLE]}),
        **{
            f"defineField.{name}": _place(
                DEFINE, {"input": {**_needed(name), name: HOLE}}, role="admin"
            )
            for name in definitions
        },
        "defineField": _place(DEFINE, {"input": HOLE}, role="admin"),
        **_named("retireField", _inputs(_RETIRE, {"key": "hostile"}, role="admin")),
        **_named("purgeField", _inputs(_PURGE, {"id": "hostile", "key": "hostile"}, role="admin")),
        **_said(profile_id),
        **_merged(profile_id),
        "profile.timeline": _place(_TIMELINE, {"id": profile_id, "after": HOLE}),
        "profile.timeline.agent": _place(_TIMELINE, {"id": profile_id, "agent": HOLE}),
        "profile.timeline.since": _place(_TIMELINE, {"id": profile_id, "since": HOLE}),
        "profile.history": _place(_HISTORY, {"id": profile_id, "after": HOLE}),
        "profiles.where.labels.contains": _place(_LIST, {"where": {"labels": {"contains": HOLE}}}),
        "suggestions.after": _place(_QUEUE, {"after": HOLE}),
    }


def _said(profile_id: str) -> dict[str, Place]:
    """What is recorded of a customer."""
    called = {"profileId": profile_id, "kind": "CALL"}
    told = ("channel", "agent", "queue", "topics", "subject", "summary", "outcome", "transcript")
    more = (*told, "recording", "source", "externalId", "startedAt", "endedAt")
    consent = {"profileId": profile_id, "purpose": "marketing", "status": "DENIED"}
    parts = ("givenAt", "expiresAt", "jurisdiction", "proof")
    preferences = ("channels", "language", "timeZone", "times", "doNotContact", "exclusions")
    return {
        **_named("recordInteraction", _inputs(RECORD, {**called, **dict.fromkeys(more)})),
        **_named("recordConsent", _inputs(_CONSENT, {**consent, **dict.fromkeys(parts)})),
        **_named(
            "setPreference",
            _inputs(_PREFER, {"profileId": profile_id, **dict.fromkeys(preferences)}),
        ),
        **_named("addLabel", _inputs(_LABEL, {"profileId": profile_id, "name": "hostile"})),
    }


def _merged(profile_id: str) -> dict[str, Place]:
    """What makes profiles one, and two."""
    pair = {"survivorId": profile_id, "absorbedId": "0" * 26, "ifVersion": None}
    apart = {"absorbedId": "0" * 26, "identities": None}
    other = {"profileId": profile_id, "otherId": "0" * 26}
    return {
        **_named("mergeProfiles", _inputs(MERGE, {**pair, "choices": None, "preview": False})),
        "mergeProfiles.choices.custom": _place(
            MERGE, {"input": {**pair, "choices": {"custom": HOLE}}}
        ),
        **_named("unmergeProfiles", _inputs(UNMERGE, apart)),
        **_named("dismissSuggestion", _inputs(_DISMISS, other)),
    }


def _needed(name: str) -> Mapping[str, object]:
    """A definition to which this input matters."""
    more: Mapping[str, object] = {
        "choices": {"kind": "CHOICE"},
        "min": {"kind": "NUMBER"},
        "max": {"kind": "NUMBER"},
        "maxValues": {"isList": True},
    }.get(name, {})
    return {**_A_FIELD, **more}
