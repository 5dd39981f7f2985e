"""Requests a second and latency of a running ``ecgrt-serve``, at several numbers of clients.

    ecgrt-serve --port 8000 &
    python benchmarks/serve_load.py http://127.0.0.1:8000

Each client sends one record over a connection that it keeps, and the next when it has the answer.
Clients are plain sockets of this process, so that they take little of the time that they measure.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import time
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

import ecgrt

RECORD = Path(__file__).parents[1] / "examples" / "records" / "S0006"


def request_of(record: ecgrt.Record, host: str) -> bytes:
    """Return the bytes of one request."""
    signal = np.round(record.signal).tolist()
    body = json.dumps({"signal": signal, "fs": record.fs, "unit": "uV"}).encode()
    head = f"POST /predict HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(body)}\r\n"
    return f"{head}Content-Type: application/json\r\n\r\n".encode() + body


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> bool:
    """Send a request and read its answer; return whether it is one."""
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
    await reader.readexactly(length)
    return head.startswith(b"HTTP/1.1 200")


async def measure(host: str, port: int, request: bytes, clients: int, seconds: float) -> None:
    """Print a line: clients, requests a second, median and 99th percentile, failures."""
    times: list[float] = []
    failures = 0
    end = time.perf_counter() + seconds

    async def client() -> None:
        nonlocal failures
        reader, writer = await asyncio.open_connection(host, port)
        while (begin := time.perf_counter()) < end:
            failures += not await ask(reader, writer, request)
            times.append(time.perf_counter() - begin)
        writer.close()

    begin = time.perf_counter()
    await asyncio.gather(*(client() for _ in range(clients)))
    rate = len(times) / (time.perf_counter() - begin)
    median, p99 = 1e3 * np.percentile(times, [50, 99])
    print(f"{clients:7d} {rate:11.0f} {median:10.2f} {p99:10.2f} {failures:9d}")


def main() -> None:
    """Measure what the command line names."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("address", help="such as http://127.0.0.1:8000")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 64])
    parser.add_argument("--seconds", type=float, default=10.0)
    args = parser.parse_args()
    place = urlsplit(args.address)
    host, port = place.hostname or "127.0.0.1", place.port or 80
    request = request_of(ecgrt.read_record(RECORD), host)
    print("clients  requests/s  median ms     p99 ms  failures")
    for clients in args.clients:
        asyncio.run(measure(host, port, request, clients, args.seconds))


if __name__ == "__main__":
    main()
