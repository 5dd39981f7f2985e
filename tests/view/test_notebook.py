"""What notebooks show of predictions, records and timelines."""

from __future__ import annotations

import base64
import re
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree

import pytest
from made_days import NIGHT, ScriptedClassifier, made_record
from made_reports import HOSTILE

import ecgrt

SVG = "{http://www.w3.org/2000/svg}"
SCRIPT = [("N", 600), ("A", 300), ("~", 100), ("N", 200)]


def drawings(html: str) -> list[ElementTree.Element]:
    """Return the images in HTML, which parses them as browsers do: as XML."""
    found = re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', html)
    return [ElementTree.fromstring(base64.b64decode(one)) for one in found]


def test_a_prediction(records: Path) -> None:
    prediction = ecgrt.Classifier().predict(ecgrt.read_record(records / "S0007"))
    html = prediction._repr_html_()
    assert "A, atrial fibrillation (99" in html
    for sentence in prediction.evidence.values():
        assert sentence in html
    assert "<script" not in html


def test_a_record_keeps_names_to_itself(records: Path) -> None:
    record = replace(ecgrt.read_record(records / "S0006"), name=HOSTILE, lead=HOSTILE, start=NIGHT)
    html = record._repr_html_()
    assert html.count("&lt;script&gt;") == 1  # the lead
    assert "2026" not in html
    (drawing,) = drawings(html)
    assert drawing.find(f"{SVG}title") is not None
    beats = next(one for one in drawing.iter(f"{SVG}path") if one.get("class") == "beat")
    count = (ecgrt.find_beats(record.signal[:3000], record.fs)).size
    assert str(beats.get("d")).count("M") == count
    used = set(re.findall(r"url\(#([\w-]+)\)", ElementTree.tostring(drawing).decode()))
    assert used <= {one.get("id") for one in drawing.iter()}


def test_a_timeline() -> None:
    timeline = ecgrt.timeline(ScriptedClassifier(SCRIPT), made_record(SCRIPT, start=NIGHT))
    html = timeline._repr_html_()
    assert len(drawings(html)) == 2
    assert "episodes: 1" in html


def test_methods_plot(records: Path) -> None:
    pytest.importorskip("matplotlib")
    record = ecgrt.read_record(records / "S0006")
    figure = ecgrt.Classifier().predict(record).plot(record)
    assert figure.axes[0].get_title(loc="left").startswith("A (91%)")
    timeline = ecgrt.timeline(ScriptedClassifier(SCRIPT), made_record(SCRIPT))
    assert len(timeline.plot().axes) == 3
