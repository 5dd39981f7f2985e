"""What a model says of itself; travels as JSON from training through ONNX into every plan."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterable
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any

#: Key of the JSON in an ONNX model's ``metadata_props``.
ONNX_KEY = "ecgrt"
#: Key of the space-separated, sorted names of the training records, likewise.
ONNX_TRAINING_RECORDS_KEY = "ecgrt_training_records"
#: A TensorRT network's name, in which the JSON travels, holds no more bytes than this.
MAX_BYTES = 4095

DECISIONS = ("mode", "mean")


@dataclass(frozen=True, kw_only=True)
class Metadata:
    """What is needed to turn a signal into logits and logits into a label.

    Attributes
    ----------
    model
        Name of the model, for people.
    classes
        Labels in the order of the network's outputs.
    mean, std
        Scalars of the training set, in signal units (1000 per mV); the network sees
        ``(x - mean) / std``.
    sampling_rate
        Hz.
    samples_per_segment
        Samples per output of the network (256: one label per 0.853 s at 300 Hz).
    context_segments
        How many segments on either side of its own an output depends on (half the receptive
        field, rounded up): by so much the parts of a long record overlap that are run apart, the
        CPU engine's one for each thread and TensorRT's windows.
        ``NetworkConfig.context_segments`` computes it.
    label_version
        Version of the reference labels that it was trained on, such as ``"v3"``.
    training_digest, training_records
        :func:`digest_records` of the training records' names, and how many they are.
    decision
        How segments become one label: ``"mode"`` is the most frequent segment label, whatever
        the calibration, ``"mean"`` the largest product of weight and calibrated probability.
    pooling
        How a record's p comes from its segments. Empty means that p is the mean of their
        probabilities. Else a row for each class, of numbers that multiply the logarithms of the
        means of all classes (at least :data:`ecgrt.calibration.pooling.FLOOR`), the standard
        deviations of all classes over the segments, and 1; p is the softmax of the sums.
    calibration_scale, calibration_bias
        A record's probabilities are ``softmax(scale * log(p) + bias)``: vector scaling (Guo et
        al. 2017, doi 10.48550/arXiv.1706.04599), the scale being the inverse of the temperature.
        The bias has a number per class; empty means zeros.
    decision_weights
        A positive number per class, for the decision ``"mean"`` only; empty means ones.
    schema
        Version of this layout.
    """

    model: str
    classes: tuple[str, ...]
    mean: float
    std: float
    sampling_rate: float
    samples_per_segment: int
    context_segments: int
    label_version: str
    training_digest: str
    training_records: int
    decision: str = "mode"
    pooling: tuple[tuple[float, ...], ...] = ()
    calibration_scale: float = 1.0
    calibration_bias: tuple[float, ...] = ()
    decision_weights: tuple[float, ...] = ()
    schema: int = 1

    def __post_init__(self) -> None:
        for name in ("classes", "calibration_bias", "decision_weights"):
            values: Any = getattr(self, name)
            if isinstance(values, str):  # which is a sequence too, of its letters
                raise TypeError(f"{name} must be a list, not the text {values!r}")
            object.__setattr__(self, name, tuple(values))
        object.__setattr__(self, "pooling", tuple(tuple(row) for row in self.pooling))
        if len(self.classes) < 2 or len(set(self.classes)) != len(self.classes):
            raise ValueError(f"classes must be two or more different labels, not {self.classes}")
        for name in ("std", "sampling_rate", "samples_per_segment"):
            if not 0 < getattr(self, name) < math.inf:
                raise ValueError(f"{name} must be positive and finite, not {getattr(self, name)}")
        if not math.isfinite(self.mean):
            raise ValueError(f"mean must be finite, not {self.mean}")
        if self.context_segments < 0:
            raise ValueError(f"context_segments must not be negative, not {self.context_segments}")
        if self.decision not in DECISIONS:
            raise ValueError(f"decision must be one of {DECISIONS}, not {self.decision!r}")
        self._check_calibration()
        if self.schema != 1:
            raise ValueError(f"metadata schema {self.schema} is not known; this ecgrt reads 1")

    def _check_calibration(self) -> None:
        width = 2 * len(self.classes) + 1
        sound = all(len(row) == width and all(map(math.isfinite, row)) for row in self.pooling)
        if self.pooling and (len(self.pooling) != len(self.classes) or not sound):
            raise ValueError(
                f"pooling must be empty, or {width} finite numbers for each of "
                f"{self.classes}, not {self.pooling}"
            )
        scale, bias, weights = self.calibration_scale, self.calibration_bias, self.decision_weights
        if not 0 < scale < math.inf:
            raise ValueError(f"calibration_scale must be positive and finite, not {scale}")
        if bias and (len(bias) != len(self.classes) or not all(map(math.isfinite, bias))):
            raise ValueError(
                f"calibration_bias must be empty, or a finite number for each of "
                f"{self.classes}, not {bias}"
            )
        if weights and (
            len(weights) != len(self.classes) or not all(0 < w < math.inf for w in weights)
        ):
            raise ValueError(
                f"decision_weights must be empty, or a positive number for each of "
                f"{self.classes}, not {weights}"
            )
        if weights and self.decision == "mode":
            raise ValueError(
                "decision_weights weigh probabilities, so decision must be 'mean', not 'mode'"
            )

    def to_json(self) -> str:
        """Return compact JSON of at most :data:`MAX_BYTES` bytes, or raise ValueError.

        Pooling, calibration and weights are written only where they are set.
        """
        values = asdict(self)
        values = {name: v for name, v in values.items() if v != _CALIBRATION.get(name)}
        text = json.dumps(values, separators=(",", ":"), sort_keys=True)
        if len(text.encode()) > MAX_BYTES:
            raise ValueError(
                f"the metadata takes {len(text.encode())} bytes; at most {MAX_BYTES} fit, "
                "shorten the model's name, or leave out the pooling"
            )
        return text

    @classmethod
    def from_json(cls, text: str) -> Metadata:
        """Read :meth:`to_json`'s text; raise ValueError that names a missing or unknown field."""
        try:
            values = json.loads(text)
        except json.JSONDecodeError as error:
            raise ValueError(f"the metadata is not JSON: {error}") from error
        if not hasattr(values, "keys"):
            raise ValueError(f"the metadata must be a JSON object, not {text[:40]!r}")
        known = {field.name for field in fields(cls)}
        required = {field.name for field in fields(cls) if field.default is MISSING}
        missing = required - values.keys()
        if missing or values.keys() - known:
            unknown = sorted(values.keys() - known)
            raise ValueError(f"metadata fields: missing {sorted(missing)}, unknown {unknown}")
        return cls(**values)


_CALIBRATION = {
    field.name: field.default
    for field in fields(Metadata)
    if field.name in ("pooling", "calibration_scale", "calibration_bias", "decision_weights")
}


def digest_records(names: Iterable[str]) -> str:
    """Return the SHA-256 (hex) of the sorted record names, one per line."""
    return hashlib.sha256("\n".join(sorted(names)).encode()).hexdigest()
