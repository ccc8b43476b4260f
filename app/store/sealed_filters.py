"""A filter on sealed fields, as it is looked up: by what stands for each value."""

from app.store.sealing import TenantSeal
from graph.model.filter import All, AnyOf, Condition, Filter, Not, Operator


def as_kept(where: Filter, seal: TenantSeal) -> Filter:
    """The filter with what profiles keep in place of the keys of sealed fields."""
    match where:
        case All():
            return All(tuple(as_kept(part, seal) for part in where.parts))
        case AnyOf():
            return AnyOf(tuple(as_kept(part, seal) for part in where.parts))
        case Not():
            return Not(as_kept(where.part, seal))
    if not where.place.is_sealed or where.operator is Operator.EXISTS:
        return where
    return Condition(where.place, Operator.IN, seal.asked(where.place, where.keys))
