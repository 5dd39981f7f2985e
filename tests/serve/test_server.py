"""The command in a process of its own: its interface, a load, its end."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
from itertools import chain
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance
from serving import Server, serving

import ecgrt

CLIENTS, REQUESTS = 20, 2000
JSON = {"Content-Type": "application/json"}


@pytest.fixture(scope="module")
def body(records: Path) -> dict[str, object]:
    record = ecgrt.read_record(records / "S0006")
    return {"signal": record.signal[:3000].tolist(), "fs": record.fs, "unit": "uV"}


async def load(address: str, body: dict[str, object]) -> list[tuple[int, str]]:
    """Ask over as many connections as there are clients, each one request after the other."""
    content = json.dumps(body).encode()
    async with httpx.AsyncClient(base_url=address, timeout=120) as client:

        async def ask_often() -> list[tuple[int, str]]:
            answers = []
            for _ in range(REQUESTS // CLIENTS):
                answer = await client.post("/predict", content=content, headers=JSON)
                answers.append((answer.status_code, answer.json()["label"]))
            return answers

        answers = await asyncio.gather(*(ask_often() for _ in range(CLIENTS)))
        return list(chain.from_iterable(answers))


def test_none_of_thousands_is_lost(body: dict[str, object]) -> None:
    signal_ = np.asarray(body["signal"])
    expected = ecgrt.Classifier().predict(signal_, fs=300).label
    with serving("--answer-seconds", "300") as server:
        answers = asyncio.run(load(server.address, body))
    assert answers == [(200, expected)] * REQUESTS


def open_request(server: Server, content: bytes) -> socket.socket:
    """Send all of a request but its last byte."""
    place = urlsplit(server.address)
    connection = socket.create_connection((place.hostname, place.port), timeout=60)
    head = f"POST /predict HTTP/1.1\r\nHost: x\r\nContent-Length: {len(content)}\r\n"
    connection.sendall(f"{head}Content-Type: application/json\r\n\r\n".encode() + content[:-1])
    return connection


def test_a_request_is_answered_before_the_end(body: dict[str, object]) -> None:
    content = httpx.Request("POST", "http://x", json=body).content
    with serving() as server, open_request(server, content) as connection:
        # whoever answers this has taken the request before it
        assert httpx.get(f"{server.address}/health").status_code == 200
        server.process.terminate()
        server.wait_for("Waiting for connections")
        connection.sendall(content[-1:])
        answer = connection.recv(1 << 16)
        assert answer.startswith(b"HTTP/1.1 200")
        assert server.process.wait(timeout=60) in (0, -signal.SIGTERM)


def test_the_log_has_no_health_data(body: dict[str, object]) -> None:
    with serving() as server:
        httpx.post(f"{server.address}/predict", json=body)
        files = {"files": ("SMITH-JOHN.csv", b"1\n2\n")}
        httpx.post(f"{server.address}/predict/file?patient=SMITH", files=files, data={"fs": "300"})
        log = server.end()
    assert "POST /predict 200" in log
    assert "POST /predict/file 422" in log
    assert "SMITH" not in log


def test_the_interface_is_as_it_says() -> None:
    """Made-up requests, right and wrong ones: every answer is one that OpenAPI tells of."""
    with serving() as server:
        schema = schemathesis.openapi.from_url(f"{server.address}/openapi.json")
        seen: set[int] = set()
        for operation in schema.get_all_operations():
            ask_for(operation.ok(), server.address, seen)
    assert {200, 422} <= seen


def ask_for(operation: Any, address: str, seen: set[int]) -> None:
    """Ask for one path, its statuses into `seen`."""

    @settings(
        max_examples=15,
        deadline=None,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=operation.as_strategy())
    def ask(case: schemathesis.Case) -> None:
        # Not every list of numbers is an ECG.
        unsound = [positive_data_acceptance]
        answer = case.call_and_validate(base_url=address, excluded_checks=unsound)
        seen.add(answer.status_code)

    ask()
