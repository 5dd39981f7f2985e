"""The colours of labels are told apart with each kind of colour blindness."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import numpy.typing as npt
import pytest

from ecgrt.view.colours import colour

Floats = npt.NDArray[np.float64]

#: Full protanopia, deuteranopia and tritanopia in linear RGB: Machado, Oliveira and Fernandes,
#: "A Physiologically-based Model for Simulation of Color Vision Deficiency", 2009.
BLINDNESS = {
    "none": np.eye(3),
    "protan": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deutan": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritan": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}
#: From linear RGB to XYZ of D65 white.
TO_XYZ = np.array(
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
) / np.array([[0.9505], [1.0], [1.089]])


def lab(code: str, seen: npt.ArrayLike) -> Floats:
    """Return a colour in CIE Lab as it is seen."""
    rgb = np.array([int(code[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(np.asarray(seen) @ linear, 0, 1)
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


@pytest.mark.parametrize("kind", BLINDNESS)
@pytest.mark.parametrize("labels", [("A", "N", "O", "~"), ("AF", "not AF", "unreadable")])
def test_labels_are_told_apart(kind: str, labels: tuple[str, ...]) -> None:
    """By a difference of 15 at least; one of 2.3 is just seen."""
    for one, other in combinations(labels, 2):
        difference = lab(colour(one), BLINDNESS[kind]) - lab(colour(other), BLINDNESS[kind])
        assert np.linalg.norm(difference) > 15, (one, other)


@pytest.mark.parametrize("label", ["A", "N", "O", "~", "AF", "not AF", "unreadable"])
def test_black_letters_stand_out(label: str) -> None:
    """By the contrast that WCAG 2.2 asks of text."""
    lightness = (lab(colour(label), BLINDNESS["none"])[0] + 16) / 116
    assert (lightness**3 + 0.05) / 0.05 > 4.5
