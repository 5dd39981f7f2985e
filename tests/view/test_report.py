"""Reports: what they say, that nothing escapes into them, and that a browser shows them."""

from __future__ import annotations

import base64
import hashlib
import json
import re
import tracemalloc
from collections.abc import Callable
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from made_days import NIGHT, ScriptedClassifier, heartbeats, made_record
from made_reports import HOSTILE, SHORT, day, evaluated, listed, shipped, short

import ecgrt
from ecgrt.rhythm.timeline import timeline
from ecgrt.view.charts import hourly
from ecgrt.view.day import day_report
from ecgrt.view.report import record_report
from ecgrt.view.strip import paper_for
from ecgrt.view.svg import escape, line_path, tag

VOID = {"meta", "br"}


class Page(HTMLParser):
    """Elements with their attributes, and the text in them; refuses what is not well nested."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((name, dict(attributes)))
        if name not in VOID:
            self.open.append(name)

    def handle_startendtag(self, name: str, attributes: list[tuple[str, str | None]]) -> None:
        self.elements.append((name, dict(attributes)))

    def handle_endtag(self, name: str) -> None:
        assert self.open.pop() == name

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self.open):
            self.text += f" {data}"

    def of(self, name: str, **attributes: str) -> list[dict[str, str | None]]:
        found = (a for n, a in self.elements if n == name)
        wanted = {key.rstrip("_"): value for key, value in attributes.items()}
        return [a for a in found if wanted.items() <= a.items()]


@pytest.fixture(scope="module", params=[short, shipped, day, evaluated, listed])
def report(request: pytest.FixtureRequest) -> str:
    return request.param(name=HOSTILE, start=NIGHT)


def test_a_name_stays_text(report: str) -> None:
    page = Page(report)
    assert "<script>alert" not in report
    assert not any(key.startswith("on") for _, attributes in page.elements for key in attributes)
    assert "<script>alert(1)</script>\"'&\N{REPLACEMENT CHARACTER}" in page.text


def test_scripts_are_those_that_the_policy_names(report: str) -> None:
    page = Page(report)
    (policy,) = [a["content"] for a in page.of("meta") if "http-equiv" in a]
    assert str(policy).startswith("default-src 'none'; style-src 'unsafe-inline'")
    scripts = re.findall("<script>(.*?)</script>", report, re.DOTALL)
    digests = [base64.b64encode(hashlib.sha256(s.encode()).digest()).decode() for s in scripts]
    named = re.findall("'sha256-(.*?)'", str(policy))
    assert named == digests
    data = page.of("script", type="application/json")
    assert len(page.of("script")) == len(scripts) + len(data)
    assert bool(data) == bool(scripts)


def test_data_of_the_curves_is_the_record() -> None:
    record = made_record(SHORT)
    (text,) = re.findall('id="viewer-data">(.*?)</script>', short())
    spec = json.loads(text)
    assert spec["duration"] == 32
    (curve,) = spec["charts"][0]["series"]
    values = np.frombuffer(base64.b64decode(curve["data"]["int16"]), "<i2")
    assert values * curve["data"]["scale"] == pytest.approx(record.signal / 1000, abs=1e-4)
    assert spec["charts"][0]["x"] == pytest.approx({"start": 0.0, "step": 0.01})
    gap = {"from": 5.0, "to": 7.0, "label": "flat", "fill": None, "href": None, "hatched": True}
    assert gap in spec["charts"][0]["bands"]
    assert len(spec["charts"][0]["marks"]) == len(ecgrt.find_beats(record.signal, record.fs))


def test_nothing_is_fetched(report: str) -> None:
    page = Page(report)
    links = [a.get(key) for _, a in page.elements for key in ("href", "src", "xlink:href")]
    assert all(link.startswith("#") or link == "S0006.html" for link in links if link)
    assert "@import" not in report
    assert not re.search(r"url\((?!#)", report)


def test_every_drawing_and_scroll_has_a_name(report: str) -> None:
    page = Page(report)
    drawings = page.of("svg", role="img")
    assert drawings or "S0006.html" in report
    assert report.count('role="img"') <= report.count("<title>") - 1
    assert all(a.get("aria-label") for a in page.of("div", tabindex="0"))
    assert page.of("html", lang="en")
    assert len(page.of("h1")) == 1


def test_links_lead_somewhere(report: str) -> None:
    page = Page(report)
    names = [a["id"] for _, a in page.elements if a.get("id")]
    assert len(names) == len(set(names))
    links = [a["href"] for a in page.of("a") if a.get("href")]
    targets = {link[1:] for link in links if link.startswith("#")}
    assert targets <= set(names)
    used = set(re.findall(r"url\(#([\w-]+)\)", report))
    assert used <= set(names)


def test_it_says_what_it_is(report: str) -> None:
    assert "Not a medical device" in Page(report).text
    assert "script.plan" not in report  # paths tell who the user is


@pytest.mark.parametrize("made", [short, shipped, day])
def test_it_says_when_and_on_what_scale(made: Callable[..., str]) -> None:
    text = Page(made(start=NIGHT)).text
    assert "2026-03-01 23:30:00" in text
    assert "25 mm/s, 10 mm/mV" in text


def test_a_record_is_drawn_to_scale() -> None:
    page = Page(short())
    rows = page.of("svg", class_="strip")
    assert [row["width"] for row in rows] == ["259mm", "259mm", "259mm", "59mm"]
    assert rows[0]["viewbox"].startswith("0 0 259 ")


def test_a_record_shows_label_gap_and_probabilities() -> None:
    text = Page(short()).text
    assert "atrial fibrillation" in text
    assert "unreadable: flat, 5.0 to 7.0 s" in text
    assert "probability of N" in text


def test_a_day_lists_its_episodes_and_draws_them() -> None:
    page = Page(day(start=NIGHT))
    assert [a["href"] for a in page.of("a") if "episode" in (a.get("href") or "")] == [
        "#episode-1",
        "#episode-2",
    ] * 2
    assert (NIGHT + timedelta(seconds=2000)).strftime("02 Mar %H:%M:%S") in page.text
    assert "noise" in page.text
    assert page.text.count("30 s in its middle: heart rate 75 a minute; regular intervals") == 2


def test_a_day_that_is_read_piece_by_piece_has_the_same_report(tmp_path: Path) -> None:
    script = [("N", 3000.0), ("A", 900.0), ("N", 3300.0)]
    made = made_record(script)
    np.save(tmp_path / "a.npy", made.signal)
    pages = []
    for read in (ecgrt.read_record, ecgrt.open_record):
        record = read(tmp_path / "a.npy", fs=made.fs, unit="uV")
        pages.append(day_report(timeline(ScriptedClassifier(script), record), record))
    assert pages[0] == pages[1]
    assert 'id="episode-1"' in pages[0]


def test_a_long_day_is_drawn_in_little_memory(tmp_path: Path) -> None:
    """Of 52 MB of samples, what is drawn and two minutes of reading are held."""
    seconds, fs = 6 * 3600, 600.0
    script = [("N", seconds - 1800), ("A", 1800)]
    beat = heartbeats(8, fs=fs)
    np.save(tmp_path / "a.npy", np.resize(beat, round(seconds * fs)))
    found = timeline(ScriptedClassifier(script), made_record(script))
    reader = ecgrt.open_record(tmp_path / "a.npy", fs=fs, unit="uV")
    tracemalloc.start()
    try:
        page = day_report(found, reader)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert Page(page).of("h3", id="episode-1")
    assert peak < 30 << 20


def test_a_flat_day_has_a_report() -> None:
    script = [("N", 7200)]
    record = made_record(script, signal=np.zeros(720_000, np.int16))
    found = timeline(ScriptedClassifier(script, gaps=[(0.0, 7200.0, "flat")]), record)
    page = Page(day_report(found, record))
    assert "No beats were found." in page.text
    assert "flat" in page.text


def test_missing_samples_break_the_line() -> None:
    assert line_path(np.arange(5.0), np.array([0, 1, np.nan, 3, 4.0])) == "M0 0l1 1M3 3l1 1"
    signal = np.full(9000, np.nan, np.float32)
    script = [("N", 90)]
    record = made_record(script, signal=signal)
    classifier = ScriptedClassifier(script, gaps=[(0.0, 90.0, "missing")])
    Page(record_report(classifier.predict(signal), record, classifier))


def test_hours_are_those_of_the_clock() -> None:
    script = [("N", 3600), ("A", 3600)]
    record = made_record(script, start=NIGHT, signal=np.zeros(720_000, np.int16))
    classifier = ScriptedClassifier(script)
    found = timeline(classifier, record)
    hours = hourly(found)
    assert [hour[:2] for hour in hours] == [(0, 1800), (1800, 5400), (5400, 7200)]
    assert [hour[2] for hour in hours] == pytest.approx([0, 0.5, 1], abs=0.01)


@pytest.mark.parametrize(("millivolts", "gain"), [(1, 10), (4, 5), (9, 2.5), (500, 1)])
def test_the_gain_is_the_largest_that_fits(millivolts: float, gain: float) -> None:
    signal = 1000 * millivolts * np.sin(np.arange(6000) / 10)
    assert paper_for(signal, 100.0).gain == gain


def test_text_and_attributes_are_escaped() -> None:
    made = tag("text", "a<b", title='"&', x=1.0, gone=None)
    assert made == '<text title="&quot;&amp;" x="1">a&lt;b</text>'
    assert escape(made) is made
    assert escape("a\x00b\u00a0c") == "a\N{REPLACEMENT CHARACTER}b\u00a0c"
