"""Small charts of figures: intervals, and confidence against accuracy, as inline SVG."""

from __future__ import annotations

from collections.abc import Sequence

from .svg import Markup, tag

#: Name, value, lower and upper end, colour.
Interval = tuple[str, float, float, float, str]
#: Records, confidence, accuracy.
Point = tuple[int, float, float]

_ROW, _NAME, _LENGTH = 30.0, 150.0, 560.0
_SIDE, _EDGE = 320.0, 46.0


def interval_chart(title: str, rows: Sequence[Interval]) -> Markup:
    """Draw figures from 0 to 1 as points with their intervals, a row each."""
    height = _ROW * len(rows)
    parts = []
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        x = _NAME + _LENGTH * share
        parts.append(tag("path", d=f"M{x:g} 0V{height:g}", class_="axis"))
        parts.append(
            tag("text", f"{share:g}", x=x, y=height + 16, text_anchor="middle", class_="label")
        )
    for i, (name, value, low, high, fill) in enumerate(rows):
        y = _ROW * (i + 0.5)
        left, right = _NAME + _LENGTH * low, _NAME + _LENGTH * high
        told = tag("title", f"{name}: {value:.3f}, {low:.3f} to {high:.3f}")
        parts.append(tag("text", name, x=_NAME - 10, y=y + 4, text_anchor="end", class_="label"))
        line = f"M{left:.1f} {y:g}H{right:.1f}M{left:.1f} {y - 5:g}v10M{right:.1f} {y - 5:g}v10"
        parts.append(tag("path", told, d=line, class_="whisker"))
        x = _NAME + _LENGTH * value
        parts.append(tag("circle", told, cx=x, cy=y, r=6, fill=fill, class_="dot"))
    box = f"0 -4 {_NAME + _LENGTH + 30:g} {height + 28:g}"
    return tag(
        "svg", tag("title", title), *parts, viewBox=box, role="img", class_="chart small-one"
    )


def calibration_chart(title: str, points: Sequence[Point]) -> Markup:
    """Draw accuracy by confidence; the larger a point, the more records are in it."""
    most = max((records for records, _, _ in points), default=1)
    parts = []
    for share in (0.0, 0.25, 0.5, 0.75, 1.0):
        x, y = _EDGE + _SIDE * share, _SIDE * (1 - share)
        parts.append(tag("path", d=f"M{x:g} 0V{_SIDE:g}M{_EDGE:g} {y:g}h{_SIDE:g}", class_="axis"))
        parts.append(
            tag("text", f"{share:g}", x=x, y=_SIDE + 16, text_anchor="middle", class_="label")
        )
        parts.append(
            tag("text", f"{share:g}", x=_EDGE - 6, y=y + 4, text_anchor="end", class_="label")
        )
    ideal = f"M{_EDGE:g} {_SIDE:g}l{_SIDE:g} {-_SIDE:g}"
    parts.append(tag("path", tag("title", "as sure as right"), d=ideal, class_="ideal"))
    line = "L".join(f"{_EDGE + _SIDE * c:.1f} {_SIDE * (1 - a):.1f}" for _, c, a in points)
    if points:
        parts.append(tag("path", d=f"M{line}", class_="whisker"))
    for records, confidence, accuracy in points:
        told = f"{records} records: confidence {confidence:.3f}, right {accuracy:.3f}"
        x, y = _EDGE + _SIDE * confidence, _SIDE * (1 - accuracy)
        radius = 3 + 7 * (records / most) ** 0.5
        parts.append(
            tag("circle", tag("title", told), cx=x, cy=y, r=radius, fill="#0072b2", class_="dot")
        )
    middle = _EDGE + _SIDE / 2
    parts.append(
        tag("text", "confidence", x=middle, y=_SIDE + 34, text_anchor="middle", class_="label")
    )
    parts.append(tag("text", "share that is right", x=_EDGE, y=-8, class_="label"))
    box = f"0 -22 {_EDGE + _SIDE + 20:g} {_SIDE + 62:g}"
    return tag("svg", tag("title", title), *parts, viewBox=box, role="img", class_="chart square")
