"""Guards of `graph`: what is fetched, what may be sent, what runs, and what is recorded."""

from typing import Final

from tests.mutants.breakage import Breakage

OF_GRAPH: Final = (
    Breakage(
        "what-is-withheld-is-fetched",
        "graph/plan.py",
        "            if known and not self._is_readable(parent, name, known, at, in_list):\n"
        "                continue\n",
        "            if known:\n"
        "                self._is_readable(parent, name, known, at, in_list)\n",
        ("graph/test_plan.py::test_what_is_denied_is_withheld_and_not_fetched",),
    ),
    Breakage(
        "denied-custom-fields-are-fetched-by-key",
        "graph/plan.py",
        "            if self._plan.access.effect(definition.coordinate) is not Effect.DENY:\n"
        "                self._plan.fetch(definition)\n",
        "            self._plan.fetch(definition)\n",
        ("graph/test_plan.py::test_fields_without_keys_are_all_that_may_be_read",),
    ),
    Breakage(
        "denied-parts-are-opened",
        "graph/plan.py",
        "            if self._plan.access.effect(coordinate) is not Effect.DENY:\n"
        "                self._plan.attributes.add(attribute)\n",
        "            self._plan.attributes.add(attribute)\n",
        ("graph/test_plan.py::test_a_part_that_is_withheld_is_not_opened_for_what_is_made_of_it",),
    ),
    Breakage(
        "masks-are-not-told",
        "graph/plan.py",
        "if decision.effect is Effect.MASK and is_leaf:",
        "if decision.effect is Effect.HIDE and is_leaf:",
        ("graph/test_plan.py::test_an_alias_is_where_the_value_is_withheld_or_masked",),
    ),
    Breakage(
        "a-timeline-is-narrowed-by-what-is-withheld",
        "graph/plan.py",
        "if given.get(argument) is not None and decision.effect is not Effect.ALLOW:",
        "if given.get(argument) is not None and decision.effect is Effect.HIDE:",
        (
            (
                "flow/test_reading_a_timeline.py"
                "::test_nobody_narrows_a_timeline_by_what_they_may_not_read"
            ),
        ),
    ),
    Breakage(
        "denied-inputs-are-taken",
        "graph/inputs.py",
        "            if decision.effect is not Effect.ALLOW:\n",
        "            if decision.effect is None:\n",
        ("graph/test_inputs.py::test_a_role_writes_the_classes_the_matrix_gives_it",),
    ),
    Breakage(
        "inputs-in-inputs-are-not-decided",
        "graph/inputs.py",
        "            yield from self._below(field, values[name])\n",
        "",
        ("graph/test_inputs.py::test_lists_of_inputs_are_refused_by_their_own_label",),
    ),
    Breakage(
        "custom-values-are-not-decided",
        "graph/inputs.py",
        "            if key in values:\n",
        "            if key not in values:\n",
        ("graph/test_inputs.py::test_a_custom_key_is_decided_however_it_is_sent",),
    ),
    Breakage(
        "sorting-counts-as-filtering",
        "graph/inputs.py",
        "return Action.SORT if is_order else action",
        "return action",
        (
            (
                "graph/test_inputs.py"
                "::test_sorting_by_a_field_and_looking_people_up_by_it_are_two_rights"
            ),
        ),
    ),
    Breakage(
        "filtering-counts-as-reading",
        "graph/execution/operation.py",
        "action = Action.FILTER if is_query or name in FILTERING else Action.WRITE",
        "action = Action.READ if is_query or name in FILTERING else Action.WRITE",
        ("graph/test_access_cases_over_http.py", "flow/test_labels.py"),
    ),
    Breakage(
        "root-fields-are-not-decided",
        "graph/execution/operation.py",
        "        _authorise(visible, operation, document, variables, asking)\n",
        "",
        ("graph/test_inputs.py", "flow/test_access_rules.py"),
    ),
    Breakage(
        "only-the-first-root-field-is-decided",
        "graph/execution/operation.py",
        "        check.check(root.name, node, definition, variables)\n",
        "        check.check(root.name, node, definition, variables)\n        return\n",
        (
            (
                "flow/test_reading_a_profile.py"
                "::test_one_root_field_that_is_shut_shuts_the_whole_operation"
            ),
        ),
    ),
    Breakage(
        "any-purpose-is-taken",
        "graph/execution/operation.py",
        "if decision.is_denied:",
        "if False:",
        (
            (
                "flow/test_access_by_purpose.py"
                "::test_a_purpose_that_is_not_ones_own_is_refused_as_a_whole"
            ),
        ),
    ),
    Breakage(
        "who-asks-is-answered-by-the-whole-schema",
        "graph/execution/operation.py",
        "visible = schema.visible(asking)",
        "visible = schema.whole",
        ("flow/test_hidden_fields.py",),
    ),
    Breakage(
        "get-changes-things",
        "graph/execution/operation.py",
        "if request.is_read_only and operation.operation is not OperationType.QUERY:",
        "if False:",
        ("app/http/test_get_queries.py::test_a_mutation_is_refused_and_writes_nothing",),
    ),
    Breakage(
        "an-operation-has-no-deadline",
        "graph/execution/operation.py",
        "async with asyncio.timeout(limits.deadline_s):",
        "async with asyncio.timeout(None):",
        ("app/http/test_budgets.py::test_what_takes_too_long_is_stopped_and_its_work_with_it",),
    ),
    Breakage(
        "an-answer-has-any-number-of-objects",
        "graph/execution/limits.py",
        "        if self.count > self.most:\n",
        "        if self.count < 0:\n",
        ("app/http/test_budgets.py::test_objects_are_counted_up_to_the_last_that_may_be",),
    ),
    Breakage(
        "too-many-objects-are-an-answer-all-the-same",
        "graph/execution/limits.py",
        "        return self.count > self.most\n",
        "        return False\n",
        ("app/http/test_budgets.py::test_an_answer_has_no_more_objects_than_it_may",),
    ),
    Breakage(
        "a-relation-links-to-everybody",
        "graph/standings.py",
        "Standing(related.get(one, Relation.NONE), has_consent)",
        "Standing(next(iter(related.values()), Relation.NONE), has_consent)",
        (
            (
                "flow/test_access_by_relation.py"
                "::test_in_one_answer_each_customer_is_shown_as_far_as_the_agent_stands_to_them"
            ),
        ),
    ),
    Breakage(
        "consent-to-anything-is-consent",
        "graph/standings.py",
        "said = effective(consents, self._now).get(purpose)",
        "said = next(iter(effective(consents, self._now).values()), None)",
        ("flow/test_access_by_purpose.py::test_consent_to_something_else_is_none",),
    ),
    Breakage(
        "consent-that-was-taken-back-counts",
        "graph/standings.py",
        "return said is not None and worth(said, self._now) is Worth.GRANTED",
        "return said is not None",
        ("flow/test_access_by_purpose.py::test_a_consent_that_was_taken_back_counts_at_once",),
    ),
    Breakage(
        "an-agent-takes-over-a-talk",
        "graph/model/interaction.py",
        "if kept.is_vouched and not told.is_vouched:",
        "if False:",
        (
            (
                "flow/test_access_by_relation.py"
                "::test_an_agent_can_not_take_over_a_talk_that_somebody_trusted_told_of"
            ),
        ),
    ),
    Breakage(
        "resolvers-of-withheld-fields-run",
        "graph/guard.py",
        "        if coordinate not in views.denied:\n",
        "        if coordinate is not None:\n",
        ("graph/test_guard.py::test_no_resolver_runs_whose_field_is_denied_or_hidden",),
    ),
    Breakage(
        "one-view-that-gives-is-enough-below-a-profile",
        "graph/guard.py",
        "asked = (views.of(source.id),) if is_below else tuple(views.all())",
        "asked = tuple(views.all())",
        ("graph/test_guard.py::test_below_a_profile_its_own_view_decides",),
    ),
    Breakage(
        "hidden-fields-stay-in-the-schema",
        "graph/visible.py",
        "        if known.coordinate in hidden.fields:\n            yield place\n",
        "        if known.coordinate in hidden.operations:\n            yield place\n",
        ("graph/test_visible_schema.py::test_introspection_names_nothing_that_is_hidden",),
    ),
    Breakage(
        "the-customer-schema-names-hidden-fields",
        "graph/visible.py",
        "known = (item for item in definitions if item.coordinate not in hidden.fields)",
        "known = iter(definitions)",
        (
            (
                "graph/test_visible_schema.py"
                "::test_the_customer_schema_has_no_gap_where_a_field_is_hidden"
            ),
        ),
    ),
    Breakage(
        "arguments-that-narrow-by-what-is-hidden-are-known",
        "graph/visible.py",
        "            yield _TIMELINE, argument\n",
        "            yield from ()\n",
        (
            (
                "graph/test_visible_schema.py"
                "::test_what_is_hidden_of_interactions_is_no_argument_that_narrows_a_timeline"
            ),
        ),
    ),
    Breakage(
        "revealed-before-it-is-decided",
        "graph/revealing.py",
        "    if decision.is_denied:\n        raise Forbidden(_refusal(decision), decision, name)\n",
        "",
        ("flow/test_revealing_a_field.py",),
    ),
    Breakage(
        "reveals-what-is-hidden",
        "graph/revealing.py",
        "if target is None or hidden_fields(labels, context.asking, context.facts.names):",
        "if target is None:",
        (
            (
                "flow/test_revealing_a_field.py"
                "::test_what_is_hidden_is_refused_as_an_unknown_field_is_without_a_trace"
            ),
        ),
    ),
    Breakage(
        "reveals-a-part-of-what-is-hidden",
        "graph/revealing.py",
        "labels = {place: context.facts.labels[place] for place in target.path} if target else {}",
        "labels = {target.path[-1]: context.facts.labels[target.path[-1]]} if target else {}",
        (
            (
                "flow/test_revealing_a_field.py"
                "::test_what_is_hidden_is_refused_as_an_unknown_field_is_without_a_trace"
            ),
        ),
    ),
    Breakage(
        "recorded-after-it-was-revealed",
        "graph/revealing.py",
        "    event = await context.recorder.record("
        "_act(profile.id, standing, name, decision, reason))\n",
        '    event = ""\n',
        (
            "app/test_audit_away.py::test_what_can_not_be_recorded_is_not_revealed_and_not_even_read",
        ),
    ),
    Breakage(
        "an-emergency-is-not-marked",
        "graph/execution/operation.py",
        "before = Watermark(run.recorder, standing, plan, facts).mark if is_marked else None",
        "before = None",
        (
            (
                "app/test_audit_away.py"
                "::test_what_an_emergency_would_show_stays_away_while_it_can_not_be_marked"
            ),
        ),
    ),
    Breakage(
        "a-grant-holds-before-it-is-recorded",
        "graph/mutations/break_glass.py",
        "    event = await context.recorder.record(\n",
        "    await context.wiring.grants.open(declared, context.plan.access.scope)\n"
        "    event = await context.recorder.record(\n",
        ("app/test_audit_away.py::test_a_glass_that_can_not_be_recorded_stays_whole",),
    ),
    Breakage(
        "an-emergency-lasts-for-days",
        "graph/mutations/break_glass.py",
        "timedelta(minutes=context.asking.matrix.break_glass.minutes)",
        "timedelta(days=context.asking.matrix.break_glass.minutes)",
        (
            (
                "flow/test_breaking_the_glass.py::test_an_agent_who_breaks_the_glass"
                "_sees_that_customer_for_half_an_hour_and_no_other"
            ),
        ),
    ),
    Breakage(
        "an-emergency-needs-no-reason",
        "graph/mutations/break_glass.py",
        'checked_text(input.reason, "reason", LEAST_REASON)',
        'checked_text(input.reason, "reason", 0)',
        (
            (
                "flow/test_breaking_the_glass.py"
                "::test_it_takes_a_second_factor_of_just_now_a_reason_and_a_customer"
            ),
        ),
    ),
    Breakage(
        "reviewers-judge-themselves",
        "graph/mutations/review_break_glass.py",
        "    if decision.is_denied:\n",
        "    if decision is None:\n",
        ("flow/test_breaking_the_glass.py::test_others_review_it_and_nobody_their_own",),
    ),
    Breakage(
        "an-emergency-is-judged-twice",
        "graph/mutations/review_break_glass.py",
        "    if grant.verdict is not None:\n"
        '        raise Conflict("The grant was reviewed already.")\n',
        "",
        (
            (
                "flow/test_breaking_the_glass.py"
                "::test_an_emergency_is_judged_once_and_a_second_review_leaves_no_trace"
            ),
        ),
    ),
)
