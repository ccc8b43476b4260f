"""A resolver whose field is withheld doesn't run, whatever it would do by itself."""

from types import SimpleNamespace
from typing import Any

import pytest
from graphql import GraphQLNonNull, is_object_type

from graph.errors import Forbidden
from graph.guard import guard_resolvers
from graph.model.custom_field import CustomerSchema
from graph.schema import TenantSchema
from graph.views import View, Views
from policies.decision import Decision, Effect
from policies.plan import AccessPlan, Scope
from policies.standing import Relation, Standing
from tests.graph.planning import FIELDS, a_field

ADA = SimpleNamespace(id="ADA")
TALKING = Standing(Relation.CONVERSATION)


class Counted:
    """A schema whose resolvers count their calls and do nothing else."""

    def __init__(self) -> None:
        schema = TenantSchema(CustomerSchema(1, (*FIELDS, a_field("FRIEND", kind="REFERENCE"))))
        self.facts, self.graphql = schema.facts, schema.graphql
        self.calls: list[str] = []
        for place in self.places():
            field = self.field(place)
            field.resolve = self._counting(place)
            type_, _, name = place.partition(".")
            if self.facts.fields[type_, name].definition:  # its resolver is this schema's own
                resolver = field.extensions["strawberry-definition"].base_resolver
                resolver.__dict__["wrapped_func"] = self._counting(place)
        guard_resolvers(self.graphql, self.facts)

    def places(self) -> list[str]:
        """Every labelled field with a resolver of its own, such as `Profile.history`."""
        return [
            f"{item.name}.{name}"
            for item in self.graphql.type_map.values()
            if is_object_type(item) and not item.name.startswith("__")
            for name, field in item.fields.items()
            if (item.name, name) in self.facts.fields
            and field.extensions["strawberry-definition"].base_resolver
        ]

    def field(self, place: str) -> Any:
        type_, _, name = place.partition(".")
        return self.graphql.type_map[type_].fields[name]

    def resolve(self, place: str, *effects: Effect) -> object:
        """What the field gives where the plans of the views say this; the first is strangers'."""
        type_, _, name = place.partition(".")
        coordinate = self.facts.fields[type_, name].coordinate
        standings = (Standing(), TALKING)
        plans = {
            standing: AccessPlan(Scope("shop"), {coordinate: Decision(effect, "told")})
            for standing, effect in zip(standings, effects, strict=False)
        }
        views = Views(
            lambda standing: View(standing, SimpleNamespace(access=plans[standing]), None)
        )
        if len(effects) > 1:
            views.shown(ADA.id, views.by_standing(TALKING))
        info = SimpleNamespace(context=SimpleNamespace(views=views))
        return self.field(place).resolve(ADA, info)

    def _counting(self, place: str) -> Any:
        def resolve(*_: object, **__: object) -> str:
            self.calls.append(place)
            return "value"

        return resolve


@pytest.fixture(scope="module")
def counted():
    return Counted()


@pytest.fixture(autouse=True)
def none_called(counted):
    counted.calls.clear()


def test_no_resolver_runs_whose_field_is_denied_or_hidden(counted):
    places = counted.places()

    for place in places:
        for effect in (Effect.DENY, Effect.HIDE):
            if isinstance(counted.field(place).type, GraphQLNonNull):
                with pytest.raises(Forbidden):
                    counted.resolve(place, effect)
            else:
                assert counted.resolve(place, effect) is None

    assert counted.calls == []
    assert {"Profile.suggestions", "Profile.mayContact", "CustomFields.tier"} <= set(places)
    assert len(places) > 25


def test_every_resolver_runs_whose_field_is_given_or_masked(counted):
    places = counted.places()

    for place in places:
        assert counted.resolve(place, Effect.ALLOW) == "value"
        assert counted.resolve(place, Effect.MASK) == "value"

    assert counted.calls == [place for place in places for _ in range(2)]


@pytest.mark.parametrize("place", ["Profile.consents", "CustomFields.score", "CustomFields.tier"])
def test_below_a_profile_its_own_view_decides(counted, place):
    assert counted.resolve(place, Effect.DENY, Effect.ALLOW) == "value"
    assert counted.resolve(place, Effect.ALLOW, Effect.DENY) is None
    assert counted.calls == [place]


def test_elsewhere_a_resolver_runs_where_some_view_gives_the_field(counted):
    place = "InteractionConnection.totalCount"

    assert counted.resolve(place, Effect.DENY, Effect.ALLOW) == "value"
    with pytest.raises(Forbidden, match="You may not read this field"):
        counted.resolve(place, Effect.DENY, Effect.DENY)
    assert counted.calls == [place]
