"""What answers tell of a source's quota."""

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.base import Call
from connectors.runtime.budget import Budget
from connectors.runtime.call import Request, ask
from connectors.runtime.gate import Gate
from connectors.runtime.pace import USUAL_PACE
from connectors.runtime.quota import Quota, quota_of
from tests.support.scripted_http import status


@pytest.mark.parametrize(
    ("headers", "quota"),
    [
        ({"Sforce-Limit-Info": "api-usage=18/5000"}, Quota(18, 5000)),
        (
            {"Sforce-Limit-Info": "api-usage=25/5000;per-app-api-usage=17/250(appName=x)"},
            Quota(25, 5000),
        ),
        (
            {
                "X-HubSpot-RateLimit-Daily": "650000",
                "X-HubSpot-RateLimit-Daily-Remaining": "649000",
            },
            Quota(1000, 650_000),
        ),
        ({"X-Rate-Limit": "700", "X-Rate-Limit-Remaining": "699"}, Quota(1, 700)),
        ({"X-RateLimit-Total": "400", "X-RateLimit-Remaining": "400"}, Quota(0, 400)),
        ({"RateLimit-Limit": "100, 100;w=10", "RateLimit-Remaining": "40"}, Quota(60, 100)),
        ({"X-RateLimit-Limit": "5", "X-RateLimit-Remaining": "9"}, Quota(0, 5)),
        ({"X-RateLimit-Limit": "5"}, None),
        ({"X-RateLimit-Remaining": "5"}, None),
        ({"X-RateLimit-Limit": "many", "X-RateLimit-Remaining": "few"}, None),
        ({"Sforce-Limit-Info": "soon"}, None),
        ({}, None),
    ],
)
def test_the_headers_of_vendors_tell_what_is_used(headers, quota):
    assert quota_of(httpx2.Headers(headers)) == quota


@given(st.dictionaries(st.sampled_from(["x-rate-limit", "x-rate-limit-remaining"]), st.text()))
def test_nonsense_tells_nothing_and_breaks_nothing(headers):
    found = quota_of(headers)

    assert found is None or 0 <= found.used <= found.limit


async def test_a_refused_call_tells_of_the_quota_too(crm, http):
    gate = Gate("crm", http, USUAL_PACE)
    crm.play(status(429, X_Rate_Limit="700", X_Rate_Limit_Remaining="0", Retry_After="60"))

    async def asked(call):
        await ask("crm", call, Request("GET", crm.url))

    with pytest.raises(Exception, match="too many requests"):
        await gate.through(1, asked)

    assert gate.quota == Quota(700, 700)


async def test_who_does_not_listen_is_told_nothing(crm, http):
    crm.play(status(401, X_Rate_Limit="700", X_Rate_Limit_Remaining="0"))

    with pytest.raises(Exception, match="credentials are refused"):
        await ask("crm", Call(http, Budget(1)), Request("GET", crm.url))
