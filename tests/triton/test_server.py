"""The models on a Triton server, asked as clients ask it.

The server's command is in ECGRT_TRITONSERVER, with --backend-directory if need be; its Python must
have ecgrt. Without one these tests are skipped, and test_triton.py has a stand-in.
"""

from __future__ import annotations

import json
import os
import shlex
import socket
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tritonclient import grpc
from tritonclient.utils import InferenceServerException

import ecgrt
from ecgrt.triton import write_repository

COMMAND = os.environ.get("ECGRT_TRITONSERVER")
pytestmark = pytest.mark.skipif(not COMMAND, reason="ECGRT_TRITONSERVER names no server")
#: A sequence is silent for so long, in microseconds, before Triton ends it.
IDLE = 2_000_000


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("log") / "triton.log"


@pytest.fixture(scope="module")
def client(
    tmp_path_factory: pytest.TempPathFactory, log: Path
) -> Iterator[grpc.InferenceServerClient]:
    """A server of a repository with room for three sequences, ready to answer."""
    repository = tmp_path_factory.mktemp("triton") / "repository"
    _, stream = write_repository(repository, threads=1, sequences=3)
    config = stream / "config.pbtxt"
    config.write_text(config.read_text().replace("120000000", str(IDLE)))
    port = free_port()
    options = ["--model-repository", str(repository), "--http-port", str(free_port())]
    options += ["--grpc-port", str(port), "--grpc-address", "127.0.0.1"]
    with log.open("wb") as sink:
        server = subprocess.Popen([*shlex.split(COMMAND or ""), *options], stdout=sink, stderr=sink)
    asked = grpc.InferenceServerClient(f"127.0.0.1:{port}")
    try:
        while not is_ready(asked):
            assert server.poll() is None, log.read_text()
        yield asked
    finally:
        asked.close()
        server.kill()
        server.wait()


def is_ready(client: grpc.InferenceServerClient) -> bool:
    try:
        return bool(client.is_server_ready(client_timeout=1))
    except InferenceServerException:
        return False


@pytest.fixture(scope="module")
def classifier() -> ecgrt.Classifier:
    return ecgrt.Classifier(threads=1)


@pytest.fixture(scope="module")
def signal(records: Path) -> Any:
    return ecgrt.read_record(records / "S0006").signal.astype(np.float32)


def inputs(rows: Any, fs: float = 300, unit: bytes = b"uV") -> list[grpc.InferInput]:
    rows = np.atleast_2d(rows)
    values = {
        "SIGNAL": ("FP32", rows),
        "FS": ("FP64", np.full((len(rows), 1), fs, float)),
        "UNIT": ("BYTES", np.full((len(rows), 1), unit, object)),
    }
    made = [grpc.InferInput(name, value.shape, kind) for name, (kind, value) in values.items()]
    for tensor, (_, value) in zip(made, values.values(), strict=True):
        tensor.set_data_from_numpy(value)
    return made


def answer(result: grpc.InferResult) -> Any:
    return json.loads(result.as_numpy("ANSWER")[0, 0])


def refused(client: grpc.InferenceServerClient, model: str, *asked: Any, **sequence: Any) -> str:
    with pytest.raises(InferenceServerException) as error:
        client.infer(model, inputs(*asked), **sequence)
    assert error.value.status() == "StatusCode.INVALID_ARGUMENT"
    return str(error.value.message())


def test_records(
    client: grpc.InferenceServerClient, classifier: ecgrt.Classifier, signal: Any
) -> None:
    expected = classifier.predict(signal, fs=300)
    found = client.infer("ecgrt", inputs(signal))
    assert answer(found) == expected.to_dict()
    assert found.as_numpy("LABEL").tolist() == [[(expected.label or "").encode()]]
    np.testing.assert_array_equal(found.as_numpy("PROBABILITIES"), [expected.probabilities])
    assert client.infer("ecgrt", inputs([signal, signal])).as_numpy("CONFIDENCE").shape == (2, 1)


def test_requests_that_are_none(client: grpc.InferenceServerClient, signal: Any) -> None:
    assert "has 3 samples" in refused(client, "ecgrt", signal[:3])
    assert "'kg'" in refused(client, "ecgrt", signal, 300, b"kg")
    assert "from 10 to" in refused(client, "ecgrt", signal, np.nan)


def test_a_load(
    client: grpc.InferenceServerClient,
    classifier: ecgrt.Classifier,
    signal: Any,
    log: Path,
) -> None:
    """Lengths of all kinds at a time, and one in twenty that is no ECG."""
    lengths = (1800, 2100, 2400, 3000, 9000)
    expected = {n: classifier.predict(signal[:n], fs=300).to_dict() for n in lengths}

    def ask(number: int) -> bool:
        if number % 20 == 0:
            return "'kg'" in refused(client, "ecgrt", signal, 300, b"kg")
        n = lengths[number % len(lengths)]
        return bool(answer(client.infer("ecgrt", inputs(signal[:n]))) == expected[n])

    with ThreadPoolExecutor(16) as threads:
        assert all(threads.map(ask, range(2000)))
    (counts,) = client.get_inference_statistics("ecgrt", as_json=True)["model_stats"]
    assert int(counts["execution_count"]) < int(counts["inference_count"]), "none was batched"
    assert "Warning" not in log.read_text()


def test_more_sequences_than_there_is_room_for(
    client: grpc.InferenceServerClient, classifier: ecgrt.Classifier, signal: Any
) -> None:
    """They wait for one that ends, and each gets the answers of its own stream."""
    day = np.tile(signal, 3)

    def ask(number: int) -> tuple[list[Any], list[Any]]:
        parts = np.array_split(np.roll(day, 1000 * number), number + 2)
        told = [
            answer(
                client.infer(
                    "ecgrt_stream",
                    inputs(part),
                    sequence_id=100 + number,
                    sequence_start=i == 0,
                    sequence_end=i == len(parts) - 1,
                )
            )
            for i, part in enumerate(parts)
        ]
        return tuple([x for one in told for x in one[key]] for key in ("decisions", "beats"))  # type: ignore[return-value]

    with ThreadPoolExecutor(6) as threads:
        found = list(threads.map(ask, range(6)))
    for number, of_one in enumerate(found):
        stream = classifier.stream(300)
        decisions = stream.push(np.roll(day, 1000 * number))
        beats = stream.beats.tolist()
        decisions += stream.finish()
        assert of_one == ([d.to_dict() for d in decisions], beats + stream.beats.tolist())


def test_sequences_that_are_none(client: grpc.InferenceServerClient, signal: Any) -> None:
    assert "START flag" in refused(client, "ecgrt_stream", signal, sequence_id=1)
    assert "correlation ID" in refused(client, "ecgrt_stream", signal)
    client.infer("ecgrt_stream", inputs(signal), sequence_id=2, sequence_start=True)
    assert "at 300 Hz" in refused(client, "ecgrt_stream", signal, 250, sequence_id=2)
    assert "in uV" in refused(client, "ecgrt_stream", signal, 300, b"mV", sequence_id=2)
    client.infer("ecgrt_stream", inputs(signal), sequence_id=2, sequence_end=True)


def test_a_silent_sequence_makes_room(client: grpc.InferenceServerClient, signal: Any) -> None:
    for number in range(11, 15):  # the last waits until the first has been silent for too long
        client.infer("ecgrt_stream", inputs(signal), sequence_id=number, sequence_start=True)
    assert "START flag" in refused(client, "ecgrt_stream", signal, sequence_id=11)
    client.infer("ecgrt_stream", inputs(signal), sequence_id=14, sequence_end=True)
