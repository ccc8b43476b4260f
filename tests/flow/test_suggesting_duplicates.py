
import pytest

from tests.support.gateway import running_gateway

SUGGESTIONS = """
query ($id: ID!) { profile(id: $id) { suggestions {
  profile { id name { full } } score weight agreements { attribute level weight } } } }
"""
DISMISS = """
mutation ($input: DismissSuggestionInput!) { dismissSuggestion(input: $input) {
  profile { id } other { id } } }
"""
ADA = {"name": {"given": "Ada", "family": "Lovelace"}, "birthDate": "1960-03-15"}
ADA_AGAIN = {"name": {"given": "Áda", "family": "Lovelase"}, "birthDate": "1960-03-15"}
GRACE = {"name": {"given": "Grace", "family": "Hopper"}, "birthDate": "1960-03-15"}


@pytest.fixture
async def gateway(embedded_uri, tmp_path):
    async with running_gateway(embedded_uri, tmp_path, database="suggesting") as running:
        yield running


async def _suggested(caller, profile):
    data = await caller.data(SUGGESTIONS, {"id": profile})
    return data["profile"]["suggestions"]
