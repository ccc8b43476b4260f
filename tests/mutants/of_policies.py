"""Guards of `policies`: who may do what, how sure we are of them, and how a mask looks."""

from typing import Final

from tests.mutants.breakage import Breakage

OF_POLICIES: Final = (
    Breakage(
        "a-mask-is-a-right-to-filter",
        "policies/matrix.py",
        "is_masked = action is Action.READ and data_class in self.mask",
        "is_masked = data_class in self.mask",
        ("policies/test_access_policies.py::test_a_mask_is_no_right_to_write_or_filter",),
    ),
    Breakage(
        "a-role-that-lists-nothing-gives-all",
        "policies/access/roles.py",
        'return Decision(Effect.DENY, f"no role of yours may {verb} {data_class}")',
        'return Decision(Effect.ALLOW, f"no role of yours may {verb} {data_class}")',
        (
            "policies/test_access_policies.py::test_somebody_without_a_role_gets_nothing",
            "policies/test_access_policies.py::test_a_role_denies_what_the_matrix_does_not_list",
        ),
    ),
    Breakage(
        "the-strictest-role-counts",
        "policies/access/roles.py",
        "role = min(granted,",
        "role = max(granted,",
        ("policies/test_access_policies.py::test_of_several_roles_the_loosest_right_counts",),
    ),
    Breakage(
        "reserved-fields-are-for-everybody",
        "policies/access/roles.py",
        "if question.label.is_open_to(question.asking.principal.roles):",
        "if True:",
        (
            (
                "policies/test_access_policies.py"
                "::test_a_field_with_roles_of_its_own_is_denied_to_everybody_else"
            ),
        ),
    ),
    Breakage(
        "reserved-fields-are-for-all-others",
        "policies/classification.py",
        "return self.roles is None or bool(self.roles & roles)",
        "return self.roles is None or not self.roles & roles",
        (
            (
                "policies/test_access_policies.py"
                "::test_a_field_with_roles_of_its_own_is_denied_to_everybody_else"
            ),
        ),
    ),
    Breakage(
        "who-holds-a-second-role-does-not-know-reserved-fields",
        "policies/plan.py",
        "is_reserved = not label.is_open_to(asking.principal.roles)",
        "is_reserved = not label.is_open_to(frozenset({role}))",
        (
            (
                "policies/test_plan.py::test_a_reserved_field_is_known_to_whoever_holds"
                "_one_of_its_roles_beside_one_that_hides"
            ),
        ),
    ),
    Breakage(
        "a-role-needs-no-second-factor",
        "policies/access/assurance.py",
        "if asking.assurance is not Assurance.PASSWORD:",
        "if True:",
        (
            (
                "policies/test_access_policies.py"
                "::test_a_role_that_asks_for_a_second_factor_gives_nothing_without_one"
            ),
            "graph/test_access_cases.py",
        ),
    ),
    Breakage(
        "a-second-factor-is-always-fresh",
        "policies/access/assurance.py",
        "if asking.assurance is Assurance.FRESH_SECOND_FACTOR:",
        "if asking.assurance is not Assurance.PASSWORD:",
        (
            (
                "policies/test_access_policies.py"
                "::test_a_field_that_asks_for_a_second_factor_is_denied_without_one_of_just_now"
            ),
        ),
    ),
    Breakage(
        "no-action-needs-a-fresh-factor",
        "policies/access/assurance.py",
        "elif question.action in fresh.fresh_actions and",
        "elif question.action not in fresh.fresh_actions and",
        (
            (
                "policies/test_access_policies.py"
                "::test_an_action_that_asks_for_a_second_factor_is_denied_without_one_of_just_now"
            ),
        ),
    ),
    Breakage(
        "purposes-of-a-field-are-ignored",
        "policies/access/purpose.py",
        "if label.purposes is not None and purpose not in label.purposes:",
        "if label.purposes is not None and purpose in label.purposes:",
        (
            (
                "policies/test_access_policies.py"
                "::test_a_field_with_purposes_of_its_own_is_for_them_alone"
            ),
        ),
    ),
    Breakage(
        "a-purpose-gives-every-class",
        "policies/access/purpose.py",
        "if classes is None or label.data_class in {*classes, DataClass.PUBLIC}:",
        "if True:",
        (
            (
                "policies/test_access_policies.py"
                "::test_a_purpose_gives_its_own_classes_and_what_is_public"
            ),
        ),
    ),
    Breakage(
        "consent-is-not-asked-for",
        "policies/access/purpose.py",
        "if question.standing.has_consent or question.action not in _WITH_CONSENT:",
        "if True:",
        ("policies/test_access_policies.py::test_without_consent_nothing_personal_is_given_away",),
    ),
    Breakage(
        "without-consent-data-may-be-exported",
        "policies/access/purpose.py",
        "frozenset({Action.READ, Action.EXPORT, Action.REVEAL})",
        "frozenset({Action.READ, Action.REVEAL})",
        ("policies/test_access_policies.py::test_without_consent_nothing_personal_is_given_away",),
    ),
    Breakage(
        "a-client-has-no-ceiling",
        "policies/access/client.py",
        "if classes is None or data_class in {*classes, DataClass.PUBLIC}:",
        "if True:",
        ("policies/test_access_policies.py::test_a_client_gets_no_more_than_its_ceiling",),
    ),
    Breakage(
        "consent-is-left-out-of-the-order",
        "policies/access/order.py",
        "    by_purpose,\n    by_consent,\n    by_client,",
        "    by_purpose,\n    by_client,",
        ("policies/test_access_policies.py::test_the_guards_are_asked_in_this_order",),
    ),
    Breakage(
        "the-loosest-answer-holds",
        "policies/decision.py",
        "return max(decisions, key=lambda decision: decision.effect)",
        "return min(decisions, key=lambda decision: decision.effect)",
        ("policies/test_access_policies.py::test_the_strictest_answer_holds",),
    ),
    Breakage(
        "silence-means-allow",
        "policies/decision.py",
        'return Decision(Effect.DENY, "no policy allows it")',
        'return Decision(Effect.ALLOW, "no policy allows it")',
        ("policies/test_access_policies.py::test_silence_of_all_guards_means_deny",),
    ),
    Breakage(
        "what-is-hidden-is-not-denied",
        "policies/decision.py",
        "return self.effect >= Effect.DENY",
        "return self.effect is Effect.DENY",
        ("policies/test_plan.py::test_what_is_hidden_is_denied_to_who_asks_for_it_all_the_same",),
    ),
    Breakage(
        "what-was-not-planned-is-allowed",
        "policies/plan.py",
        "return Effect.DENY if decision is None or decision.is_denied else decision.effect",
        "return Effect.ALLOW if decision is None else decision.effect",
        (
            "policies/test_plan.py::test_a_coordinate_that_was_not_planned_is_denied",
            "policies/test_reveal.py::test_an_entry_of_a_mapping_that_was_not_planned_is_left_out",
        ),
    ),
    Breakage(
        "root-fields-are-for-every-role",
        "policies/plan.py",
        "granted = matrix.operations.get(name, frozenset()) & principal.roles &",
        "granted = principal.roles &",
        ("policies/test_plan.py", "flow/test_access_rules.py"),
    ),
    Breakage(
        "a-client-calls-everything",
        "policies/plan.py",
        'return Decision(Effect.DENY, f"the client may not call {name}", "FORBIDDEN")',
        'return Decision(Effect.ALLOW, f"the client may not call {name}", "FORBIDDEN")',
        ("policies/test_plan.py::test_a_client_calls_no_more_than_its_ceiling",),
    ),
    Breakage(
        "root-fields-need-no-fresh-factor",
        "policies/plan.py",
        "if needs_fresh and asking.assurance is not Assurance.FRESH_SECOND_FACTOR:",
        "if needs_fresh and asking.assurance is Assurance.PASSWORD:",
        ("policies/test_plan.py::test_an_operation_may_need_a_second_factor_of_just_now",),
    ),
    Breakage(
        "root-fields-need-no-second-factor",
        "policies/plan.py",
        "granted = frozenset(role for role in granted if not matrix.roles[role].second_factor)",
        "granted = frozenset(granted)",
        (
            (
                "policies/test_plan.py"
                "::test_an_operation_needs_a_second_factor_where_all_its_roles_of_yours_do"
            ),
        ),
    ),
    Breakage(
        "hidden-fields-are-known",
        "policies/hiding.py",
        "return Hidden(hidden_fields(labels, asking, names),",
        "return Hidden(frozenset(),",
        ("graph/test_visible_schema.py::test_introspection_names_nothing_that_is_hidden",),
    ),
    Breakage(
        "hidden-root-fields-are-known",
        "policies/hiding.py",
        "hidden_operations(operations, asking))",
        "frozenset())",
        (
            (
                "graph/test_visible_schema.py"
                "::test_a_partner_knows_of_no_mutation_and_of_no_role_but_their_own"
            ),
        ),
    ),
    Breakage(
        "one-role-that-hides-hides-for-all",
        "policies/plan.py",
        "if roles and all(_hides(asking, role, label, names.get(coordinate)) for role in roles)",
        "if roles and any(_hides(asking, role, label, names.get(coordinate)) for role in roles)",
        ("flow/test_hidden_fields.py::test_a_known_role_beside_a_hiding_one_knows_what_it_knows",),
    ),
    Breakage(
        "inputs-for-what-is-hidden-are-known",
        "policies/hiding.py",
        "rights[role].effect(action, label.data_class, name) is Effect.ALLOW",
        "rights[role].effect(action, label.data_class, name) is not None",
        ("flow/test_hidden_fields.py::test_a_hidden_input_is_answered_as_an_unknown_one",),
    ),
    Breakage(
        "a-mask-is-the-value",
        "policies/masking.py",
        "return _mask_text(value)",
        "return value",
        ("policies/test_masking.py::test_a_mask_shows_the_kind_of_a_text",),
    ),
    Breakage(
        "a-masked-day-is-the-day",
        "policies/masking.py",
        "return date(value.year, 1, 1)",
        "return value",
        ("policies/test_masking.py::test_a_masked_day_is_the_first_of_its_year",),
    ),
    Breakage(
        "what-has-no-mask-is-shown",
        "policies/masking.py",
        "return type(value)(mask(item) for item in value)\n    return None",
        "return type(value)(mask(item) for item in value)\n    return value",
        ("policies/test_masking.py::test_what_no_typed_shape_hides_is_null",),
    ),
    Breakage(
        "masks-are-not-put-on",
        "policies/reveal.py",
        "return mask(value) if effect is Effect.MASK and not isinstance(value, Unreadable) "
        "else value",
        "return value",
        ("policies/test_reveal.py::test_what_is_masked_is_masked",),
    ),
    Breakage(
        "one-allowed-entry-shows-its-mapping",
        "policies/reveal.py",
        "    if not others:\n",
        "    if len(others) < len(values):\n",
        ("policies/test_reveal.py::test_an_entry_of_a_mapping_that_was_not_planned_is_left_out",),
    ),
    Breakage(
        "parts-are-not-revealed-in-turn",
        "policies/reveal.py",
        "        return reveal(value, plan)\n",
        "        return value\n",
        ("policies/test_reveal.py::test_a_part_is_revealed_attribute_by_attribute",),
    ),
    Breakage(
        "items-of-lists-are-not-revealed-in-turn",
        "policies/reveal.py",
        "parts = tuple(reveal(part, plan) for part in value)",
        "parts = value",
        ("policies/test_reveal.py",),
    ),
    Breakage(
        "entries-of-a-mapping-are-all-given",
        "policies/reveal.py",
        "        return _shown_mapping(value, coordinate, plan)\n",
        "        return value\n",
        ("policies/test_reveal.py::test_a_denied_entry_of_a_mapping_is_left_out",),
    ),
    Breakage(
        "what-is-denied-is-shown",
        "policies/reveal.py",
        "    if effect is Effect.DENY:\n        return None\n    if dataclasses",
        "    if dataclasses",
        ("policies/test_reveal.py::test_what_is_denied_is_null",),
    ),
    Breakage(
        "a-second-factor-never-grows-old",
        "policies/asking.py",
        "if signed_in is None or now - signed_in > matrix.assurances.fresh_s:",
        "if signed_in is None:",
        (
            (
                "policies/test_asking.py"
                "::test_a_second_factor_is_of_just_now_for_a_while_after_signing_in"
            ),
        ),
    ),
    Breakage(
        "a-password-is-a-second-factor",
        "policies/asking.py",
        "if not principal.has_second_factor:",
        "if False:",
        ("graph/test_access_cases.py", "policies/test_asking.py"),
    ),
    Breakage(
        "a-client-without-its-ceiling",
        "policies/asking.py",
        'of_client = matrix.ceilings.get(principal.client or "", Ceiling())',
        "of_client = Ceiling()",
        ("policies/test_asking.py::test_a_client_has_its_ceiling_and_its_tokens_scopes_lower_it",),
    ),
    Breakage(
        "scopes-widen-a-ceiling",
        "policies/asking.py",
        "    return one & other",
        "    return one | other",
        ("policies/test_asking.py::test_a_client_has_its_ceiling_and_its_tokens_scopes_lower_it",),
    ),
    Breakage(
        "every-purpose-may-be-said",
        "policies/asking.py",
        "if purpose in rights[role].purposes:",
        "if True:",
        ("policies/test_asking.py::test_a_purpose_is_allowed_to_the_roles_that_may_ask_for_it",),
    ),
    Breakage(
        "decisions-are-shared-by-unlike-askers",
        "policies/asking.py",
        "self.purpose, self.assurance, self.ceiling),",
        "self.purpose, self.ceiling),",
        ("policies/test_asking.py::test_requests_that_differ_in_what_decides_have_different_keys",),
    ),
    Breakage(
        "what-is-withheld-may-be-revealed",
        "policies/opening.py",
        "        if decision.is_denied:\n            return decision\n",
        "",
        (
            (
                "policies/test_opening.py"
                "::test_nothing_that_is_withheld_can_be_opened_whatever_the_right"
            ),
        ),
    ),
    Breakage(
        "people-review-their-own-emergencies",
        "policies/reviewing.py",
        "if reviewer.subject == declared_by:",
        "if False:",
        ("policies/test_reviewing.py",),
    ),
)
