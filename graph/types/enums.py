"""Enums of the model as the schema shows them.

`graph.types.access` imports this module, so that they are registered before any type names them.
"""

import strawberry

from graph.model.channel import Channel
from graph.model.custom_field import SourceKind
from graph.model.profile import ProfileState
from policies.classification import DataClass

strawberry.enum(
    DataClass, description="How sensitive a value is; the matrix says who may do what with it."
)
strawberry.enum(Channel, description="Where a customer reaches the business.")
strawberry.enum(ProfileState, description="How well the person behind a profile is known.")
strawberry.enum(SourceKind, description="Where a value lives.")
