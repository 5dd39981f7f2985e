"""A few lines that write SVG and HTML; all text and every attribute is escaped here."""

from __future__ import annotations

import html
from collections.abc import Iterable
from unicodedata import category

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.floating]


_REPLACED = "\N{REPLACEMENT CHARACTER}"


class Markup(str):
    """Text that is markup already, and not escaped again."""

    __slots__ = ()


def escape(text: object) -> Markup:
    """Return text as HTML shows it; what cannot be seen, and turns text around, becomes visible."""
    if isinstance(text, Markup):
        return text
    plain = "".join(c if c == "\n" or category(c)[0] != "C" else _REPLACED for c in str(text))
    return Markup(html.escape(plain, quote=True))


def tag(name: str, *children: object, **attributes: object) -> Markup:
    """Return an element.

    Parameters
    ----------
    name
        Of the element.
    children
        Markup, or text to escape; None is left out.
    attributes
        ``class_`` stands for ``class``, other underscores for hyphens; None is left out.
    """
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{_value(value)}"'
        for key, value in attributes.items()
        if value is not None
    )
    inner = "".join(escape(child) for child in children if child is not None)
    return Markup(f"<{name}{written}>{inner}</{name}>")


def join(parts: Iterable[Markup]) -> Markup:
    """Return the parts one after another."""
    return Markup("".join(parts))


def _value(value: object) -> str:
    if isinstance(value, float | np.floating):
        return f"{value:.2f}".rstrip("0").rstrip(".")
    return escape(value)


def line_path(x: Points, y: Points) -> str:
    """Return the path through points, in whole units; it breaks where y is not finite."""
    parts = []
    finite = np.isfinite(y)
    edges = np.flatnonzero(np.diff(finite.astype(np.int8), prepend=0, append=0)).tolist()
    for first, end in zip(edges[::2], edges[1::2], strict=True):
        xs = np.rint(x[first:end]).astype(np.int64)
        ys = np.rint(y[first:end]).astype(np.int64)
        steps = " ".join(
            f"{dx} {dy}" for dx, dy in zip(np.diff(xs).tolist(), np.diff(ys).tolist(), strict=True)
        )
        parts.append(f"M{xs[0]} {ys[0]}l{steps or '0 0'}")
    return "".join(parts)
