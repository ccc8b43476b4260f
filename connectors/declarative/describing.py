"""Tells the attributes of an object."""

from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any, Final

from connectors.abilities import Attribute, ValueType
from connectors.base import Call
from connectors.declarative.asking import Asker, holds, told_of, unwritable
from connectors.declarative.document import DescribedPart, DescribePart
from connectors.declarative.encodings import Unwritable
from connectors.declarative.expressions import Expression
from connectors.declarative.records import names_of, text_of
from connectors.declarative.request_parts import RequestPart
from connectors.errors import BadPayload

_MOST_PAGES: Final = 50


async def described(
    asker: Asker, object: str, part: DescribePart, call: Call
) -> Sequence[Attribute]:
    """See `connectors.abilities.Describes`."""
    found = {own.name: _always(own) for own in part.always}
    if part.request:
        async for row in paged(
            asker, call, part.request, {"object": object}, part.select, part.next
        ):
            attribute = _attribute(asker, part, row)
            if attribute.name not in found:
                found[attribute.name] = attribute
    return [found[name] for name in sorted(found)]


async def paged(
    asker: Asker,
    call: Call,
    request: RequestPart,
    scope: Mapping[str, object],
    select: Expression,
    following: Expression | None,
) -> AsyncIterator[Any]:
    """The rows of all pages; of each page but the first, `page` is what `following` gave.

    Raises:
        BadPayload: there are more than 50 pages, or a value can't be written into a request.
    """
    page: object = None
    for _ in range(_MOST_PAGES):
        try:
            reply = await asker.ask(call, request, {**scope, "page": page})
        except Unwritable as error:
            raise unwritable(asker.source, error) from None
        for row in asker.rows(select, reply.body):
            yield row
        page = asker.found(following, told_of(reply))
        if not holds(page):
            return
    raise BadPayload(asker.source, f"there are more than {_MOST_PAGES} pages")


def _attribute(asker: Asker, part: DescribePart, row: object) -> Attribute:
    name = text_of(asker.found(part.name, row)) if isinstance(row, dict) else None
    if name is None:
        raise BadPayload(asker.source, "an attribute has no name")
    vendor_type = text_of(asker.found(part.type, row)) or ""
    return Attribute(
        name,
        text_of(asker.found(part.label, row)) or name,
        part.types.get(vendor_type, ValueType.OTHER if vendor_type else ValueType.TEXT),
        vendor_type,
        is_list=holds(asker.found(part.list, row)),
        is_writable=holds(asker.found(part.writable, row)),
        is_unique=holds(asker.found(part.unique, row)),
        is_sensitive=holds(asker.found(part.sensitive, row)),
        options=tuple(names_of(asker.found(part.options, row))),
    )


def _always(own: DescribedPart) -> Attribute:
    return Attribute(
        own.name,
        own.label or own.name,
        own.type,
        is_list=own.list,
        is_writable=own.writable,
        is_unique=own.unique,
        is_sensitive=own.sensitive,
        options=own.options,
    )
