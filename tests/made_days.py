"""Records whose rhythm is known, and a classifier that knows it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import numpy as np

from ecgrt import find_beats
from ecgrt.metadata import Metadata
from ecgrt.records import Record

CLASSES = ("A", "N", "O", "~")
FS = 100.0
#: Label, seconds.
Script = Sequence[tuple[str, float]]
Gap = tuple[float, float, str]


class ScriptedClassifier:
    """Answers by a script, a segment a second, with the interface of ``ecgrt.Classifier``."""

    sampling_rate = FS
    samples_per_segment = 100
    backend = "script"
    plan = "/nowhere/script.plan"

    def __init__(
        self,
        script: Script,
        *,
        gaps: Sequence[Gap] = (),
        classes: tuple[str, ...] = CLASSES,
        sure: float = 0.9,
    ) -> None:
        self.classes = classes
        metadata = Metadata(
            model="script",
            classes=classes,
            mean=0.0,
            std=1.0,
            sampling_rate=FS,
            samples_per_segment=100,
            context_segments=1,
            label_version="v3",
            training_digest="0" * 64,
            training_records=0,
            decision="mean",
        )
        self.metadata: dict[str, Any] = json.loads(metadata.to_json())
        labels = [label for label, seconds in script for _ in range(int(seconds))]
        other = (1 - sure) / (len(classes) - 1)
        answers = np.full((len(labels), len(classes)), other, np.float32)
        answers[np.arange(len(labels)), [classes.index(label) for label in labels]] = sure
        shown = np.array(labels)
        for start, end, _ in gaps:
            shown[int(np.ceil(start - 0.5)) : int(end + 0.5)] = ""
        readable = 1 - sum(end - start for start, end, _ in gaps) / len(labels)
        self.answer = SimpleNamespace(
            segment_probabilities=answers,
            segment_labels=shown,
            label=max(set(labels), key=labels.count),
            confidence=sure,
            probabilities=answers.mean(axis=0),
            classes=classes,
            evidence={},
            beats=np.arange(0.4, len(labels), 0.8),
            quality=SimpleNamespace(readable=readable, spans=tuple(gaps), warnings={}),
        )

    def stream(self, fs: float, *, window: float, hop: float) -> ScriptedStream:
        return ScriptedStream(self, fs, window, hop)

    def window(self, start: float, end: float) -> SimpleNamespace:
        """What it says of a part of the script."""
        inside = slice(round(start), round(end))
        shown = self.answer.segment_labels[inside] != ""
        spans = tuple(
            (max(first, start) - start, min(last, end) - start, reason)
            for first, last, reason in self.answer.quality.spans
            if first < end and last > start
        )
        missing = sum(last - first for first, last, _ in spans)
        rows = self.answer.segment_probabilities[inside][shown]
        probabilities = rows.mean(axis=0) if len(rows) else np.full(len(self.classes), np.nan)
        quality = SimpleNamespace(readable=1 - missing / (end - start), spans=spans, warnings={})
        return SimpleNamespace(probabilities=probabilities, quality=quality)

    def predict(self, x: Any, fs: float | None = None, *_: Any, **__: Any) -> SimpleNamespace:
        assert len(getattr(x, "signal", x)) == 100 * len(self.answer.segment_probabilities)
        return self.answer


class ScriptedStream:
    """Decides as ``ecgrt.Stream`` does, what the script says."""

    def __init__(
        self, classifier: ScriptedClassifier, fs: float, window: float, hop: float
    ) -> None:
        self._classifier, self._fs = classifier, fs
        self._window, self._hop = window, hop
        self._chunks: list[np.ndarray] = []
        self._next = 0
        self.seconds = 0.0
        self.beats = np.empty(0)

    def push(self, chunk: np.ndarray) -> list[SimpleNamespace]:
        self._chunks.append(chunk)
        self.seconds += len(chunk) / self._fs
        found = []
        while self._next * self._hop + self._window <= self.seconds:
            start = self._next * self._hop
            found.append(self._decision(start, start + self._window))
            self._next += 1
        return found

    def finish(self) -> list[SimpleNamespace]:
        self.beats = find_beats(np.concatenate(self._chunks), self._fs)
        start, seconds = self._next * self._hop, self.seconds
        rest = seconds - start - self._window + self._hop
        return [self._decision(start, seconds)] if not start or rest >= self._hop / 2 else []

    def _decision(self, start: float, end: float) -> SimpleNamespace:
        prediction = self._classifier.window(start, end)
        return SimpleNamespace(start=start, end=end, prediction=prediction)


def heartbeats(seconds: float, rate: float = 75.0, fs: float = FS) -> np.ndarray:
    """Return a made ECG, in microvolts: a narrow R wave and a T wave for each beat."""
    t = np.arange(int(seconds * fs)) / fs
    signal = np.zeros(t.size)
    phase = np.mod(t * rate / 60 + 0.5, 1) - 0.5
    since = phase * 60 / rate
    signal += 1000 * np.exp(-((since / 0.012) ** 2))
    signal += 250 * np.exp(-(((since - 0.25) / 0.05) ** 2))
    return signal.astype(np.float32)


def made_record(script: Script, **options: Any) -> Record:
    """Return a record as long as a script."""
    seconds = sum(int(seconds) for _, seconds in script)
    fields: dict[str, Any] = {"name": "made", "signal": heartbeats(seconds), "fs": FS, **options}
    return Record(**fields)


NIGHT = datetime(2026, 3, 1, 23, 30)
