"""The page around a report: one file, nothing fetched, no script but those with known digests.

Everything is drawn as SVG, on true paper scale, which prints, is read aloud and needs no script.
Curves to zoom come on top, by scripts that the page's policy names by their digests: whatever a
file's name tries to be, it is none of them.
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping, Sequence
from importlib import resources

from ..rhythm.export import NOTICE
from ..rhythm.provenance import Provenance
from . import viewer
from .svg import Markup, escape, join, tag

#: Rows of a table that are seen at once.
_TALL = 25


def stylesheet() -> str:
    """Return the style of pages and drawings."""
    return resources.files(__package__).joinpath("report.css").read_text("utf-8")


def page(title: str, *sections: Markup | None, live: bool = False) -> str:
    """Return a whole HTML document.

    Parameters
    ----------
    title
        The page's, and its first heading.
    sections
        What is in it; None is left out.
    live
        Whether there is a viewer in it, which needs its scripts.
    """
    scripts = viewer.scripts() if live else ()
    css = stylesheet() + (viewer.style() if live else "")
    head = (
        '<meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(scripts)}">'
        f"<title>{escape(title)}</title><style>\n{css}</style>"
    )
    body = join(
        [
            tag("a", "To the findings", href="#main", class_="skip"),
            patterns(),
            tag("header", tag("h1", title), tag("p", NOTICE, class_="notice")),
            tag("main", *sections, id="main", tabindex="-1"),
            *(Markup(f"<script>{script}</script>") for script in scripts),
        ]
    )
    return f'<!doctype html>\n<html lang="en"><head>{head}</head>\n<body>{body}</body></html>\n'


def _policy(scripts: Iterable[str]) -> str:
    digests = (hashlib.sha256(script.encode()).digest() for script in scripts)
    sources = " ".join(f"'sha256-{base64.b64encode(digest).decode()}'" for digest in digests)
    only = f"; script-src {sources}" if sources else ""
    return f"default-src 'none'; style-src 'unsafe-inline'{only}"


def section(heading: str, *children: Markup | None, **attributes: object) -> Markup:
    """Return a section with its heading."""
    return tag("section", tag("h2", heading), *children, **attributes)


def scrolled(describe: str, *children: Markup, class_: str = "") -> Markup:
    """Return something wide, which narrow windows scroll, by the keyboard too."""
    return tag(
        "div",
        *children,
        class_=f"scroll {class_}".strip(),
        tabindex="0",
        role="region",
        aria_label=describe,
    )


def cards(facts: Iterable[tuple[str, str, str]]) -> Markup:
    """Return figures to see first: name, value and what else is to be said of each."""
    return tag(
        "dl",
        *(
            tag("div", tag("dt", name), tag("dd", value, tag("small", more) if more else None))
            for name, value, more in facts
        ),
        class_="cards",
    )


def table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Markup:
    """Return a table; the first cell of each row is its heading. Long ones scroll on screens."""
    head = tag("tr", *(tag("th", column, scope="col") for column in columns))
    body = [
        tag("tr", tag("th", row[0], scope="row"), *(tag("td", cell) for cell in row[1:]))
        for row in rows
    ]
    filled = tag("table", tag("caption", caption), tag("thead", head), tag("tbody", *body))
    return scrolled(caption, filled, class_="tall" if len(body) > _TALL else "")


def legend(entries: Mapping[str, str]) -> Markup:
    """Return which colour is which label."""
    items = [
        tag("li", Markup(f'<span class="swatch" style="background:{fill}"></span>'), name)
        for name, fill in entries.items()
    ]
    hatched = tag("li", Markup('<span class="swatch hatched"></span>'), "unreadable")
    return tag("ul", *items, hatched, class_="legend")


def provenance_table(origin: Provenance, more: Iterable[tuple[str, str]] = ()) -> Markup:
    """Return where the answers come from."""
    rows: list[tuple[str, object]] = [
        ("File", origin.file or "none"),
        ("SHA-256 of the file", _digest(origin.digest)),
        ("SHA-256 of the samples", _digest(origin.signal_digest)),
        ("Format", origin.format or "not told"),
        ("Lead", origin.lead or "not told"),
        ("Unit in the file", origin.unit),
        ("Sampling rate", f"{origin.sampling_rate:g} Hz"),
        *more,
        ("Model", origin.model or "without a name"),
        ("SHA-256 of the plan", _digest(origin.plan_digest)),
        ("Backend", origin.backend),
        ("ecgrt", origin.version),
    ]
    return section("Where this comes from", table("Provenance", ("What", "Value"), rows))


def _digest(value: str | None) -> object:
    return "not known" if value is None else tag("code", value)


def patterns() -> Markup:
    """Return grid and hatching, which all drawings refer to."""
    return Markup(
        '<svg width="0" height="0" class="patterns" aria-hidden="true" focusable="false"><defs>'
        '<pattern id="fine" width="1" height="1" patternUnits="userSpaceOnUse">'
        '<path class="grid" d="M1 0H0V1"/></pattern>'
        '<pattern id="grid" width="5" height="5" patternUnits="userSpaceOnUse">'
        '<rect width="5" height="5" fill="url(#fine)"/>'
        '<path class="grid major" d="M5 0H0V5"/></pattern>'
        '<pattern id="hatch" width="2" height="2" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><rect class="hatch" width="0.8" height="2"/></pattern>'
        '<pattern id="hatch-wide" width="8" height="8" patternUnits="userSpaceOnUse" '
        'patternTransform="rotate(45)"><rect class="hatch" width="3" height="8"/></pattern>'
        "</defs></svg>"
    )
