import pytest

from app.source_settings import SourceSettings
from connectors.runtime.pace import USUAL_PACE, Limits, Rate

BORNE = Limits(2, (Rate(100, 60.0),))
GIVEN = {"connector": "x", "tenant": "t", "base_url": "https://x.example", "secret": "env:X"}


@pytest.mark.parametrize(
    ("own", "limits", "concurrency", "rates"),
    [
        ({}, Limits(), USUAL_PACE.concurrency, ()),
        ({}, BORNE, 2, BORNE.rates),
        ({"concurrency": 9}, BORNE, 9, BORNE.rates),
        ({"rates": [{"calls": 5, "per_s": 1}]}, BORNE, 2, (Rate(5, 1.0),)),
        ({"rates": []}, BORNE, 2, ()),
    ],
)
def test_what_a_source_bears_is_as_set_or_else_as_its_connector_says(
    own, limits, concurrency, rates
):
    pace = SourceSettings.model_validate(GIVEN | own).pace(limits)

    assert (pace.concurrency, pace.rates) == (concurrency, rates)
