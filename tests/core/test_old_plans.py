"""Plans of every format version that was ever written load, and answer as on their first day.

``tools/freeze_plans.py`` made them; docs/versioning.md states the promise.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT

import ecgrt
from ecgrt.compile.cpu_plan import FORMAT_VERSION

FROZEN = ROOT / "tests" / "data" / "plans"
PLANS = sorted(FROZEN.glob("v*/*.plan"))


def test_plans_of_every_version_are_kept() -> None:
    versions = {path.parent.name for path in PLANS}
    assert versions == {f"v{number}" for number in range(1, FORMAT_VERSION + 1)}, (
        "freeze plans of the new format version: tools/freeze_plans.py"
    )


@pytest.mark.parametrize("plan", PLANS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_old_plan_answers_as_on_its_first_day(plan: Path) -> None:
    expected = json.loads((plan.parent / "answers.json").read_text(encoding="utf-8"))[plan.name]
    signal = np.load(plan.parent / "signal.npy", allow_pickle=False)
    tolerance = expected["tolerance"]
    classifier = ecgrt.Classifier(plan)
    assert classifier.self_test() <= tolerance
    found = classifier.predict(signal)
    assert found.label == expected["label"]
    for name in ("probabilities", "segment_probabilities"):
        np.testing.assert_allclose(
            getattr(found, name), expected[name], rtol=0, atol=tolerance, err_msg=name
        )
