"""What a 401 says that a client can do about it (RFC 6750 and, for a second factor, RFC 9470)."""

from collections.abc import Mapping, Sequence
from typing import Any

from graph.errors import ErrorCode
from graph.execution.request import Answer

INVALID_TOKEN = 'Bearer error="invalid_token"'  # noqa: S105 - what a header says
_STEP_UP = ErrorCode.STEP_UP_REQUIRED.value


def step_up_challenge(answer: Answer, acr_values: Sequence[str]) -> str | None:
    """The `WWW-Authenticate` of an answer that a better sign-in alone would change; else None.

    That is one where every root field failed with `STEP_UP_REQUIRED`.  `acr_values` are those
    that prove a second factor to the asker's issuer.
    """
    errors: Sequence[Mapping[str, Any]] = answer.body.get("errors", ())
    if not errors or any(_extensions(error).get("code") != _STEP_UP for error in errors):
        return None
    if not _has_failed_whole(answer.body, errors):
        return None
    parts = ['Bearer error="insufficient_user_authentication"']
    if acr_values:
        parts.append(f'acr_values="{" ".join(map(_quoted, acr_values))}"')
    ages = [_extensions(error).get("maxAgeS") for error in errors]
    if limits := [age for age in ages if isinstance(age, int)]:
        parts.append(f"max_age={min(limits)}")
    return ", ".join(parts)


def _has_failed_whole(body: Mapping[str, Any], errors: Sequence[Mapping[str, Any]]) -> bool:
    data = body.get("data")
    if data is None:
        return True
    failed = {error["path"][0] for error in errors if error.get("path")}
    return all(value is None and name in failed for name, value in data.items())


def _extensions(error: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = error.get("extensions", {})
    return found


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
