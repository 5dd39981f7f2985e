"""What a model says of itself; travels as JSON from training through ONNX into every plan."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any

from . import _core
from ._files import parse_json

#: Key of the JSON in an ONNX model's ``metadata_props``.
ONNX_KEY = "ecgrt"
#: Key of the space-separated, sorted names of the training records, likewise.
ONNX_TRAINING_RECORDS_KEY = "ecgrt_training_records"


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
    signal
        What is done to a signal at the model's rate, as docs/recordings.md tells in full; None:
        nothing but mean and std. ``band``, [low, high] in Hz, is what a linear-phase filter passes
        (a high of 0: all from low on), with ``half_width`` taps to either side of its middle one.
        With the ``scale`` ``"fixed"`` the network sees ``(x - mean) / std`` of the filtered x, with
        ``"local"`` x divided by its own amplitude in the seconds around; mean is then 0 and std 1.
        With ``gaps`` of ``"cut"`` it sees what lies between gaps each by itself, else all at once.
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
    record_head
        A small network from the pooled evidence of the segments and rhythm features to a record's
        p, in place of the pooling: ``evidence``, the number of channels that the network answers
        behind its classes; ``features``, the names of the rhythm features that follow the mean,
        the standard deviation and the maximum of each of these channels as inputs; ``hidden``, the
        width of its one hidden layer; ``weights``, base64 of float32 in little-endian order:
        (inputs, hidden), (hidden), (hidden, classes), (classes).
    schema
        Version of this layout.

    Raises
    ------
    ValueError
        If a field is impossible; what is valid is decided by the core, which reads the same text
        from every plan.
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
    signal: dict[str, Any] | None = None
    decision: str = "mode"
    pooling: tuple[tuple[float, ...], ...] = ()
    calibration_scale: float = 1.0
    calibration_bias: tuple[float, ...] = ()
    decision_weights: tuple[float, ...] = ()
    record_head: dict[str, Any] | None = None
    schema: int = 1

    def __post_init__(self) -> None:
        for name in ("classes", "calibration_bias", "decision_weights"):
            values: Any = getattr(self, name)
            if isinstance(values, str):  # which is a sequence too, of its letters
                raise TypeError(f"{name} must be a list, not the text {values!r}")
            object.__setattr__(self, name, tuple(values))
        object.__setattr__(self, "pooling", tuple(tuple(row) for row in self.pooling))
        _core.check_metadata(self.to_json())

    @property
    def evidence(self) -> int:
        """Channels that the network answers behind its classes, for the record head."""
        return int(self.record_head["evidence"]) if self.record_head else 0

    def to_json(self) -> str:
        """Return compact JSON. What is optional is written only where it is set."""
        values = {name: v for name, v in asdict(self).items() if v != _OPTIONAL.get(name)}
        try:
            return json.dumps(values, separators=(",", ":"), sort_keys=True, allow_nan=False)
        except ValueError:
            wrong = [name for name, value in values.items() if not _is_finite(value)]
            raise ValueError(f"{', '.join(wrong)} must be finite") from None

    @classmethod
    def from_json(cls, text: str) -> Metadata:
        """Read :meth:`to_json`'s text; raise ValueError that names a missing or unknown field."""
        values = parse_json(text, "the metadata")
        if not hasattr(values, "keys"):
            raise ValueError(f"the metadata must be a JSON object, not {text[:40]!r}")
        known = {field.name for field in fields(cls)}
        required = {field.name for field in fields(cls) if field.default is MISSING}
        missing = required - values.keys()
        if missing or values.keys() - known:
            unknown = sorted(values.keys() - known)
            raise ValueError(f"metadata fields: missing {sorted(missing)}, unknown {unknown}")
        return cls(**values)


_OPTIONAL = {
    field.name: field.default
    for field in fields(Metadata)
    if field.default is not MISSING and field.name not in ("decision", "schema")
}


def _is_finite(value: Any) -> bool:
    try:
        json.dumps(value, allow_nan=False)
    except ValueError:
        return False
    return True


def digest_records(names: Iterable[str]) -> str:
    """Return the SHA-256 (hex) of the sorted record names, one per line."""
    return hashlib.sha256("\n".join(sorted(names)).encode()).hexdigest()
