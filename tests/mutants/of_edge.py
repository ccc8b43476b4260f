"""Guards of the edge: HTTP, WebSocket, and where a source may be."""

from typing import Final

from tests.mutants.breakage import Breakage

_ADDRESS: Final = (
    "app/http/test_origin.py::test_whatever_headers_of_a_stranger_say_is_ignored",
    "app/http/test_origin.py::test_without_trusted_proxies_nobody_speaks_for_others",
)

_WEBHOOKS: Final = "app/http/test_webhook_admission.py"

OF_EDGE: Final = (
    Breakage(
        "a-body-may-say-any-length",
        "app/http/body.py",
        "if not _LENGTH.fullmatch(length) or int(length) > max_bytes:",
        "if False:",
        ("flow/test_bad_input.py::test_a_length_that_is_none_or_too_much_is_refused_unread",),
    ),
    Breakage(
        "a-body-may-go-on",
        "app/http/body.py",
        "            if len(body) > max_bytes:\n",
        "            if len(body) > 20 * max_bytes:\n",
        ("flow/test_bad_input.py::test_a_body_without_an_end_is_given_up_at_the_cap",),
    ),
    Breakage(
        "a-body-has-any-type",
        "app/http/body.py",
        'if media_type.strip().lower() != "application/json":',
        "if False:",
        ("flow/test_bad_input.py::test_what_is_not_plain_json_is_refused_by_its_headers",),
    ),
    Breakage(
        "a-request-holds-anything",
        "app/http/body.py",
        "if unknown := sorted(document.keys() - _KEYS):",
        "if unknown := ():",
        ("flow/test_bad_input.py",),
    ),
    Breakage(
        "a-hash-names-any-document",
        "app/http/persisted.py",
        "if asked.query is not None and asked.sha256 != _hash_of(asked.query):",
        "if False:",
        ("app/http/test_persisted_documents.py::test_a_hash_of_something_else_registers_nothing",),
    ),
    Breakage(
        "documents-need-no-trust",
        "app/http/persisted.py",
        "if self._is_required and _hash_of(query) not in self._trusted:",
        "if False:",
        (
            (
                "app/http/test_persisted_documents.py"
                "::test_where_they_are_required_nothing_else_is_answered"
            ),
        ),
    ),
    Breakage(
        "a-tenants-documents-are-everybodys",
        "app/http/persisted.py",
        "registered = self._registered.setdefault(tenant, _Registered())",
        'registered = self._registered.setdefault("", _Registered())',
        ("app/http/test_persisted_documents.py",),
    ),
    Breakage(
        "every-web-page-may-ask",
        "app/http/headers.py",
        "allow_origins=list(http.origins),",
        'allow_origins=["*"],',
        ("app/http/test_answer_headers.py::test_no_other_page_may_ask",),
    ),
    Breakage(
        "every-web-page-may-connect",
        "app/http/socket.py",
        "        if not self._is_welcome(scope):\n",
        "        if False:\n",
        ("flow/test_hostile_sockets.py::test_an_upgrade_that_may_not_be_is_refused_by_http",),
    ),
    Breakage(
        "sockets-need-no-init",
        "app/http/socket_connection.py",
        '                            raise Closing(Close.UNAUTHORIZED, "Send connection_init '
        'first.")\n',
        "                            return Init()\n",
        (
            "flow/test_hostile_sockets.py::test_a_sequence_that_breaks_the_protocol_is_closed_with_its_code",
        ),
    ),
    Breakage(
        "tokens-of-sockets-do-not-end",
        "app/http/socket_connection.py",
        "asyncio.timeout(self._gateway.authenticator.remaining_s(session))",
        "asyncio.timeout(None)",
        ("flow/test_sockets.py::test_a_token_that_ends_meanwhile_closes_the_connection_with_4401",),
    ),
    Breakage(
        "operations-of-sockets-are-not-counted",
        "app/http/socket_connection.py",
        "        self._admission.count(principal)\n",
        "",
        (
            (
                "app/http/test_socket_limits.py"
                "::test_an_operation_over_the_rate_is_an_error_and_http_is_counted_with_it"
            ),
        ),
    ),
    Breakage(
        "sockets-run-any-number-of-operations",
        "app/http/socket_connection.py",
        "if len(self._running) >= self._settings.max_operations:",
        "if False:",
        (
            (
                "app/http/test_socket_limits.py"
                "::test_one_operation_too_many_is_refused_and_the_others_are_answered"
            ),
        ),
    ),
    Breakage(
        "silent-sockets-stay",
        "app/http/socket_connection.py",
        "asyncio.timeout(self._settings.init_timeout_s)",
        "asyncio.timeout(None)",
        ("app/http/test_socket_limits.py::test_silence_is_closed_with_4408",),
    ),
    Breakage(
        "requests-are-not-counted",
        "app/http/graphql.py",
        "            self._admission.count(principal)\n",
        "",
        ("app/http/test_admission.py::test_one_too_many_is_a_429_that_says_when_to_come_again",),
    ),
    Breakage(
        "everybody-has-one-bucket",
        "app/http/admission.py",
        "key = (principal.tenant, principal.subject)",
        'key = ("", principal.subject)',
        (
            (
                "app/http/test_admission.py"
                "::test_others_of_the_tenant_and_the_same_name_elsewhere_are_not_concerned"
            ),
        ),
    ),
    Breakage(
        "the-highest-rate-counts",
        "app/http/admission.py",
        "return min(own, key=lambda rate: (rate.per_minute, rate.burst), default=self._general)",
        "return max(own, key=lambda rate: (rate.per_minute, rate.burst), default=self._general)",
        ("app/http/test_admission.py::test_a_role_may_have_a_rate_and_the_lowest_counts",),
    ),
    Breakage(
        "refused-tokens-are-not-counted",
        "app/http/admission.py",
        "            self._failures.take(peer)\n",
        "",
        ("app/http/test_admission.py::test_refused_tokens_of_one_address_are_counted",),
    ),
    Breakage(
        "webhooks-come-as-often-as-they-like",
        "app/http/webhooks.py",
        "            admission.count(sender)\n",
        "            pass\n",
        (f"{_WEBHOOKS}::test_one_too_many_of_an_address_is_a_429_that_says_when_to_come_again",),
    ),
    Breakage(
        "unsigned-webhooks-are-not-counted",
        "app/http/webhooks.py",
        "            admission.refused(sender)\n",
        "",
        (f"{_WEBHOOKS}::test_what_is_not_signed_counts_whatever_its_source",),
    ),
    Breakage(
        "many-addresses-may-try-a-source",
        "app/http/webhook_admission.py",
        "            self._strangers.take(source)\n",
        "            pass\n",
        (f"{_WEBHOOKS}::test_many_addresses_that_never_signed_are_no_more_than_one",),
    ),
    Breakage(
        "strangers-keep-out-who-has-signed",
        "app/http/webhook_admission.py",
        "is_stranger = sender not in self._signers",
        "is_stranger = True",
        (f"{_WEBHOOKS}::test_who_has_signed_is_kept_out_by_nobody_who_has_not",),
    ),
    Breakage(
        "a-bucket-never-empties",
        "app/http/rate.py",
        "return max(0, missing_ns - (rate.burst - 1) * rate.interval_ns)",
        "return 0",
        ("app/http/test_rate.py::test_after_a_pause_the_whole_burst_is_there_and_not_one_more",),
    ),
    Breakage(
        "everybody-speaks-for-others",
        "app/http/origin.py",
        "if peer is None or not self._is_trusted(peer):",
        "if peer is None:",
        _ADDRESS,
    ),
    Breakage(
        "the-first-hop-is-believed",
        "app/http/origin.py",
        "for hop in reversed([hop.strip() for hop in hops if hop.strip()]):",
        "for hop in [hop.strip() for hop in hops if hop.strip()]:",
        (
            (
                "app/http/test_origin.py"
                "::test_the_address_is_the_peers_or_the_last_hop_that_no_proxy_of_ours_is"
            ),
        ),
    ),
    Breakage(
        "of-two-certificates-the-first-counts",
        "app/http/origin.py",
        "return _certificate(given[0]) if len(given) == 1 else None",
        "return _certificate(given[0]) if given else None",
        ("app/http/test_origin.py::test_a_hostile_certificate_of_a_proxy_is_none",),
    ),
    Breakage(
        "sources-may-be-in-private-networks",
        "connectors/runtime/addresses.py",
        "return all(_is_public(one) for one in (address, inner))",
        "return True",
        ("connectors/test_network.py::test_a_source_is_not_in_a_private_network",),
    ),
    Breakage(
        "addresses-within-addresses-are-not-looked-at",
        "connectors/runtime/addresses.py",
        "    inner = _inner(address)\n    if any",
        "    inner = address\n    if any",
        ("connectors/test_network.py::test_an_address_within_another_is_looked_at_as_what_it_is",),
    ),
    Breakage(
        "metadata-of-clouds-may-be-asked",
        "connectors/runtime/addresses.py",
        "    if any(address in network for network in _SPECIAL):\n        return False\n",
        "",
        ("connectors/test_network.py::test_a_source_is_not_in_a_private_network",),
    ),
    Breakage(
        "names-are-resolved-again",
        "connectors/runtime/network.py",
        "                    str(address), port, share_s, local_address, socket_options\n",
        "                    host, port, share_s, local_address, socket_options\n",
        (
            (
                "connectors/test_network.py"
                "::test_a_name_is_resolved_once_and_the_address_that_was_checked_is_taken"
            ),
        ),
    ),
    Breakage(
        "addresses-are-not-checked",
        "connectors/runtime/network.py",
        "allowed = [one for one in addresses if is_allowed(one, self._networks)]",
        "allowed = addresses",
        (
            (
                "connectors/test_network.py"
                "::test_whatever_leads_to_this_machine_is_refused_and_never_asked"
            ),
        ),
    ),
    Breakage(
        "clients-follow-redirects",
        "connectors/runtime/client.py",
        "follow_redirects=False",
        "follow_redirects=True",
        ("connectors/test_client.py::test_redirects_are_not_followed",),
    ),
    Breakage(
        "calls-follow-redirects",
        "connectors/runtime/call.py",
        "follow_redirects=False",
        "follow_redirects=True",
        ("connectors/test_network.py::test_redirects_to_elsewhere_are_not_followed",),
    ),
)
