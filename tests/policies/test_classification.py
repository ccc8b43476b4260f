"""Labels: said once beside the attribute, and none is forgotten."""

from dataclasses import dataclass, field, replace

import pytest

from policies.classification import DataClass, Label, classified, labels_of
from policies.errors import PolicyError, Unlabelled


@dataclass(frozen=True, kw_only=True)
class Account:
    id: str = classified(DataClass.PUBLIC)
    owner: str | None = classified(
        DataClass.IDENTITY, roles=frozenset({"service"}), repr=False, default=None
    )
    balance: float | None = classified(DataClass.FINANCIAL, needs_step_up=True, default=None)
    notes: tuple[str, ...] = classified(DataClass.SENSITIVE, default_factory=tuple)


@dataclass
class Forgetful:
    id: str = classified(DataClass.PUBLIC)
    password: str = field(default="")


def test_each_attribute_carries_its_label_in_order():
    assert list(labels_of(Account).items()) == [
        ("id", Label(DataClass.PUBLIC)),
        ("owner", Label(DataClass.IDENTITY, frozenset({"service"}))),
        ("balance", Label(DataClass.FINANCIAL, None, needs_step_up=True)),
        ("notes", Label(DataClass.SENSITIVE)),
    ]


def test_the_options_of_a_dataclass_field_work_as_ever():
    account = Account(id="1", owner="Ada")

    assert repr(account) == "Account(id='1', balance=None, notes=())"
    assert replace(account, owner=None) == Account(id="1")


def test_an_attribute_without_a_label_is_refused_by_name():
    with pytest.raises(Unlabelled) as refusal:
        labels_of(Forgetful)

    assert str(refusal.value) == "Forgetful.password has no data class: use classified()"
    assert isinstance(refusal.value, PolicyError)
