"""The record head: from evidence pooled over a record, and rhythm features, to its probabilities.

The core runs it; here it is put together. What the network has learnt is linear in pooled evidence.
What the features add is learnt from answers to records that the network has not seen, by a layer of
ReLUs over features and the network's logits (:mod:`ecgrt.training.fusion`). Both fold into one
hidden layer.
"""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def pooled(evidence: npt.NDArray[Any], readable: npt.NDArray[np.bool_] | None = None) -> Floats:
    """Return float64 (3 E,): mean, population standard deviation and maximum of evidence (S, E)."""
    seen = np.asarray(evidence, np.float64)
    seen = seen if readable is None else seen[readable]
    return np.concatenate([seen.mean(axis=0), seen.std(axis=0), seen.max(axis=0)])


@dataclass(frozen=True, eq=False)
class RecordHead:
    """Logits are ``relu(x @ w1 + b1) @ w2 + b2`` of pooled evidence and features.

    Attributes
    ----------
    evidence
        Channels that the network has per segment.
    features
        Names of the rhythm features, in their order.
    w1, b1, w2, b2
        float64 (3 * evidence + features, hidden), (hidden,), (hidden, classes), (classes,).
    """

    evidence: int
    features: tuple[str, ...]
    w1: Floats
    b1: Floats
    w2: Floats
    b2: Floats

    def __post_init__(self) -> None:
        inputs, (hidden, classes) = 3 * self.evidence + len(self.features), self.w2.shape
        shapes = [value.shape for value in (self.w1, self.b1, self.b2)]
        if shapes != [(inputs, hidden), (hidden,), (classes,)]:
            raise ValueError(
                f"a record head of {inputs} inputs, {hidden} hidden units and {classes} classes "
                f"cannot have weights of the shapes {shapes}"
            )

    @classmethod
    def linear(cls, kernel: npt.NDArray[Any], bias: npt.NDArray[Any]) -> RecordHead:
        """Return the head with logits ``x @ kernel + bias``, each a difference of two ReLUs."""
        kernel, bias = np.asarray(kernel, np.float64), np.asarray(bias, np.float64)
        one = np.eye(bias.size)
        return cls(
            kernel.shape[0] // 3,
            (),
            np.hstack([kernel, -kernel]),
            np.concatenate([bias, -bias]),
            np.vstack([one, -one]),
            np.zeros(bias.size),
        )

    def logits(self, x: npt.NDArray[Any]) -> Floats:
        """Return float64 (..., classes) of pooled evidence and features (..., inputs)."""
        hidden = np.maximum(np.asarray(x, np.float64) @ self.w1 + self.b1, 0)
        result: Floats = hidden @ self.w2 + self.b2
        return result

    def to_dict(self) -> dict[str, Any]:
        """Return what metadata holds: the weights are base64 of little-endian float32."""
        weights = np.concatenate([part.ravel() for part in (self.w1, self.b1, self.w2, self.b2)])
        return {
            "evidence": self.evidence,
            "features": list(self.features),
            "hidden": self.b1.size,
            "weights": base64.b64encode(weights.astype("<f4").tobytes()).decode("ascii"),
        }

    @classmethod
    def from_dict(cls, values: dict[str, Any], classes: int) -> RecordHead:
        """Read :meth:`to_dict`'s result; raise ValueError if the weights are too many or few."""
        features: Sequence[str] = values["features"]
        inputs, hidden = 3 * values["evidence"] + len(features), values["hidden"]
        weights = np.frombuffer(base64.b64decode(values["weights"], validate=True), "<f4")
        sizes = [inputs * hidden, hidden, hidden * classes, classes]
        if weights.size != sum(sizes):
            raise ValueError(
                f"a record head of {inputs} inputs, {hidden} hidden units and {classes} classes "
                f"has {sum(sizes)} weights, not {weights.size}"
            )
        w1, b1, w2, b2 = np.split(weights.astype(np.float64), np.cumsum(sizes)[:-1])
        return cls(
            values["evidence"],
            tuple(features),
            w1.reshape(inputs, hidden),
            b1,
            w2.reshape(hidden, classes),
            b2,
        )
