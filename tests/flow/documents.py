"""What callers send in several of these tests."""

from typing import Any

from tests.support.gateway import Caller

WHO = """
query ($channel: Channel! = VOICE, $value: String!) {
  identify(channel: $channel, value: $value) { outcome profile { id } }
}
"""
RECOGNISE = """
mutation ($input: RecogniseCustomerInput!) {
  recogniseCustomer(input: $input) { outcome profile { id state } }
}
"""
CREATE = """
mutation ($input: CreateProfileInput!) { createProfile(input: $input) { profile { id version } } }
"""
UPDATE = """
mutation ($input: UpdateProfileInput!) { updateProfile(input: $input) { profile { id version } } }
"""
ADD = """
mutation ($input: AddIdentityInput!) {
  addIdentity(input: $input) { profile { version identities { channel value } } }
}
"""
REMOVE = """
mutation ($input: RemoveIdentityInput!) {
  removeIdentity(input: $input) { profile { version identities { channel value } } }
}
"""
DEFINE = """
mutation ($input: DefineFieldInput!) {
  defineField(input: $input) { field { key kind dataClass version } customerSchema { revision } }
}
"""


def phone(number: str, channel: str = "VOICE") -> dict[str, Any]:
    """An identity as it is sent."""
    return {"channel": channel, "value": number}


async def owner(caller: Caller, number: str) -> str | None:
    """The id of the profile that a number names."""
    found = (await caller.data(WHO, {"value": number}))["identify"]["profile"]
    return found and found["id"]


RECORD = """
mutation ($input: RecordInteractionInput!) {
  recordInteraction(input: $input) { interaction { id } }
}
"""
