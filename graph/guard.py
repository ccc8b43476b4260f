"""What the plan withholds isn't computed: its resolver doesn't run."""

from collections.abc import Callable
from typing import Any, Final, cast

from graphql import GraphQLField, GraphQLNonNull, GraphQLResolveInfo, GraphQLSchema, is_object_type

from graph.errors import Forbidden, refusal_message
from graph.facts import CUSTOM_TYPE, FieldFacts, SchemaFacts
from graph.types.custom_field import is_kept
from graph.views import Views
from policies.decision import Decision

_BACK_REFERENCE: Final = "strawberry-definition"
# Their fields are resolved on the profile itself, so that its own view is known.
_OF_PROFILE: Final = frozenset({"Profile", CUSTOM_TYPE})
_Resolver = Callable[..., Any]


def guard_resolvers(schema: GraphQLSchema, facts: SchemaFacts) -> None:
    """Let each resolver of a labelled field ask the plan first; attributes need none: reveal does.

    Below a profile the view by which it is shown decides, elsewhere all views of the operation
    together: what each of them denies isn't computed.
    """
    for item in schema.type_map.values():
        if not is_object_type(item):
            continue
        for name, field in item.fields.items():
            known = facts.fields.get((item.name, name))
            if known and field.extensions[_BACK_REFERENCE].base_resolver:
                required = isinstance(field.type, GraphQLNonNull)
                field.resolve = _guarded(
                    _resolver(field, known),
                    known.coordinate,
                    is_below=item.name in _OF_PROFILE,
                    required=f"{item.name}.{name}" if required else None,
                )


def _resolver(field: GraphQLField, known: FieldFacts) -> _Resolver:
    if known.definition and is_kept(known.definition):
        # What Strawberry does around it takes longer than everything else about such a field.
        return cast("_Resolver", field.extensions[_BACK_REFERENCE].base_resolver.wrapped_func)
    return cast("_Resolver", field.resolve)


def _guarded(
    resolve: _Resolver, coordinate: str, *, is_below: bool, required: str | None
) -> _Resolver:
    # Asked for each value of an answer: where nobody is denied the field, one look must do.
    def guarded(source: Any, info: GraphQLResolveInfo[Any], **given: Any) -> Any:  # noqa: ANN401 - as any resolver
        views: Views = info.context.views
        if coordinate not in views.denied:
            return resolve(source, info, **given)
        asked = (views.of(source.id),) if is_below else tuple(views.all())
        plans = [view.plan.access for view in asked]
        if any(coordinate not in access.denied for access in plans):
            return resolve(source, info, **given)
        return _withheld(plans[0].decisions[coordinate], required)

    return guarded


def _withheld(decision: Decision, required: str | None) -> None:
    """Null; where a field can't be null, the refusal itself.

    Raises:
        Forbidden: what it is part of is null then.
    """
    if required:
        raise Forbidden(refusal_message(decision), decision, required)
