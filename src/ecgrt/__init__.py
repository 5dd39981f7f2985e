"""ECG rhythm classification, now: load a plan once, then classify signals in milliseconds.

>>> import ecgrt
>>> classifier = ecgrt.Classifier("model.plan")
>>> classifier.predict(x, fs=300).label
'N'

ecgrt is not a medical device.
"""

from ._core import (
    BackendUnavailableError,
    Classifier,
    PlanError,
    Prediction,
    __version__,
)

__all__ = [
    "BackendUnavailableError",
    "Classifier",
    "PlanError",
    "Prediction",
    "__version__",
]
