"""What a tenant takes as the same identity, beyond the same number, address or handle.

Every identity has its **plain** name (`graph.model.identity`).  By these rules it gets a wide one
beside it, which is claimed as well: so rules can be switched on and off at any time, and everybody
is still found by their plain name.
"""

import re
from dataclasses import dataclass
from typing import Final

from graph.model.identity import IdentityName

WIDE_KINDS: Final = {"mailbox": "email", "account-number": "account"}
"""The kind of identity that each kind of wide name is of."""

_SEPARATORS: Final = re.compile(r"[\s-]")


@dataclass(frozen=True, slots=True)
class Normalising:
    """How a tenant reads identities.

    `region` (ISO 3166, two letters) completes phone numbers.  `email_providers`: what a provider
    delivers to one mailbox is one address.  `account_separators`: blanks and dashes don't tell
    account numbers apart.
    """

    region: str = "US"
    email_providers: bool = False
    account_separators: bool = False


@dataclass(frozen=True, slots=True)
class _Provider:
    """What a provider says about its addresses: `dots` don't count, others mean `domain`."""

    domain: str
    dots: bool = False


# As the providers document it: each ignores what follows a plus sign, and Google the dots as well.
_GOOGLE: Final = _Provider("gmail.com", dots=True)
_PROVIDERS: Final = {
    "gmail.com": _GOOGLE,
    "googlemail.com": _GOOGLE,
    **{
        domain: _Provider(domain)
        for domain in (
            *("outlook.com", "hotmail.com", "live.com", "fastmail.com"),
            *("proton.me", "protonmail.com"),
        )
    },
}


def wide_name(name: IdentityName, how: Normalising) -> IdentityName | None:
    """The name of a mailbox or an account, whatever it is spelt like; None where no rule holds."""
    if name.kind == "email" and how.email_providers:
        return _mailbox(name.value)
    if name.kind == "account" and how.account_separators:
        bare = _SEPARATORS.sub("", name.value)
        return IdentityName("account-number", bare) if bare else None
    return None


def _mailbox(address: str) -> IdentityName | None:
    local, _, domain = address.rpartition("@")
    provider = _PROVIDERS.get(domain)
    if provider is None:
        return None
    bare = local.partition("+")[0]
    bare = bare.replace(".", "") if provider.dots else bare
    return IdentityName("mailbox", f"{bare}@{provider.domain}") if bare else None
