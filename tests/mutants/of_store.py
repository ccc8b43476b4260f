"""Guards of the store: nobody leaves their tenant, and rules and relations are those of now."""

from typing import Final

from tests.mutants.breakage import Breakage

_ELSEWHERE: Final = ("app/test_store_rules.py::test_another_tenants_scope_finds_nothing_by_any_id",)

OF_STORE: Final = (
    Breakage(
        "profiles-are-read-of-every-tenant",
        "app/store/profiles.py",
        "        keys = [key_of(scope.tenant, one) for one in sorted(ids)]\n        found",
        "        keys = sorted(ids)\n        found",
        _ELSEWHERE,
    ),
    Breakage(
        "keys-hold-no-tenant",
        "app/store/names.py",
        'return "/".join((tenant, *parts))',
        'return "/".join(parts)',
        _ELSEWHERE,
    ),
    Breakage(
        "search-keys-hold-no-tenant",
        "app/store/search.py",
        'return f"{tenant}\\t{place.field}',
        'return f"\\t{place.field}',
        (
            "app/test_store_rules.py::test_search_keys_lie_among_those_of_their_own_tenant_alone",
            "app/test_store_rules.py::test_walking_through_a_tenant_meets_nobody_of_another",
        ),
    ),
    Breakage(
        "filters-leave-the-tenant",
        "app/store/filters.py",
        'found = {path: query for _, path, query in parts} | {"tenant": {"$eq": self.tenant}}',
        "found = {path: query for _, path, query in parts}",
        (
            (
                "app/test_store_filters.py"
                "::test_no_text_becomes_an_operator_or_a_path_or_leaves_its_tenant"
            ),
        ),
    ),
    Breakage(
        "saved-filters-are-shared-by-owners",
        "app/store/saved_filters.py",
        'found = await self._filters.find_one({"_id": key_of(tenant, owner, name)})',
        'found = await self._filters.find_one({"name": name})',
        ("flow/test_saved_filters.py::test_nobody_else_has_it",),
    ),
    Breakage(
        "saved-filters-are-listed-for-all",
        "app/store/saved_filters.py",
        'query = {"tenant": tenant, "owner": owner}',
        'query = {"tenant": tenant}',
        ("flow/test_saved_filters.py::test_nobody_else_has_it",),
    ),
    Breakage(
        "saved-filters-of-a-name-in-another-tenant",
        "app/store/saved_filters.py",
        'query = {"tenant": tenant, "owner": owner}',
        'query = {"owner": owner}',
        ("flow/test_saved_filters.py::test_nobody_else_has_it",),
    ),
    Breakage(
        "custom-fields-of-every-tenant",
        "app/store/definitions.py",
        '        documents = await self._documents({"tenant": tenant})\n',
        "        documents = await self._documents({})\n",
        ("flow/test_defining_fields.py", "app/test_schemas.py"),
    ),
    Breakage(
        "the-record-is-read-across-tenants",
        "app/store/audit.py",
        'return name, key_of(tenant, *given, "")',
        'return name, key_of("", *given, "")',
        (
            (
                "flow/test_reading_the_audit.py"
                "::test_an_officer_without_a_second_factor_or_of_another_tenant_reads_nothing"
            ),
        ),
    ),
    Breakage(
        "timelines-are-read-across-tenants",
        "app/store/timeline_keys.py",
        'return Lane(name, key_of(tenant, *parts, ""))',
        'return Lane(name, key_of("", *parts, ""))',
        ("app/test_timelines.py::test_another_tenant_sees_nothing",),
    ),
    Breakage(
        "talks-link-across-tenants",
        "app/store/timeline_keys.py",
        '    return key_of(tenant, quote(agent, safe=""))\n',
        '    return key_of("", quote(agent, safe=""))\n',
        (("app/test_store_relations.py::test_they_link_nobody_else_and_nobody_of_another_tenant"),),
    ),
    Breakage(
        "old-talks-link-for-ever",
        "app/store/relations.py",
        'return [one["owner"] for one in found if one["startedAt"] >= since]',
        'return [one["owner"] for one in found]',
        ("flow/test_access_by_relation.py::test_a_talk_that_nobody_ended_links_for_twelve_hours",),
    ),
    Breakage(
        "emergencies-do-not-end",
        "app/store/grants.py",
        'return {ACTIVE: {"$gt": f"{base}{_end(now)}{LAST}", "$lt": base + LAST}}',
        'return {ACTIVE: {"$gt": base, "$lt": base + LAST}}',
        (
            (
                "flow/test_breaking_the_glass.py::test_an_agent_who_breaks_the_glass"
                "_sees_that_customer_for_half_an_hour_and_no_other"
            ),
        ),
    ),
    Breakage(
        "emergencies-are-everybodys",
        "app/store/grants.py",
        'return key_of(tenant, quote(subject, safe=""), "")',
        'return key_of(tenant, "anybody", "")',
        ("flow/test_breaking_the_glass.py",),
    ),
    Breakage(
        "grants-are-found-in-every-tenant",
        "app/store/grants.py",
        'found = await self._grants.find_one({"_id": key_of(scope.tenant, id)})',
        'found = await self._grants.find_one({"_id": {"$regex": id + "$"}})',
        (
            (
                "flow/test_breaking_the_glass.py"
                "::test_what_is_nobodys_grant_or_another_tenants_is_not_found"
            ),
        ),
    ),
    Breakage(
        "an-unjustified-emergency-goes-on",
        "app/store/grants.py",
        "ended = (QUEUE, ACTIVE) if is_over else (QUEUE,)",
        "ended = (QUEUE,)",
        (
            (
                "flow/test_breaking_the_glass.py"
                "::test_an_emergency_that_was_none_ends_with_its_review_and_another_one_goes_on"
            ),
        ),
    ),
    Breakage(
        "people-see-their-own-emergencies-waiting",
        "app/store/grants.py",
        ', "by": {"$ne": reviewer}}',
        "}",
        ("flow/test_breaking_the_glass.py::test_others_review_it_and_nobody_their_own",),
    ),
    Breakage(
        "a-review-overwrites-another",
        "app/store/grants.py",
        'query = {"_id": key_of(scope.tenant, reviewed.id), "reviewEvent": own_or_none}',
        'query = {"_id": key_of(scope.tenant, reviewed.id)}',
        ("app/test_store_grants.py::test_of_two_who_review_at_once_the_first_one_is_kept",),
    ),
    Breakage(
        "rules-of-another-tenant",
        "app/store/access_rules.py",
        'newest = self._rules.find({"tenant": tenant}, {"revision": 1})',
        'newest = self._rules.find({}, {"revision": 1})',
        ("flow/test_access_rules.py::test_another_tenant_keeps_its_own",),
    ),
    Breakage(
        "rules-change-unseen",
        "app/store/access_rules.py",
        "if if_revision is not None and if_revision != newest:",
        "if False:",
        ("flow/test_access_rules.py::test_who_read_old_rules_changes_nothing",),
    ),
    Breakage(
        "rules-are-known-by-name-alone",
        "app/matrices.py",
        "            if rules.revision == known.revision:\n                return known\n",
        "            return known\n",
        ("flow/test_access_rules.py::test_rules_are_in_force_with_the_next_request",),
    ),
    Breakage(
        "rules-are-not-checked",
        "app/matrices.py",
        "        self._check(matrix)\n        return matrix\n",
        "        return matrix\n",
        ("flow/test_access_rules.py::test_what_are_no_rules_changes_nothing",),
    ),
    Breakage(
        "claims-are-made-by-one-index-key",
        "app/store/sealing.py",
        "        versions = self.keys.index_versions\n        return [f",
        "        versions = self.keys.index_versions[:1]\n        return [f",
        (
            (
                "app/test_index_rotation.py"
                "::test_nobody_is_two_people_where_only_one_gateway_knows_the_new_key"
            ),
        ),
    ),
    Breakage(
        "claims-stay-under-the-former-index-key",
        "app/store/index_rotation.py",
        "            await self._identities.insert_many(new, session=session)",
        "            pass",
        (
            (
                "app/test_index_rotation.py"
                "::test_everything_is_found_by_a_new_index_key_alone_and_the_former_one_is_gone"
            ),
        ),
    ),
    Breakage(
        "rules-are-half-in-force",
        "policies/asking.py",
        "*(matrix.version, matrix.revision),",
        "matrix.version,",
        (
            "flow/test_access_rules.py::test_rules_are_in_force_with_the_next_request",
            "policies/test_asking.py",
        ),
    ),
    Breakage(
        "rules-take-a-while",
        "app/matrices.py",
        "            self._fresh.expire(tenant)\n",
        "            pass\n",
        ("app/test_matrices.py::test_ones_own_change_is_in_force_before_any_time_has_passed",),
    ),
)
