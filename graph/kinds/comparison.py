"""Which custom fields tell whether two profiles are one person, and how they are compared."""

from collections.abc import Mapping
from typing import Final

from graph.model.comparison import Measure
from graph.model.custom_field import CustomerSchema, FieldDefinition
from policies.classification import DataClass

_MEASURES: Final = {
    **dict.fromkeys(("STRING", "NAME", "ALPHANUMERIC", "NUMBER", "DECIMAL"), Measure.TEXT),
    "EMAIL": Measure.EMAIL,
    "PHONE_NUMBER": Measure.PHONE,
    "DATE": Measure.DATE,
}
# Who they are and how to reach them.  What people own, suffer or do never decides who they are.
_CLASSES: Final = frozenset({DataClass.IDENTITY, DataClass.CONTACT, DataClass.DEMOGRAPHIC})


def measure_of(definition: FieldDefinition) -> Measure | None:
    """How a field is compared; None where it isn't."""
    if definition.is_live or definition.data_class not in _CLASSES:
        return None
    measure = _MEASURES.get(definition.kind)
    is_place = measure is Measure.TEXT and definition.data_class is DataClass.CONTACT
    return Measure.PLACE if is_place else measure


def compared(schema: CustomerSchema) -> Mapping[str, Measure]:
    """The fields that are compared, by where their values are kept."""
    found = ((one.kept_as, measure_of(one)) for one in schema.fields)
    return {kept_as: measure for kept_as, measure in found if measure is not None}
