"""What Triton's Python backend runs. ``triton_python_backend_utils`` exists within it only."""

from __future__ import annotations

import importlib
import json
import warnings
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np

from .. import Classifier, Prediction, SignalWarning, __version__
from .._core import Stream
from .repository import PLAN_NAME


def _utils() -> Any:
    return importlib.import_module("triton_python_backend_utils")


def _parameters(arguments: dict[str, str]) -> dict[str, str]:
    """Return the model's parameters; raise RuntimeError if another ecgrt wrote them."""
    config = json.loads(arguments["model_config"])
    values = {key: entry["string_value"] for key, entry in config["parameters"].items()}
    wrote = values["ecgrt_version"]
    if wrote.split(".")[:2] != __version__.split(".")[:2]:
        raise RuntimeError(
            f"the model repository was written by ecgrt {wrote}, and this is ecgrt {__version__}; "
            "write it again with ecgrt-triton, or install that version"
        )
    return values


def _load(arguments: dict[str, str], values: dict[str, str]) -> Classifier:
    # The process is the model's own, and its warnings would be the server's log: the answers tell.
    warnings.simplefilter("ignore", SignalWarning)
    folder = Path(arguments["model_repository"]) / arguments["model_version"]
    threads, device = int(values["threads"]), int(values["device"])
    return Classifier(folder / PLAN_NAME, threads=threads or None, device=device)


def _input(request: Any, name: str) -> Any:
    return _utils().get_input_tensor_by_name(request, name).as_numpy()


def _signal(request: Any) -> tuple[Any, float, str]:
    """Return the rows of a request's signal, (n, samples), their rate and unit."""
    fs, unit = _input(request, "FS").ravel(), _input(request, "UNIT").ravel()
    if len({*fs.tolist()}) != 1 or len({*unit.tolist()}) != 1:
        raise ValueError("the rows of a request must have one FS and one UNIT")
    return _input(request, "SIGNAL"), float(fs[0]), bytes(unit[0]).decode("utf-8", "replace")


def _text(values: list[str]) -> Any:
    return np.array([[value.encode()] for value in values], dtype=object)


def _error(error: Exception) -> Any:
    pb = _utils()
    told = pb.TritonError(str(error), pb.TritonError.INVALID_ARG)
    return pb.InferenceResponse(output_tensors=[], error=told)


def _json(values: Any) -> str:
    return json.dumps(values, allow_nan=False)


class EcgModel:
    """Records in, predictions out."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load the plan."""
        self._classifier = _load(args, _parameters(args))

    def execute(self, requests: list[Any]) -> list[Any]:
        """Answer requests of any lengths; a bad one costs the others nothing."""
        groups: dict[tuple[float, str], list[tuple[int, Any]]] = {}
        answers: list[Any] = [None] * len(requests)
        for number, request in enumerate(requests):
            try:
                rows, fs, unit = _signal(request)
            except ValueError as error:
                answers[number] = _error(error)
            else:
                groups.setdefault((fs, unit), []).append((number, rows))
        for (fs, unit), members in groups.items():
            for number, answer in self._answer(members, fs, unit):
                answers[number] = answer
        return answers

    def _answer(
        self, members: list[tuple[int, Any]], fs: float, unit: str
    ) -> list[tuple[int, Any]]:
        records = [row for _, rows in members for row in rows]
        try:
            found = iter(self._classifier.predict_batch(records, fs, unit=unit))
            return [
                (number, self._response([next(found) for _ in rows])) for number, rows in members
            ]
        except (ValueError, TypeError) as error:
            if len(members) == 1:
                return [(members[0][0], _error(error))]
            return [pair for member in members for pair in self._answer([member], fs, unit)]

    def _response(self, found: list[Prediction]) -> Any:
        pb = _utils()
        outputs = {
            "LABEL": _text([p.label or "" for p in found]),
            "CONFIDENCE": np.array([[p.confidence] for p in found], np.float32),
            "PROBABILITIES": np.array([p.probabilities for p in found], np.float32),
            "ANSWER": _text([_json(p.to_dict()) for p in found]),
        }
        return pb.InferenceResponse(
            output_tensors=[pb.Tensor(name, values) for name, values in outputs.items()]
        )


class EcgStreamModel:
    """Sequences of chunks in, decisions out as they become final."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load the plan."""
        values = _parameters(args)
        self._classifier = _load(args, values)
        self._most = int(values["sequences"])
        self._streams: OrderedDict[int, tuple[Stream, str]] = OrderedDict()

    def execute(self, requests: list[Any]) -> list[Any]:
        """Take a chunk of each sequence."""
        return [self._take(request) for request in requests]

    def _take(self, request: Any) -> Any:
        pb = _utils()
        start, end = (bool(_input(request, name).any()) for name in ("START", "END"))
        number = int(_input(request, "CORRID").ravel()[0])
        try:
            values = self._push(request, number, start, end)
        except (ValueError, TypeError) as error:
            return _error(error)
        finally:
            if end:
                self._streams.pop(number, None)
        return pb.InferenceResponse(output_tensors=[pb.Tensor("ANSWER", _text([_json(values)]))])

    def _push(self, request: Any, number: int, start: bool, end: bool) -> dict[str, Any]:
        if start:
            self._streams.pop(number, None)  # another of this number, which nobody has ended
        rows, fs, unit = _signal(request)
        if start:
            self._streams[number] = self._classifier.stream(fs, unit), unit
        if number not in self._streams:
            raise ValueError("the sequence has not begun, or was silent for too long; begin anew")
        stream, began = self._streams[number]
        if stream.fs != fs:
            raise ValueError(f"the sequence began at {stream.fs:g} Hz, not {fs:g} Hz")
        if began != unit:
            raise ValueError(f"the sequence began in {began}, not in {unit!r}")
        self._streams.move_to_end(number)
        while len(self._streams) > self._most:  # Triton ends silent sequences without a word
            self._streams.popitem(last=False)
        decisions = stream.push(rows.ravel())
        beats = stream.beats.tolist()
        if end:
            decisions += stream.finish()
            beats += stream.beats.tolist()
        return {
            "seconds": stream.seconds,
            "decisions": [decision.to_dict() for decision in decisions],
            "beats": beats,
        }
