"""ECG rhythm classification, now: load a plan once, then classify signals in milliseconds.

>>> import ecgrt
>>> classifier = ecgrt.Classifier("model.plan")
>>> record = ecgrt.read_record("examples/records/S0006")
>>> classifier.predict(record).label
'A'

ecgrt is not a medical device.
"""

from typing import TYPE_CHECKING, Any

from ._core import (
    BackendUnavailableError,
    Classifier,
    Decision,
    PlanError,
    Prediction,
    Quality,
    SignalWarning,
    Stream,
    __version__,
    find_beats,
    find_evidence,
)

if TYPE_CHECKING:
    from .compile.build import build_plan
    from .records import Record, RecordReader, open_record, read_record
    from .rhythm.timeline import Timeline, timeline

__all__ = [
    "BackendUnavailableError",
    "Classifier",
    "Decision",
    "PlanError",
    "Prediction",
    "Quality",
    "Record",
    "RecordReader",
    "SignalWarning",
    "Stream",
    "Timeline",
    "__version__",
    "build_plan",
    "find_beats",
    "find_evidence",
    "open_record",
    "read_record",
    "timeline",
]

# Loaded when they are first asked for, so that importing ecgrt stays as fast as the extension.
_LATER = {
    "Record": ".records",
    "RecordReader": ".records",
    "Timeline": ".rhythm.timeline",
    "build_plan": ".compile.build",
    "open_record": ".records",
    "read_record": ".records",
    "timeline": ".rhythm.timeline",
}


def __getattr__(name: str) -> Any:
    if name not in _LATER:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    globals()[name] = value = getattr(import_module(_LATER[name], __name__), name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_LATER})
