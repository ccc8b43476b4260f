"""Plans: what is asked, what is withheld, and that nothing else is fetched."""

from dataclasses import replace

import pytest

from graph.errors import BadInput
from graph.plan import Withheld
from policies.decision import Decision, Effect
from policies.matrix import FieldRights
from tests.graph.planning import MATRIX, planned

PROFILE = "{{ profile(id: 1) {{ {} }} }}"
ALL_STORED = {"custom.TIER", "custom.ACCOUNT"}
NO_LINKS = Decision(Effect.DENY, "no role of yours may READ INTERNAL", rule="by_role")
NO_HEALTH = Decision(Effect.DENY, "no role of yours may READ SENSITIVE", rule="by_role")


def fetched(selection, variables=None, role="agent"):
    """The attributes that a selection of a profile fetches."""
    return planned(PROFILE.format(selection), variables, role=role).attributes


def withheld(*path, field, decision, in_list=False):
    """An entry of `DocumentPlan.withheld`."""
    return path, Withheld(path, field, decision, in_list)


def test_only_what_is_selected_is_fetched():
    plan = planned(PROFILE.format("id name { given } birthDate"))

    assert plan.attributes == {"id", "name", "name.given", "birth_date"}
    assert plan.live == {}
    assert plan.withheld == {}
    assert plan.masked == set()


def test_a_document_that_selects_no_profile_fetches_nothing():
    plan = planned("{ viewer { subject } customerSchema { fields { key } } __typename }")

    assert plan.attributes == set()
    assert plan.live == {}


def test_introspection_fetches_nothing():
    plan = planned('{ __schema { types { name } } __type(name: "Profile") { name } }')

    assert plan.attributes == set()


def test_names_of_types_fetch_nothing():
    assert fetched("__typename name { __typename }") == {"name"}


def test_what_is_denied_is_withheld_and_not_fetched():
    plan = planned(PROFILE.format("id links { source }"))

    assert plan.attributes == {"id"}
    assert plan.withheld == dict(
        [withheld("profile", "links", field="Profile.links", decision=NO_LINKS)]
    )


def test_an_alias_is_where_the_value_is_withheld_or_masked():
    plan = planned(
        "{ who: profile(id: 1) { records: links { source } how: identities { is: value } } }"
    )

    assert [*plan.withheld] == [("who", "records")]
    assert plan.withheld["who", "records"].field == "Profile.links"
    assert plan.masked == {("who", "how", "is")}


def test_two_aliases_of_one_denied_field_are_withheld_each():
    plan = planned(PROFILE.format("a: links { source } b: links { object }"))

    assert [*plan.withheld] == [("profile", "a"), ("profile", "b")]


def test_a_masked_object_masks_its_leaves():
    plan = planned(PROFILE.format("name { given family full }"), role="assistant")

    assert plan.attributes == {"name", "name.given", "name.family"}
    assert plan.masked == {("profile", "name", part) for part in ("given", "family", "full")}


def test_a_part_that_is_withheld_is_not_opened_for_what_is_made_of_it():
    agent = MATRIX.roles["agent"]
    strict = replace(agent, fields={"PersonName.given": FieldRights()})
    matrix = replace(MATRIX, roles={**MATRIX.roles, "agent": strict}, revision=1)

    plan = planned(PROFILE.format("name { full }"), matrix=matrix)

    assert plan.attributes == {"name", "name.family"}


def test_paths_in_lists_have_no_index_and_say_that_they_stand_for_each_item():
    plan = planned("{ profiles { edges { node { id links { source } identities { source } } } } }")

    path = ("profiles", "edges", "node")
    assert plan.withheld == dict(
        [
            withheld(*path, "links", field="Profile.links", decision=NO_LINKS, in_list=True),
            withheld(
                *(*path, "identities", "source"),
                field="Identity.source",
                decision=NO_LINKS,
                in_list=True,
            ),
        ]
    )


def test_a_list_below_a_single_profile_stands_for_each_item_too():
    plan = planned(PROFILE.format("identities { source }"))

    assert plan.withheld["profile", "identities", "source"].in_list


def test_fragments_are_read_where_they_are_spread():
    plan = planned(
        """
        { a: profile(id: 1) { ...Who } b: profile(id: 2) { ...Deep } }
        fragment Who on Profile { birthDate links { source } }
        fragment Deep on Profile { ...Who gender }
        """
    )

    assert plan.attributes == {"birth_date", "gender"}
    assert [*plan.withheld] == [("a", "links"), ("b", "links")]


def test_inline_fragments_are_read_with_and_without_a_type():
    assert fetched("... on Profile { gender ... { language } }") == {"gender", "language"}


def test_selections_of_one_answer_name_are_read_together():
    plan = planned(
        """
        {
          profile(id: 1) { name { given } identities { value } }
          profile(id: 1) { name { family } identities { source } birthDate }
        }
        """
    )

    assert plan.attributes == {
        *("name", "name.given", "name.family", "birth_date"),
        *("identities", "identities.value"),
    }
    assert plan.masked == {("profile", "identities", "value")}
    assert [*plan.withheld] == [("profile", "identities", "source")]


def test_a_field_selected_twice_is_withheld_once():
    plan = planned("{ profile(id: 1) { links { source } } profile(id: 1) { links { object } } }")

    assert [*plan.withheld] == [("profile", "links")]


@pytest.mark.parametrize(
    ("directives", "is_read"),
    [
        ("", True),
        ("@include(if: true)", True),
        ("@include(if: false)", False),
        ("@skip(if: true)", False),
        ("@skip(if: false)", True),
        ("@include(if: true) @skip(if: true)", False),
        ("@include(if: false) @skip(if: false)", False),
        ("@include(if: true) @skip(if: false)", True),
    ],
)
@pytest.mark.parametrize(
    "selection",
    ["birthDate {}", "... {} {{ birthDate }}", "... on Profile {} {{ birthDate }}", "...F {}"],
)
def test_a_literal_includes_or_skips(selection, directives, is_read):
    fragment = "fragment F on Profile { birthDate }" if "...F" in selection else ""
    document = PROFILE.format(f"id {selection.format(directives)}") + fragment

    assert planned(document).attributes == ({"id", "birth_date"} if is_read else {"id"})


@pytest.mark.parametrize(
    ("declared", "sent", "is_true"),
    [
        ("Boolean!", {"b": True}, True),
        ("Boolean!", {"b": False}, False),
        ("Boolean! = true", {}, True),
        ("Boolean! = true", {"b": False}, False),
        ("Boolean = false", {}, False),
        ("Boolean = false", {"b": True}, True),
    ],
)
def test_a_variable_or_its_default_includes_or_skips(declared, sent, is_true):
    document = """
    query ($b: %s) {
      profile(id: 1) { birthDate @include(if: $b) gender @skip(if: $b) ...F @include(if: $b) }
    }
    fragment F on Profile { language }
    """

    plan = planned(document % declared, sent)

    assert plan.attributes == ({"birth_date", "language"} if is_true else {"gender"})


def test_what_is_skipped_is_neither_withheld_nor_masked():
    plan = planned(PROFILE.format("id links @skip(if: true) { source } identities { channel }"))

    assert plan.withheld == {}
    assert plan.masked == set()


def test_a_skipped_root_fetches_nothing():
    document = "query ($b: Boolean!) { profile(id: 1) @include(if: $b) { birthDate } }"

    assert planned(document, {"b": False}).attributes == set()


def test_of_several_operations_only_the_chosen_one_is_read():
    document = "query A { profile(id: 1) { gender } } query B { profile(id: 1) { language } }"

    assert planned(document, name="B").attributes == {"language"}


def test_a_mutation_fetches_what_its_answer_selects():
    plan = planned(
        "mutation { updateProfile(input: {id: 1}) { profile { version links { source } } } }"
    )

    assert plan.attributes == {"version"}
    assert [*plan.withheld] == [("updateProfile", "profile", "links")]


def test_a_typed_custom_field_is_fetched_alone():
    plan = planned(PROFILE.format("custom { _keys tier }"))

    assert plan.attributes == {"custom.TIER"}
    assert plan.live == {}


def test_a_denied_custom_field_is_withheld_and_neither_fetched_nor_asked():
    plan = planned(PROFILE.format("custom { health debt }"))

    assert plan.attributes == set()
    assert plan.live == {}
    assert plan.withheld == dict(
        [
            withheld(*("profile", "custom", key), field=f"CustomFields.{key}", decision=NO_HEALTH)
            for key in ("health", "debt")
        ]
    )


def test_a_live_field_is_asked_of_its_source_and_not_of_the_store():
    plan = planned(PROFILE.format("custom { score }"))

    assert plan.attributes == set()
    assert [*plan.live] == ["SCORE"]


def test_a_masked_live_field_is_asked_and_masked():
    plan = planned(PROFILE.format("custom { limit account }"))

    assert plan.attributes == {"custom.ACCOUNT"}
    assert [*plan.live] == ["LIMIT"]
    assert plan.masked == {("profile", "custom", "limit"), ("profile", "custom", "account")}


def test_a_skipped_live_field_is_not_asked():
    assert planned(PROFILE.format("custom { score @skip(if: true) }")).live == {}


def test_fields_without_keys_are_all_that_may_be_read():
    plan = planned(PROFILE.format("fields { key value }"))

    assert plan.attributes == ALL_STORED
    assert [*plan.live] == ["SCORE", "LIMIT"]
    assert plan.withheld == {}


@pytest.mark.parametrize("sent", [{}, {"keys": None}])
def test_fields_with_a_variable_nobody_sent_are_all_that_may_be_read(sent):
    document = "query ($keys: [String!]) { profile(id: 1) { fields(keys: $keys) { key } } }"

    plan = planned(document, sent)

    assert plan.attributes == ALL_STORED
    assert [*plan.live] == ["SCORE", "LIMIT"]


@pytest.mark.parametrize(
    ("keys", "stored", "live"),
    [
        ("null", ALL_STORED, ["SCORE", "LIMIT"]),
        ("[]", set(), []),
        ('["tier"]', {"custom.TIER"}, []),
        ('"tier"', {"custom.TIER"}, []),
        ('["score", "tier", "score"]', {"custom.TIER"}, ["SCORE"]),
        ('["health", "debt"]', set(), []),
    ],
)
def test_fields_with_literal_keys_are_those_that_may_be_read(keys, stored, live):
    plan = planned(PROFILE.format(f"fields(keys: {keys}) {{ value }}"))

    assert (plan.attributes, [*plan.live]) == (stored, live)


def test_fields_with_a_variable_are_those_it_names():
    document = """
    query ($keys: [String!] = ["account"], $one: String!) {
      profile(id: 1) { a: fields(keys: $keys) { key } b: fields(keys: [$one]) { key } }
    }
    """

    assert planned(document, {"one": "tier"}).attributes == ALL_STORED
    assert planned(document, {"one": "tier", "keys": ["score"]}).attributes == {"custom.TIER"}


def test_fields_of_a_key_nobody_defined_are_refused():
    with pytest.raises(BadInput) as refused:
        fetched('fields(keys: ["tier", "secret"]) { key }')

    assert str(refused.value) == "fields: one of the keys isn't defined; see customerSchema."


def test_skipped_fields_of_a_key_nobody_defined_are_no_matter():
    assert fetched('id fields(keys: ["secret"]) @skip(if: true) { key }') == {"id"}


def test_who_may_read_more_is_planned_more():
    selection = "id links { source } custom { health debt }"

    plan = planned(PROFILE.format(selection), role="privacy_officer")

    assert plan.attributes == {"id", "links", "custom.HEALTH"}
    assert [*plan.live] == ["DEBT"]
    assert (plan.withheld, plan.masked) == ({}, set())
