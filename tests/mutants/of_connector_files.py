"""What a connector's file may say, and what a value can do where the file puts it."""

from typing import Final

from tests.mutants.breakage import Breakage

_FILES: Final = "connectors/declarative/"
_TESTS: Final = "connectors/declarative/"
_CONNECTOR: Final = f"{_TESTS}test_connector.py::"

OF_CONNECTOR_FILES: Final = (
    Breakage(
        "files-may-hold-secrets",
        f"{_FILES}request_parts.py",
        'if not any("secret" in template.names for template in self.templates):',
        "if not self.templates:",
        (f"{_TESTS}test_loading.py",),
    ),
    Breakage(
        "files-may-say-host",
        f"{_FILES}request_parts.py",
        "if name.lower() in _OURS:",
        "if name.lower() in ():",
        (f"{_TESTS}test_loading.py",),
    ),
    Breakage(
        "names-in-templates-are-not-checked",
        f"{_FILES}loading.py",
        "for name in sorted(found.names - allowed if found else ()):",
        "for name in sorted(()):",
        (f"{_TESTS}test_loading.py",),
    ),
    Breakage(
        "aliases-are-read",
        f"{_FILES}reading.py",
        "if self.check_event(yaml.AliasEvent):",
        "if self.check_event():",
        (f"{_TESTS}test_reading.py", f"{_TESTS}test_loading.py"),
    ),
    Breakage(
        "a-value-adds-segments-to-a-path",
        f"{_FILES}requests.py",
        'return quote(text, safe="")',
        'return quote(text, safe="/?#")',
        (f"{_CONNECTOR}test_no_key_changes_the_address",),
    ),
    Breakage(
        "a-value-climbs-in-a-path",
        f"{_FILES}requests.py",
        'if path is None or not _ELSEWHERE.isdisjoint(path.split("/")):',
        "if path is None:",
        (f"{_CONNECTOR}test_no_key_changes_the_address",),
    ),
    Breakage(
        "a-value-splits-a-header",
        f"{_FILES}requests.py",
        "if not all(map(is_plain, made.values())):",
        "if not all(made.values()):",
        (f"{_CONNECTOR}test_a_header_can_not_be_split",),
    ),
    Breakage(
        "a-comma-makes-two-keys-of-one",
        f"{_FILES}encodings.py",
        'if any("," in part for part in parts):',
        "if not parts:",
        (
            (
                "connectors/test_zendesk.py"
                "::test_one_key_that_no_list_can_hold_does_not_cost_the_others"
            ),
        ),
    ),
    Breakage(
        "strangers-prove-absence",
        f"{_FILES}fetching.py",
        "if strangers(answers, names):",
        "if strangers(answers, names) and not answers:",
        (f"{_CONNECTOR}test_a_stranger_in_the_answer_makes_a_missing_record_doubtful",),
    ),
    Breakage(
        "half-an-answer-proves-absence",
        f"{_FILES}fetching.py",
        "if complete and not holds(self.asker.found(complete, told)):",
        "if complete and holds(None):",
        (f"{_CONNECTOR}test_an_answer_that_is_not_complete_says_nothing_of_what_is_missing",),
    ),
    Breakage(
        "any-webhook-is-believed",
        f"{_FILES}webhooks.py",
        'if not hmac.compare_digest(f"{part.prefix}{right}".encode(), given.encode()):',
        'if not f"{part.prefix}{right}".encode():',
        ("connectors/test_zendesk.py",),
    ),
    Breakage(
        "old-webhooks-are-believed",
        f"{_FILES}webhooks.py",
        "if off_s > part.max_age_s:",
        "if off_s > part.max_age_s * 1000:",
        ("connectors/test_zendesk.py",),
    ),
    Breakage(
        "webhooks-are-believed-without-a-secret",
        f"{_FILES}webhooks.py",
        "if not settings.webhook_secret:",
        "if settings.webhook_secret is None:",
        ("connectors/test_zendesk.py::test_no_webhook_is_believed_without_a_secret",),
    ),
    Breakage(
        "any-password-of-a-webhook-will-do",
        f"{_FILES}webhooks.py",
        "if not right or not hmac.compare_digest(right.encode(), given.encode()):",
        "if not right:",
        ("connectors/test_pipedrive.py",),
    ),
    Breakage(
        "writes-that-a-source-can-not-guard-are-sent",
        f"{_FILES}writing.py",
        "if if_match is not None and not write.minds_the_state:",
        'if if_match is None and "if_match" not in ():',
        (f"{_CONNECTOR}test_what_a_source_can_not_promise_is_not_written",),
    ),
    Breakage(
        "tokens-travel-without-tls",
        f"{_FILES}credentials.py",
        'if not url.startswith("https://"):',
        'if not url.startswith("http"):',
        (f"{_TESTS}test_credentials.py",),
    ),
    Breakage(
        "an-existing-connector-is-overwritten",
        "app/cli_connector.py",
        'with path.open("x", encoding="utf-8") as file:',
        'with path.open("w", encoding="utf-8") as file:',
        ("app/test_cli_connector.py::test_a_file_that_is_there_is_left_as_it_is",),
    ),
)
