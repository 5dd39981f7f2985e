"""Model repositories: their configuration by Triton's own protobuf, their models by a stand-in.

The stand-in has what Triton's documentation says of ``triton_python_backend_utils``. A server runs
in test_server.py.
"""

from __future__ import annotations

import json
import runpy
import sys
import types
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from commands import exit_code
from google.protobuf import json_format, text_format
from tritonclient.grpc.model_config_pb2 import ModelConfig

import ecgrt
from ecgrt.triton import write_repository


class Tensor:
    def __init__(self, name: str, values: np.ndarray[Any, Any]) -> None:
        self.name, self.values = name, values

    def as_numpy(self) -> np.ndarray[Any, Any]:
        return self.values


class Response:
    def __init__(self, output_tensors: list[Tensor], error: Exception | None = None) -> None:
        self.outputs = {tensor.name: tensor.values for tensor in output_tensors}
        self.error = error

    def json(self) -> Any:
        assert self.error is None
        return json.loads(self.outputs["ANSWER"][0, 0])


class TritonError(RuntimeError):
    INVALID_ARG = 3

    def __init__(self, message: str, code: int) -> None:
        super().__init__(message)
        self.code = code


def find(request: dict[str, Any], name: str) -> Tensor:
    return Tensor(name, request[name])


@pytest.fixture(autouse=True)
def stand_in(monkeypatch: pytest.MonkeyPatch) -> None:
    module = types.ModuleType("triton_python_backend_utils")
    for name, value in (
        ("Tensor", Tensor),
        ("InferenceResponse", Response),
        ("TritonError", TritonError),
        ("get_input_tensor_by_name", find),
    ):
        setattr(module, name, value)
    monkeypatch.setitem(sys.modules, module.__name__, module)


def config_of(model: Path) -> ModelConfig:
    return text_format.Parse((model / "config.pbtxt").read_text(), ModelConfig())


def load(model: Path) -> Any:
    """Do as Triton does: run model.py, hand over the configuration as JSON."""
    config = json_format.MessageToJson(config_of(model), preserving_proto_field_name=True)
    loaded = runpy.run_path(str(model / "1" / "model.py"))["TritonPythonModel"]()
    loaded.initialize(
        {"model_config": config, "model_repository": str(model), "model_version": "1"}
    )
    return loaded


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("triton") / "repository"
    assert exit_code("triton", folder, "--threads", 1, "--sequences", 3) == 0
    return folder


@pytest.fixture(scope="module")
def classifier() -> ecgrt.Classifier:
    return ecgrt.Classifier(threads=1)


@pytest.fixture(scope="module")
def signal(records: Path) -> Any:
    return ecgrt.read_record(records / "S0006").signal.astype(np.float32)


def request(signal: Any, fs: float = 300, unit: bytes = b"uV", **controls: Any) -> dict[str, Any]:
    rows = np.atleast_2d(signal)
    values = {
        "SIGNAL": rows,
        "FS": np.full((len(rows), 1), fs),
        "UNIT": np.full((len(rows), 1), unit, dtype=object),
    }
    return values | {name: np.array([[value]]) for name, value in controls.items()}


def chunk(signal: Any, number: int, start: int = 0, end: int = 0, **more: Any) -> dict[str, Any]:
    return request(signal, **more, START=start, END=end, CORRID=number)


def test_the_configuration(repository: Path, classifier: ecgrt.Classifier) -> None:
    for model in repository.iterdir():
        config = config_of(model)
        assert (config.name, config.backend) == (model.name, "python")
        assert (model / "1" / "model.plan").stat().st_size > 1000
    (output,) = (o for o in config_of(repository / "ecgrt").output if o.name == "PROBABILITIES")
    assert list(output.dims) == [len(classifier.classes)]
    stream = config_of(repository / "ecgrt_stream")
    assert stream.sequence_batching.oldest.max_candidate_sequences == 3


def test_records(repository: Path, classifier: ecgrt.Classifier, signal: Any) -> None:
    model = load(repository / "ecgrt")
    bad = [request(signal[:3]), request(signal, unit=b"kg"), request(signal, fs=0.1)]
    good = [request(signal), request(signal[:6000] / 1000, unit=b"mV"), request([signal, signal])]
    answers = model.execute([bad[0], *good, *bad[1:]])
    for answer in (answers[0], *answers[4:]):
        assert isinstance(answer.error, TritonError)
        assert answer.error.code == TritonError.INVALID_ARG
        assert answer.outputs == {}
    assert answers[1].json() == classifier.predict(signal, fs=300).to_dict()
    expected = classifier.predict(signal[:6000] / 1000, fs=300, unit="mV")
    assert answers[2].outputs["LABEL"].tolist() == [[(expected.label or "").encode()]]
    np.testing.assert_array_equal(answers[2].outputs["PROBABILITIES"], [expected.probabilities])
    assert answers[3].outputs["CONFIDENCE"].shape == (2, 1)


def test_sequences(repository: Path, classifier: ecgrt.Classifier, signal: Any) -> None:
    model = load(repository / "ecgrt_stream")
    day = np.tile(signal, 3)
    parts = np.array_split(day, 8)
    decisions, beats = [], []
    for i, part in enumerate(parts):
        others = chunk(part[:10], 8, start=i == 0)  # another sequence between them
        answer, _ = model.execute([chunk(part, 7, i == 0, i == len(parts) - 1), others])
        decisions += answer.json()["decisions"]
        beats += answer.json()["beats"]
    stream = classifier.stream(300)
    whole = stream.push(day)
    found = stream.beats.tolist()
    whole += stream.finish()
    assert decisions == [d.to_dict() for d in whole]
    assert beats == found + stream.beats.tolist()


def test_sequences_that_are_none(repository: Path, signal: Any) -> None:
    model = load(repository / "ecgrt_stream")
    (lost,) = model.execute([chunk(signal, 1)])
    assert "has not begun" in str(lost.error)
    for number in range(2, 6):  # one more than may be: the oldest is forgotten
        (answer,) = model.execute([chunk(signal[:99], number, start=1)])
        assert answer.error is None
    oldest, next_, faster = model.execute(
        [chunk(signal[:9], 2), chunk(signal[:9], 3), chunk(signal[:9], 4, fs=250)]
    )
    assert "has not begun" in str(oldest.error)
    assert next_.error is None
    assert "began at 300 Hz" in str(faster.error)


def test_a_sequence_keeps_its_unit(repository: Path, signal: Any) -> None:
    model = load(repository / "ecgrt_stream")
    began, other, bad, lost = model.execute(
        [
            chunk(signal, 1, start=1),
            chunk(signal, 1, unit=b"mV"),
            chunk(signal, 1, start=1, unit=b"kg"),  # what began before has ended all the same
            chunk(signal, 1),
        ]
    )
    assert began.error is None
    assert "began in uV, not in 'mV'" in str(other.error)
    assert "kg" in str(bad.error)
    assert "has not begun" in str(lost.error)


def test_the_log_of_the_server_is_no_place_for_warnings(repository: Path, signal: Any) -> None:
    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        model = load(repository / "ecgrt")
        (answer,) = model.execute([request(signal[:2400])])
    assert "short_record" in answer.json()["quality"]["warnings"]
    assert told == []


def test_a_load(repository: Path, classifier: ecgrt.Classifier, signal: Any) -> None:
    """Thousands of requests, in batches as Triton makes them, from several threads."""
    model = load(repository / "ecgrt")
    batch = [request(signal[:n]) for n in (1800, 2100, 2400, 3000)]
    expected = [classifier.predict(r["SIGNAL"][0], fs=300).label or "" for r in batch]
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda _: model.execute(batch), range(500)))
    told = [[a.outputs["LABEL"][0, 0].decode() for a in of_batch] for of_batch in answers]
    assert told == [expected] * 500


def test_a_repository_of_another_version(tmp_path: Path) -> None:
    model, _ = write_repository(tmp_path)
    config = model / "config.pbtxt"
    config.write_text(config.read_text().replace(f'"{ecgrt.__version__}"', '"99.0.0"'))
    with pytest.raises(RuntimeError, match=r"written by ecgrt 99\.0\.0"):
        load(model)


def test_what_cannot_be_written(
    repository: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert exit_code("triton", repository) == 2
    assert "is there already" in capsys.readouterr().err
    assert exit_code("triton", tmp_path, "--plan", tmp_path / "no.plan") == 2
    assert exit_code("triton", tmp_path, "--batch", 0) == 2
    assert list(tmp_path.iterdir()) == []
