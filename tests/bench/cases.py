"""The questions that all subjects are asked."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

TENANT = "bench"
DATABASE = "bench"
LOCAL = tuple(f"note{number}" for number in range(8))
# Key, then the kind of the field and the CRM's attribute.
LIVE = {"tier": ("STRING", "loyalty"), "score": ("NUMBER", "nps"), "since": ("DATE", "joined")}
_ASKED_FOR = 50


@dataclass(frozen=True, slots=True)
class Case:
    """A document, and how its variables are made for one customer."""

    name: str
    query: str
    by_number: bool = True

    def bodies(self, numbers: Sequence[str]) -> list[Mapping[str, Any]]:
        """Requests for different customers, who have these telephone numbers."""
        if not self.by_number:
            return [{"query": self.query}]
        return [
            {"query": self.query, "variables": {"channel": "VOICE", "value": number}}
            for number in numbers[:_ASKED_FOR]
        ]


# 30 leaves: what a desk shows when somebody calls.
STORE_IDENTIFY_30 = Case(
    "store-identify-30",
    """
    query ($channel: Channel!, $value: String!) {
      identify(channel: $channel, value: $value) {
        outcome
        profile {
          id version state createdAt updatedAt
          name { given family full }
          birthDate gender language
          identities { channel value verified primary source firstSeenAt lastSeenAt }
          links { source object recordId }
          custom { note0 note1 note2 note3 note4 note5 note6 note7 }
        }
      }
    }
    """,
)
STORE_PAGE_25 = Case(
    "store-page-25",
    """
    query {
      profiles(first: 25) {
        edges {
          cursor
          node {
            id version state name { given family full } birthDate language
            identities { channel value verified }
            custom { note0 note1 note2 }
          }
        }
        pageInfo { hasNextPage endCursor }
      }
    }
    """,
    by_number=False,
)
CRM_50MS = Case(
    "crm-50ms",
    """
    query ($channel: Channel!, $value: String!) {
      identify(channel: $channel, value: $value) {
        outcome
        profile { id name { full } custom { note0 tier score since } }
      }
    }
    """,
)
CRM_PAGE_25 = Case(
    "window",
    """
    query {
      profiles(first: 25) { edges { node { id custom { tier score since } } } }
    }
    """,
    by_number=False,
)
