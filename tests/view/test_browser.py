"""Reports in a real browser: ``pytest -m browser``; skipped where there is none.

A run that asks for these tests by their marker fails without a browser, so that the job that is
there for them cannot pass by skipping.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from browser import Browser, find_browser
from made_reports import HOSTILE, day, evaluated, shipped, short

pytestmark = pytest.mark.browser

MAKERS = [short, shipped, day, evaluated]
Open = Callable[..., Browser]


@pytest.fixture(scope="module")
def browser(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Browser]:
    program = find_browser()
    if program is None:
        if "browser" in request.config.getoption("-m"):
            pytest.fail("no Chromium on PATH, and ECGRT_BROWSER names none")
        pytest.skip("needs Chromium")
    with closing(Browser(program, tmp_path_factory.mktemp("profile"))) as page:
        page.call(
            "Emulation.setDeviceMetricsOverride",
            width=1100,
            height=900,
            deviceScaleFactor=1,
            mobile=False,
        )
        yield page


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Open:
    def opened(maker: Callable[..., str]) -> Browser:
        file = tmp_path / "report.html"
        file.write_text(maker(name=HOSTILE), encoding="utf-8")
        browser.media()
        browser.open(file)
        return browser

    return opened


@pytest.mark.parametrize("maker", MAKERS)
def test_no_complaint_and_no_network(show: Open, maker: Callable[..., str]) -> None:
    page = show(maker)
    assert page.complaints == []
    assert [url for url in page.requests if not url.startswith(("file:", "data:"))] == []
    assert len(page.requests) == 1
    assert page.value("document.querySelectorAll('svg[role=img]').length") >= 3
    assert HOSTILE.partition("\u202e")[0] in page.value("document.body.innerText")


@pytest.mark.parametrize("maker", MAKERS)
def test_a_foreign_script_does_not_run(show: Open, maker: Callable[..., str]) -> None:
    page = show(maker)
    page.value(
        "{const s = document.createElement('script'); s.textContent = 'window.ran = 1';"
        "document.body.append(s)}"
    )
    assert page.value("window.ran ?? 0") == 0
    assert any("Content Security Policy" in complaint for complaint in page.complaints)


@pytest.mark.parametrize("maker", MAKERS)
def test_everything_has_a_name(show: Open, maker: Callable[..., str]) -> None:
    spoken = show(maker).spoken()
    for role in ("image", "button", "link", "region", "group", "toolbar", "table"):
        unnamed = [one for one in spoken if one["role"] == role and not one["name"].strip()]
        assert unnamed == [], role
    roles = {one["role"] for one in spoken}
    assert {"main", "heading", "image", "table"} <= roles


@pytest.mark.parametrize("maker", MAKERS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out(show: Open, maker: Callable[..., str], scheme: str) -> None:
    """Contrast of 4.5 and more, as WCAG 2.2 asks for."""
    page = show(maker)
    page.media(scheme=scheme)
    assert page.value(CONTRAST) == []


@pytest.mark.parametrize("maker", [short, day])
def test_keys_zoom_and_move(show: Open, maker: Callable[..., str]) -> None:
    page = show(maker)
    told = "document.querySelector('[role=status]').textContent"
    whole = page.value(told)
    page.value("document.getElementById('viewer').focus()")
    page.press("+", "+")
    near = page.value(told)
    page.press("ArrowRight")
    moved = page.value(told)
    page.press("-", "-")
    page.press("Home")
    assert len({whole, near, moved}) == 3
    assert page.value(told) == whole
    assert page.complaints == []


def test_a_drag_zooms_all_curves(show: Open) -> None:
    page = show(short)
    box = page.value(
        "(() => {const e = document.querySelector('.u-over'); e.scrollIntoView({block: 'center'});"
        "const b = e.getBoundingClientRect(); return [b.x, b.y, b.width, b.height]})()"
    )
    x, y, width, height = box
    page.drag(x + width / 4, y + height / 2, x + width / 2)
    assert page.value("document.querySelector('[role=status]').textContent") == (
        "From 0:08 to 0:16"
    )


def test_an_episode_leads_to_its_strip(show: Open) -> None:
    page = show(day)
    x, y, width = page.value(
        "(() => {const b = document.querySelector('.u-over').getBoundingClientRect();"
        "return [b.x, b.y, b.width]})()"
    )
    at = x + width * 2200 / 4100  # within the first episode
    page.drag(at, y + 5, at)
    assert page.value("location.hash") == "#episode-1"
    assert page.value("document.querySelector('#episode-1').getBoundingClientRect().y") < 900


@pytest.mark.parametrize("maker", [short, day])
def test_paper_has_the_drawings_and_no_buttons(show: Open, maker: Callable[..., str]) -> None:
    page = show(maker)
    page.media(kind="print")
    assert page.value("getComputedStyle(document.getElementById('viewer')).display") == "none"
    hidden = "[...document.querySelectorAll('.still')].filter(e => !e.offsetWidth).length"
    assert page.value(hidden) == 0
    pdf = page.call("Page.printToPDF", landscape=True, preferCSSPageSize=True)["data"]
    assert base64.b64decode(pdf).startswith(b"%PDF")


@pytest.mark.parametrize("maker", MAKERS)
def test_narrow_windows_do_not_scroll_sideways(show: Open, maker: Callable[..., str]) -> None:
    page = show(maker)
    metrics = {"height": 800, "deviceScaleFactor": 1, "mobile": False}
    page.call("Emulation.setDeviceMetricsOverride", width=380, **metrics)
    page.settle()
    try:
        assert page.value("document.documentElement.scrollWidth") <= 380
    finally:
        page.call("Emulation.setDeviceMetricsOverride", width=1100, **metrics)


#: Texts whose colour is too near to the colour behind them.
CONTRAST = """(() => {
  const light = (c) => {
    const [r, g, b] = c.match(/[\\d.]+/g).slice(0, 3).map((v) => {
      const s = v / 255;
      return s <= 0.04045 ? s / 12.92 : ((s + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const behind = (e) => {
    for (; e; e = e.parentElement) {
      const c = getComputedStyle(e).backgroundColor;
      if (c !== "rgba(0, 0, 0, 0)") return c;
    }
    return "rgb(255, 255, 255)";
  };
  const bad = new Set();
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    const hidden = !walk.currentNode.data.trim() || e.closest("svg, script") || !e.offsetWidth;
    if (hidden) continue;
    const a = light(getComputedStyle(e).color), b = light(behind(e));
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) bad.add(`${walk.currentNode.data.trim()} ${ratio.toFixed(2)}`);
  }
  return [...bad];
})()"""
