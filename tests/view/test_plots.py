"""Plots hold what they are made of."""

from __future__ import annotations

import numpy as np
import pytest
from made_days import NIGHT, ScriptedClassifier, made_record

from ecgrt.rhythm.timeline import timeline

SCRIPT = [("N", 600), ("A", 300), ("~", 100), ("N", 200)]


@pytest.fixture(autouse=True)
def _needs_matplotlib() -> None:
    pytest.importorskip("matplotlib")


def test_a_record() -> None:
    from ecgrt.view.plots import plot

    script = [("A", 30)]
    classifier = ScriptedClassifier(script, gaps=[(3.0, 5.0, "flat")])
    record = made_record(script)
    figure = plot(classifier.predict(record.signal), record)
    top, bottom = figure.axes
    assert top.get_title(loc="left") == "A (90%)"
    assert top.lines[0].get_ydata() == pytest.approx(record.signal / 1000)
    assert [text.get_text() for text in top.texts] == ["flat"]
    assert len(bottom.collections) == 4
    figure.canvas.draw()


def test_a_timeline() -> None:
    from ecgrt.view.plots import plot_timeline

    found = timeline(ScriptedClassifier(SCRIPT), made_record(SCRIPT, start=NIGHT))
    band, chance, rate = plot_timeline(found).axes
    assert len(band.collections) == len(found.spans) + 1
    drawn = np.asarray(chance.lines[0].get_ydata())
    assert np.array_equal(drawn, found.probabilities[:, 0], equal_nan=True)
    assert "2026-03-01 23:30:00" in rate.get_xlabel()
