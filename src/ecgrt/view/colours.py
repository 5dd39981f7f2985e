"""Colours of labels, from the palette of Okabe and Ito, which the colour-blind tell apart.

M. Okabe and K. Ito, "Color Universal Design", 2008, https://jfly.uni-koeln.de/color/. Nothing is
told by colour alone: labels stand beside it in letters.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..rhythm.states import AF, AF_CLASS, NOISE_CLASS, NOT_AF, UNREADABLE

GREY = "#757575"
_KNOWN = {
    AF_CLASS: "#d55e00",
    AF: "#d55e00",
    "N": "#56b4e9",
    NOT_AF: "#56b4e9",
    "O": "#cc79a7",
    NOISE_CLASS: GREY,
    UNREADABLE: GREY,
}
_OTHERS = ("#009e73", "#f0e442", "#0072b2", "#e69f00")

#: What the classes of the challenge mean.
MEANINGS = {
    "A": "atrial fibrillation",
    "N": "normal rhythm",
    "O": "other rhythm",
    "~": "too noisy",
}


def colour(label: str, labels: Sequence[str] = ()) -> str:
    """Return the colour of a label; those that are not known get the others in their order."""
    if label in _KNOWN:
        return _KNOWN[label]
    unknown = [name for name in labels if name not in _KNOWN]
    return _OTHERS[unknown.index(label) % len(_OTHERS)] if label in unknown else GREY


def meaning(label: str) -> str:
    """Return a label with what it means, if that is known."""
    return f"{label}, {MEANINGS[label]}" if label in MEANINGS else label
