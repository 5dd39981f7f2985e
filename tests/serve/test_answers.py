"""What the server answers is what the library answers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ecgrt
from ecgrt.rhythm.export import to_dict

ClientOf = Callable[..., Any]


@pytest.fixture
def record(records: Path) -> ecgrt.Record:
    return ecgrt.read_record(records / "S0006")


def upload(*paths: Path) -> list[tuple[str, tuple[str, bytes]]]:
    return [("files", (path.name, path.read_bytes())) for path in paths]


@pytest.mark.parametrize("min_confidence", [0.0, 1.0])
def test_numbers(
    min_confidence: float,
    client_of: ClientOf,
    classifier: ecgrt.Classifier,
    record: ecgrt.Record,
) -> None:
    millivolts = record.signal / 1000
    body = {"signal": millivolts.tolist(), "fs": record.fs, "unit": "mV"}
    answer = client_of().post("/predict", json={**body, "min_confidence": min_confidence})
    expected = classifier.predict(
        millivolts, fs=record.fs, unit="mV", min_confidence=min_confidence
    )
    assert answer.status_code == 200
    answered = answer.json()
    assert answered["label"] == expected.label
    assert answered["beats"] == pytest.approx(expected.beats.tolist(), abs=1e-6)
    for name, p in expected.to_dict()["probabilities"].items():
        assert answered["probabilities"][name] == pytest.approx(p, abs=1e-6)


def test_missing_samples_are_null(client_of: ClientOf, record: ecgrt.Record) -> None:
    signal: list[float | None] = record.signal.tolist()
    signal[3000:3600] = [None] * 600
    body = {"signal": signal, "fs": record.fs, "unit": "uV"}
    quality = client_of().post("/predict", json=body).json()["quality"]
    assert quality["spans"] == [[10.0, 12.0, "missing"]]


def test_a_file_of_each_kind(
    client_of: ClientOf, classifier: ecgrt.Classifier, records: Path, tmp_path: Path
) -> None:
    client = client_of()
    record = ecgrt.read_record(records / "S0006")
    np.save(tmp_path / "a.npy", record.signal)
    (tmp_path / "a.csv").write_text("\n".join(["ecg_uV", *map(str, record.signal)]))
    expected = classifier.predict(record).to_dict()
    pair = upload(records / "S0006.hea", records / "S0006.mat")
    assert client.post("/predict/file", files=pair).json() == expected
    for name in ("a.npy", "a.csv"):
        answer = client.post(
            "/predict/file", files=upload(tmp_path / name), data={"fs": "300", "unit": "uV"}
        )
        assert answer.status_code == 200, answer.text
        assert answer.json()["label"] == expected["label"]
        assert answer.json()["beats"] == expected["beats"]


def test_a_timeline(client_of: ClientOf, classifier: ecgrt.Classifier, records: Path) -> None:
    client = client_of()
    record = ecgrt.read_record(records / "S0006")
    pair = upload(records / "S0006.hea", records / "S0006.mat")
    expected = to_dict(ecgrt.timeline(classifier, record))
    assert client.post("/timeline/file", files=pair).json() == expected
    body = {"signal": record.signal.tolist(), "fs": record.fs, "unit": "uV"}
    assert client.post("/timeline", json=body).json()["burden"] == expected["burden"]


@pytest.mark.parametrize("binary", [True, False])
def test_a_stream(
    binary: bool, client_of: ClientOf, classifier: ecgrt.Classifier, record: ecgrt.Record
) -> None:
    signal = np.tile(record.signal, 2).astype("<f4")
    stream = classifier.stream(record.fs)
    with client_of().websocket_connect(f"/stream?fs={record.fs}&unit=uV") as socket:
        for chunk in np.array_split(signal, 7):
            if binary:
                socket.send_bytes(chunk.tobytes())
            else:
                socket.send_json({"samples": chunk.tolist()})
            answer = socket.receive_json()
            assert answer["decisions"] == [d.to_dict() for d in stream.push(chunk)]
            assert answer["beats"] == stream.beats.tolist()
            assert answer["seconds"] == stream.seconds
        socket.send_json({"skip": 30})
        assert len(socket.receive_json()["decisions"]) == len(stream.skip(30)) > 0
        socket.send_json({"finish": True})
        last = socket.receive_json()["decisions"]
        assert last == [d.to_dict() for d in stream.finish()]
        assert socket.receive() == {"type": "websocket.close", "code": 1000, "reason": ""}


def test_health_and_metrics(client_of: ClientOf, records: Path) -> None:
    client = client_of()
    health = client.get("/health").json()
    assert (health["status"], health["version"]) == ("ok", ecgrt.__version__)
    pair = upload(records / "S0006.hea", records / "S0006.mat")
    client.post("/predict/file", files=pair)
    client.get("/no/such/path")
    text = client.get("/metrics").text
    assert 'ecgrt_requests_total{path="/predict/file",status="200"} 1.0' in text
    assert 'ecgrt_requests_total{path="other",status="404"} 1.0' in text
    assert "ecgrt_record_seconds_total 30.0" in text
    assert "ecgrt_working 0.0" in text
