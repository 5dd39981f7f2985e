"""The C++ core."""

from collections.abc import Iterable
from os import PathLike
from typing import Any, final

import numpy as np
from numpy.typing import ArrayLike, NDArray

__version__: str

class PlanError(RuntimeError):
    """The plan is missing, damaged, of another version, or no plan at all."""

class BackendUnavailableError(RuntimeError):
    """The plan is sound, but what it needs (GPU, driver, TensorRT, instructions) is not here."""

@final
class Prediction:
    """What a classifier says of one record.

    Arrays are views of the prediction's own memory.
    """

    @property
    def label(self) -> str | None:
        """Rhythm of the record, one of the classifier's classes; None: less sure than asked."""

    @property
    def confidence(self) -> float:
        """Probability of the label, be it given or withheld: its entry of `probabilities`."""

    @property
    def probabilities(self) -> NDArray[np.float32]:
        """Shape (classes,), in the order of ``Classifier.classes``.

        The mean over the segments, or pooled from them as the model has learnt; calibrated if
        the model has a calibration.
        """

    @property
    def segment_probabilities(self) -> NDArray[np.float32]:
        """Shape (segments, classes): softmax of the network's logits; never calibrated."""

    @property
    def segment_labels(self) -> list[str]:
        """The most probable class of each segment."""

@final
class Classifier:
    """A plan, loaded and ready. Immutable; may be shared by threads.

    Python's other threads run while it works, and Ctrl-C ends a long record or batch.

    Parameters
    ----------
    plan
        File written by ``ecgrt-build-engine``. What it is is told by its first bytes. A CPU plan
        is not needed any more once it is loaded.
    threads
        Threads of the CPU engine, 1 to 256. None: the environment variable ECGRT_NUM_THREADS,
        else one for each core that the process may use (a container's quota of CPU time is not
        seen: set it there). Of a TensorRT plan: how many calls the GPU works on at a time
        (default 2).
    device
        CUDA device of a TensorRT plan.

    Raises
    ------
    PlanError
        The plan cannot be opened, is damaged, or is of another version.
    BackendUnavailableError
        This machine lacks what the plan needs, or what ECGRT_FORCE_ISA asks for.
    ValueError
        ``threads`` or ECGRT_NUM_THREADS is out of range.
    """

    def __init__(
        self, plan: str | PathLike[str], *, threads: int | None = None, device: int = 0
    ) -> None: ...
    def predict(
        self, x: ArrayLike, fs: float | None = None, min_confidence: float = 0.0
    ) -> Prediction:
        """Classify one record.

        Parameters
        ----------
        x
            Shape (n,): one lead in units of 1000 per mV (microvolts), integers or floats.
            int16, int32, float32 and float64 are read in place, whatever their stride.
        fs
            Sampling rate in Hz, 10 to 100,000; None means the model's own. Other rates are
            resampled as ``scipy.signal.resample_poly(x, up, down, padtype="edge")`` does it.
        min_confidence
            0 to 1. Where the confidence is below it, the label is None: no decision.

        Raises
        ------
        ValueError
            Not one-dimensional, shorter than a segment, not finite, with masked samples, or an
            impossible ``fs`` or ``min_confidence``.
        TypeError
            Not an array of integers or floats.
        """

    def predict_batch(
        self, xs: Iterable[ArrayLike], fs: float | None = None, min_confidence: float = 0.0
    ) -> list[Prediction]:
        """Classify records of any lengths, one on each thread; see :meth:`predict`."""

    def self_test(self) -> float:
        """Run the plan's own example.

        Returns
        -------
        float
            Largest difference between the probabilities found here and those that ONNX Runtime
            gave when the plan was built; NaN if the plan carries no example.
        """

    @property
    def classes(self) -> tuple[str, ...]:
        """Labels in the order of the probabilities."""

    @property
    def sampling_rate(self) -> float:
        """The model's own sampling rate, Hz."""

    @property
    def samples_per_segment(self) -> int:
        """Samples, at the model's rate, for one segment of answer."""

    @property
    def backend(self) -> str:
        """What runs the network, such as ``"cpu/avx2"``."""

    @property
    def threads(self) -> int:
        """How many records the backend works on at a time."""

    @property
    def metadata(self) -> dict[str, Any]:
        """The model's metadata as the plan has it; see ``ecgrt.metadata.Metadata.to_json``."""

    @property
    def training_records(self) -> list[str]:
        """Names of the records that the model was trained on; empty if the plan does not tell."""

def preprocess(
    x: ArrayLike,
    fs: float | None = None,
    *,
    mean: float,
    std: float,
    sampling_rate: float,
    samples_per_segment: int,
) -> NDArray[np.float32]:
    """Return what the network sees of a record, as :meth:`Classifier.predict` computes it.

    Returns
    -------
    array of shape (n,)
        Resampled to ``sampling_rate``, cut to whole segments, ``(x - mean) / std``.
    """

CHANNEL_MULTIPLE: int
PLAN_FORMAT_VERSION: int
POOLING_FLOOR: float

def check_metadata(json: str) -> None:
    """Raise ValueError that names the field if a model's metadata is not valid."""

def decide(
    json: str,
    answers: ArrayLike,
    readable: ArrayLike | None = None,
    rhythm: ArrayLike | None = None,
    min_confidence: float = 0.0,
) -> tuple[str | None, NDArray[np.float32]]:
    """Return a record's label and probabilities from the answers of its segments.

    Parameters
    ----------
    json
        The model's metadata.
    answers
        Shape (segments, classes + evidence): what the network answers.
    readable
        Shape (segments,), 0 for those to leave out; None: all count.
    rhythm
        The features that the record head names, if the model has one.
    min_confidence
        As of :meth:`Classifier.predict`.
    """

def supported_isas() -> list[str]:
    """Return the instruction sets that this processor runs, the best first."""
