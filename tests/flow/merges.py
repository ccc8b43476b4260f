"""Documents and questions that tests of merges share."""

from typing import Any

from tests.support.gateway import Caller

MERGE = """
mutation ($input: MergeProfilesInput!) {
  mergeProfiles(input: $input) {
    isPreview
    profile { id version state name { full } gender formerIds identities { channel value primary } }
    merge { id otherId survivals { attribute profileId reason } }
  }
}
"""
UNMERGE = """
mutation ($input: UnmergeProfilesInput!) {
  unmergeProfiles(input: $input) {
    isPreview writtenSince
    profile { id state name { full } gender formerIds identities { channel value primary } }
    restored { id state name { full } gender formerIds identities { channel value primary } }
  }
}
"""
WHOLE = """
query ($id: ID!) {
  profile(id: $id) {
    id state name { given family } birthDate gender language formerIds
    identities { channel value verified primary }
    links { source object recordId }
    fields { key value }
  }
}
"""
HISTORY = """
query ($id: ID!, $first: Int, $after: String) {
  profile(id: $id) {
    history(first: $first, after: $after) {
      edges { cursor node {
        profileId version kind
        merge { otherId survivals { attribute profileId reason } }
        changes { attribute before after masked }
      } }
      pageInfo { hasNextPage endCursor }
    }
  }
}
"""
WHO_DID = "query ($id: ID!) { profile(id: $id) { history { edges { node { by source } } } } }"


async def merge(caller: Caller, survivor: str, absorbed: str, **more: Any) -> dict[str, Any]:
    """The payload of a merge."""
    given = {"survivorId": survivor, "absorbedId": absorbed, **more}
    return (await caller.data(MERGE, {"input": given}))["mergeProfiles"]


async def unmerge(caller: Caller, absorbed: str, **more: Any) -> dict[str, Any]:
    """The payload of taking a profile out."""
    data = await caller.data(UNMERGE, {"input": {"absorbedId": absorbed, **more}})
    return data["unmergeProfiles"]


async def whole(caller: Caller, id_: str) -> dict[str, Any]:
    """What a profile shows."""
    return (await caller.data(WHOLE, {"id": id_}))["profile"]


async def history(caller: Caller, id_: str, **page: Any) -> list[dict[str, Any]]:
    """The entries of a page of history."""
    data = await caller.data(HISTORY, {"id": id_, **page})
    return [edge["node"] for edge in data["profile"]["history"]["edges"]]
