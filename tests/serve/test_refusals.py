"""What the server does not do, and that it tells nothing of any record."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ecgrt.serve import Limits

ClientOf = Callable[..., Any]
SECRET = 12345.678


def numbers(count: int, fs: float = 300) -> dict[str, Any]:
    signal = 300 * np.sin(np.arange(count) / 30)
    return {"signal": signal.tolist(), "fs": fs, "unit": "uV"}


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"signal": [], "fs": 300, "unit": "uV"},
        {"signal": [SECRET], "fs": 300, "unit": "uV"},
        {"signal": [SECRET, "x"], "fs": 300, "unit": "uV"},
        {"signal": [SECRET] * 9000, "fs": 0, "unit": "uV"},
        {"signal": [SECRET] * 9000, "fs": 300, "unit": "kg"},
        {"signal": [SECRET] * 9000, "fs": 300},
        {"signal": [SECRET] * 9000, "fs": 300, "unit": "uV", "min_confidence": 2},
        {"signal": [SECRET] * 9000, "fs": 300, "unit": "uV", "patient": SECRET},
        [SECRET],
    ],
)
def test_what_is_no_signal(body: Any, client_of: ClientOf) -> None:
    answer = client_of().post("/predict", json=body)
    assert answer.status_code == 422
    assert isinstance(answer.json()["detail"], str)
    assert str(SECRET) not in answer.text


@pytest.mark.parametrize(
    ("files", "says"),
    [
        ([("a.edf", b"no EDF at all")], "a.edf"),
        ([("a.hea", b"a 1 300 9000\nb.dat 16 1000/mV 16 0 0 0 0 I\n")], "b.dat"),
        ([("a.hea", b"a 1 300 9\n/etc/passwd 16 1000/mV 16 0 0 0 0 I\n")], "line 2 is not"),
        ([("a.hea", b"a 1 300 9\n../b.dat 16 1000/mV 16 0 0 0 0 I\n")], "line 2 is not"),
        ([("../../a.exe", b"x")], "a.exe is not a record"),
        ([("a.csv", b"x"), ("a.csv", b"y")], "the same name"),
        ([("a.csv", b"x"), ("b.csv", b"y")], "one must be the record's header"),
        ([(".csv", b"x")], "must have a name"),
    ],
)
def test_what_is_no_record(files: list[tuple[str, bytes]], says: str, client_of: ClientOf) -> None:
    answer = client_of().post("/predict/file", files=[("files", file) for file in files])
    assert answer.status_code == 422
    assert says in answer.json()["detail"]
    assert "/tmp" not in answer.text
    assert "ecgrt-" not in answer.text


def test_a_body_that_is_too_large(client_of: ClientOf) -> None:
    client = client_of(body_bytes=1000)
    assert client.post("/predict", json=numbers(900)).status_code == 413

    def chunks() -> Any:  # of no length that is told
        for _ in range(100):
            yield b"[" * 100

    assert client.post("/predict", content=chunks()).status_code == 413


def test_a_record_that_is_too_long(client_of: ClientOf) -> None:
    answer = client_of(record_seconds=20).post("/predict", json=numbers(9000))
    assert answer.status_code == 413
    assert "longer than 20 s" in answer.json()["detail"]


def test_too_many_requests_a_minute(client_of: ClientOf) -> None:
    client = client_of(requests_a_minute=3)
    statuses = [client.post("/predict", json=numbers(3000)).status_code for _ in range(5)]
    assert statuses == [200, 200, 200, 429, 429]
    assert client.get("/health").status_code == 200


def test_too_many_wait_and_too_long() -> None:
    """The only worker is held; one may wait, and not for long."""
    from ecgrt.serve.metrics import Metrics
    from ecgrt.serve.records import RefusalError
    from ecgrt.serve.work import Workers

    limits = Limits(workers=1, waiting=1, answer_seconds=0.05)
    workers, release = Workers(limits, Metrics()), threading.Event()

    async def three() -> list[int | bool]:
        work = (workers.run(release.wait) for _ in range(3))
        ended = await asyncio.gather(*work, return_exceptions=True)
        return [e.status if isinstance(e, RefusalError) else bool(e) for e in ended]

    try:
        assert asyncio.run(three()) == [504, 504, 503]
    finally:
        release.set()
        workers.close()


def test_a_body_that_comes_too_slowly() -> None:
    from ecgrt.serve.gate import Gate
    from ecgrt.serve.metrics import Metrics

    sent: list[Any] = []

    async def read_all(scope: Any, receive: Any, send: Any) -> None:
        while (await receive())["more_body"]:
            pass

    async def receive() -> dict[str, Any]:
        if sent:
            return {"type": "http.disconnect"}
        await asyncio.Event().wait()  # for ever
        return {}

    async def send(message: Any) -> None:
        sent.append(message)

    gate = Gate(read_all, Limits(body_seconds=0.05), Metrics())
    scope = {"type": "http", "method": "POST", "path": "/predict", "headers": []}
    asyncio.run(gate(scope, receive, send))
    assert sent[0]["status"] == 408


@pytest.mark.parametrize(
    ("message", "says"),
    [
        (b"123", "4 bytes each"),
        ("no JSON", "a text message must be"),
        ('{"samples": "x"}', "a text message must be"),
        ('{"samples": [[1], [2, 3]]}', "samples must be numbers"),
        ('{"skip": -1}', "skip is -1 s"),
        ("[" * 100_000, "a text message must be"),
    ],
)
def test_messages_that_a_stream_does_not_know(
    message: str | bytes, says: str, client_of: ClientOf
) -> None:
    with client_of().websocket_connect("/stream?fs=300&unit=uV") as socket:
        (socket.send_bytes if isinstance(message, bytes) else socket.send_text)(message)
        assert says in socket.receive_json()["error"]
        assert socket.receive()["code"] == 1007


def test_too_many_streams(client_of: ClientOf) -> None:
    client = client_of(streams=1)
    with client.websocket_connect("/stream?fs=300&unit=uV") as first:
        with client.websocket_connect("/stream?fs=300&unit=uV") as second:
            assert "too many streams" in second.receive_json()["error"]
            assert second.receive()["code"] == 1013
        first.send_json({"finish": True})
        assert first.receive_json()["decisions"] == []
    assert "ecgrt_streams 0.0" in client.get("/metrics").text


def test_a_silent_stream_is_closed(client_of: ClientOf) -> None:
    with client_of(body_seconds=0.05).websocket_connect("/stream?fs=300&unit=uV") as socket:
        assert "nothing came" in socket.receive_json()["error"]
        assert socket.receive()["code"] == 1008


def test_impossible_limits() -> None:
    with pytest.raises(ValueError, match=r"workers is 0; it must be at least 0\.001"):
        Limits(workers=0)


def test_uploads_leave_nothing_behind(
    client_of: ClientOf, records: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    client = client_of()
    for files in (
        [(p.name, p.read_bytes()) for p in (records / "S0001.hea", records / "S0001.mat")],
        [("a.edf", b"no EDF")],
    ):
        client.post("/predict/file", files=[("files", file) for file in files])
    assert list(tmp_path.iterdir()) == []
