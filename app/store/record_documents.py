"""Whole documents from records: what a merge puts in place of what was there."""

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import Any

from app.store.blocks import BLOCKS
from app.store.changes import Changes
from app.store.claims import shared_keys
from app.store.documents import Document, to_document
from app.store.items import identity_document
from app.store.linked import LINKED
from app.store.names import MERGED, key_of
from app.store.records import record_document
from app.store.sealing import ProfileSeal
from app.store.search import GRAMS, kept_keys
from graph.model.channel import identity_kind
from graph.model.identity import Identity, IdentityName
from graph.model.profile import Profile
from graph.model.record import CUSTOM, Record
from graph.model.search import MERGED_ID, Findable


class RecordDocuments:
    """Makes documents.

    `found` says what a profile's custom values are found by and claim, `wide` what else an identity
    is found by, by each of its indexes.
    """

    def __init__(
        self,
        changes: Changes,
        found: Callable[[Profile], Findable],
        wide: Mapping[str, Document],
    ) -> None:
        self._changes = changes
        self._found = found
        self._wide = wide

    def document(self, record: Record, seal: ProfileSeal, sealed: AbstractSet[str]) -> Document:
        """A record as it is kept; `sealed` are names of custom values that are, whatever else."""
        of_tenant = seal.of_tenant
        found = self._found(record.profile)
        found = replace(found, sealed=found.sealed | sealed)
        entries = [self._entry(item, seal) for item in record.profile.identities or ()]
        document = to_document(record.profile, entries, seal, found)
        document |= record_document(record, seal, found.sealed)
        claims = self._changes.claims(found, of_tenant)
        document |= _present("claims", claims) | _present("reserved", self._reserved(record, seal))
        if shared := shared_keys(document, of_tenant.tenant):
            document["shared"] = shared
        if record.absorbed is not None:
            document.pop("shared", None)  # nobody finds it
            document["_id"] = key_of(of_tenant.tenant, MERGED, record.id)
            key = kept_keys(of_tenant.tenant, record.id, MERGED_ID, (record.id,))
            document["search"] = {MERGED_ID.slot: key}
            document.pop(GRAMS, None)
            document.pop(BLOCKS, None)
            document.pop(LINKED, None)
        return document

    def _entry(self, identity: Identity, seal: ProfileSeal) -> Document:
        assert identity.channel  # noqa: S101 - every kept identity has one
        assert identity.value  # noqa: S101 - and this
        name = IdentityName(identity_kind(identity.channel), identity.value)
        indexes = seal.of_tenant.indexes(name)
        wide = next((self._wide[one] for one in indexes if one in self._wide), {})
        named = {"index": indexes[0], "others": indexes[1:], **wide}
        return identity_document(identity, named, seal)

    def _reserved(self, record: Record, seal: ProfileSeal) -> dict[str, list[str]]:
        """What its own values claim that lie under others'."""
        own = {
            name.removeprefix(CUSTOM): kept.value
            for name, kept in record.own.items()
            if name.startswith(CUSTOM) and kept.value is not None
        }
        claims = self._found(replace(record.profile, custom=own))
        return self._changes.claims(claims, seal.of_tenant)


def _present(name: str, values: dict[str, Any]) -> Document:
    kept = {key: value for key, value in values.items() if value}
    return {name: kept} if kept else {}
