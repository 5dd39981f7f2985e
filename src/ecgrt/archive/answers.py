"""The rows of answers: their schema, and how they come from predictions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import Classifier, Prediction
from .._errors import USER_ERRORS, describe
from .._extras import require
from ..records import Record
from .blocks import Block, Item, Origin
from .settings import Settings, digest_of
from .stores import StoreError

#: What a column with the probability of a class begins with.
PROBABILITY = "probability_"
#: Records and samples that the core gets at a time: enough for its threads, not too many to hold.
_RECORDS, _SAMPLES = 64, 1 << 23

#: A pyarrow.Table.
Table = Any


def schema(classes: Sequence[str], metadata: dict[str, str] | None = None) -> Any:
    """Return the schema of answers, as docs/archives.md tells it.

    Parameters
    ----------
    classes
        The model's.
    metadata
        Of the file.
    """
    pa = require("pyarrow", extra="archive")
    text = pa.string()
    fields = [
        pa.field("name", text, nullable=False),
        pa.field("source", text, nullable=False),
        pa.field("row", pa.int64()),
        pa.field("label", text),
        pa.field("confidence", pa.float32()),
        *(pa.field(f"{PROBABILITY}{name}", pa.float32()) for name in classes),
        pa.field("fs", pa.float64()),
        pa.field("duration", pa.float64()),
        pa.field("readable", pa.float64()),
        pa.field("heart_rate", pa.float64()),
        pa.field("warnings", pa.list_(text), nullable=False),
        pa.field("error", text),
        pa.field("model", text),
        pa.field("plan_digest", text, nullable=False),
    ]
    return pa.schema(fields, metadata=metadata)


class Scorer:
    """One classifier that answers blocks.

    Parameters
    ----------
    settings
        What all workers of a run go by.

    Raises
    ------
    ValueError
        If the plan here, or ecgrt, is not the run's.
    PlanError, BackendUnavailableError
        As of :class:`ecgrt.Classifier`.
    """

    def __init__(self, settings: Settings) -> None:
        if settings.version != Settings.version:
            raise ValueError(
                f"a worker has ecgrt {Settings.version} and the run {settings.version}; install "
                "the same everywhere"
            )
        self.classifier = Classifier(
            settings.plan, threads=settings.threads, device=settings.device
        )
        if digest_of(settings.plan) != settings.digest:
            raise ValueError(f"{settings.plan} has changed since the run began")
        self._settings = settings
        self._schema = schema(self.classifier.classes)
        self._origin = {
            "model": self.classifier.metadata.get("model"),
            "plan_digest": settings.digest,
        }

    def answer(self, block: Block) -> Table:
        """Return a row for each record of a block, in their order; what fails has its reason."""
        rows: list[dict[str, Any]] = []
        held: list[tuple[dict[str, Any], Record]] = []
        for item in block.items():
            row, record = self._read(item)
            rows.append(row)
            if record is not None:
                held.append((row, record))
            if len(held) == _RECORDS or sum(r.signal.size for _, r in held) > _SAMPLES:
                self._predict(held)
                held = []
        self._predict(held)
        return require("pyarrow", extra="archive").Table.from_pylist(rows, schema=self._schema)

    def _read(self, item: Item) -> tuple[dict[str, Any], Record | None]:
        origin, read = item
        row = self._row(origin)
        try:
            record = read()
        except StoreError:  # it says nothing about the record: the run ends, and can go on
            raise
        except Exception as error:  # noqa: BLE001 (whatever one record leads to)
            row["error"] = reason(error)
            return row, None
        row["fs"], row["duration"] = record.fs, record.duration
        return row, record

    def _row(self, origin: Origin) -> dict[str, Any]:
        return {
            "name": origin.name,
            "source": origin.source,
            "row": origin.row,
            "warnings": [],
            **self._origin,
        }

    def _predict(self, held: list[tuple[dict[str, Any], Record]]) -> None:
        """Fill rows in; where one record fails, each is asked by itself."""
        if not held:
            return
        records = [record for _, record in held]
        least = self._settings.min_confidence
        try:
            found = self.classifier.predict_batch(records, min_confidence=least)
        except Exception as error:  # noqa: BLE001
            if len(held) == 1:
                held[0][0]["error"] = reason(error)
                return
            for one in held:
                self._predict([one])
            return
        for (row, _), prediction in zip(held, found, strict=True):
            row.update(_told(prediction))


def reason(error: BaseException) -> str:
    """Return why a record failed; of errors that ecgrt did not foresee their kind only.

    What another package says may quote the file, and with it a patient.
    """
    return describe(error) if isinstance(error, USER_ERRORS) else type(error).__name__


def _told(prediction: Prediction) -> dict[str, Any]:
    figures = prediction.probabilities.tolist()
    names = (f"{PROBABILITY}{name}" for name in prediction.classes)
    return {
        "label": prediction.label,
        "confidence": prediction.confidence,
        **dict(zip(names, figures, strict=True)),
        "readable": prediction.quality.readable,
        "heart_rate": prediction.heart_rate,
        "warnings": list(prediction.quality.warnings),
    }
