"""Reports: what they say, that nothing escapes into them, and that a browser shows them."""

from __future__ import annotations

import re
import shutil
import subprocess
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from made_days import NIGHT, ScriptedClassifier, made_record

from ecgrt.rhythm.timeline import timeline
from ecgrt.view.charts import hourly
from ecgrt.view.day import day_report
from ecgrt.view.report import record_report
from ecgrt.view.strip import paper_for
from ecgrt.view.svg import escape, line_path, tag

HOSTILE = "<script>alert(1)</script>\"'&\u202e"
SHORT = [("A", 20), ("N", 12)]
LONG = [("N", 2000), ("A", 400), ("~", 100), ("N", 1500), ("A", 100)]
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
        if "style" not in self.open:
            self.text += f" {data}"

    def of(self, name: str, **attributes: str) -> list[dict[str, str | None]]:
        found = (a for n, a in self.elements if n == name)
        wanted = {key.rstrip("_"): value for key, value in attributes.items()}
        return [a for a in found if wanted.items() <= a.items()]


def short(**options: object) -> str:
    classifier = ScriptedClassifier(SHORT, gaps=[(5.0, 7.0, "flat")])
    record = made_record(SHORT, **options)
    return record_report(classifier.predict(record.signal), record, classifier)


def day(**options: object) -> str:
    record = made_record(LONG, **options)
    return day_report(timeline(ScriptedClassifier(LONG), record), record)


@pytest.fixture(scope="module", params=[short, day])
def report(request: pytest.FixtureRequest) -> str:
    return request.param(name=HOSTILE, start=NIGHT)


def test_a_name_stays_text(report: str) -> None:
    page = Page(report)
    assert page.of("script") == []
    assert not any(key.startswith("on") for _, attributes in page.elements for key in attributes)
    assert "<script>alert(1)</script>\"'&\N{REPLACEMENT CHARACTER}" in page.text


def test_nothing_is_fetched(report: str) -> None:
    assert "default-src 'none'" in report
    page = Page(report)
    links = [a.get(key) for _, a in page.elements for key in ("href", "src", "xlink:href")]
    assert all(link.startswith("#") for link in links if link)
    assert "@import" not in report
    assert not re.search(r"url\((?!#)", report)


def test_every_drawing_and_scroll_has_a_name(report: str) -> None:
    page = Page(report)
    drawings = page.of("svg", role="img")
    assert drawings
    assert report.count('role="img"') <= report.count("<title>") - 1
    assert all(a.get("aria-label") for a in page.of("div", tabindex="0"))
    assert page.of("html", lang="en")
    assert len(page.of("h1")) == 1


def test_links_lead_somewhere(report: str) -> None:
    page = Page(report)
    names = [a["id"] for _, a in page.elements if a.get("id")]
    assert len(names) == len(set(names))
    targets = {a["href"][1:] for a in page.of("a") if a.get("href")}
    assert targets <= set(names)
    used = set(re.findall(r"url\(#([\w-]+)\)", report))
    assert used <= set(names)


def test_it_says_what_it_is(report: str) -> None:
    page = Page(report)
    assert "Not a medical device" in page.text
    assert "script.plan" not in report  # paths tell who the user is
    assert "2026-03-01 23:30:00" in page.text
    assert "25 mm/s, 10 mm/mV" in page.text


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


@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium")
@pytest.mark.parametrize("made", [short, day])
def test_a_browser_shows_it_without_a_complaint(made: object, tmp_path: Path) -> None:
    """The page as Chromium has read it: elements there, nothing in the console."""
    file = tmp_path / "report.html"
    file.write_text(made(name=HOSTILE), encoding="utf-8")  # type: ignore[operator]
    flags = (
        "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-sync "
        "--disable-background-networking --disable-component-update --enable-logging=stderr "
    )
    done = subprocess.run(
        [
            "chromium",
            *flags.split(),
            f"--user-data-dir={tmp_path / 'p'}",
            "--dump-dom",
            file.as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    assert "CONSOLE" not in done.stderr
    assert len(Page(done.stdout).of("svg", role="img")) >= 4
    assert "<script" not in done.stdout
