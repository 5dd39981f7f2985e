"""Connections that break where the server did not tell how much it would send."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from ecgrt.challenge.download import get, read_sums

DATA = bytes(range(256)) * 8000


class Handler(BaseHTTPRequestHandler):
    """Sends DATA in chunks, and all of it only for a name that starts with "whole"."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for chunk in (DATA[:1_500_000], DATA[1_500_000:]):
            self.wfile.write(b"%x\r\n" % len(chunk) + chunk + b"\r\n")
            if not self.path.startswith("/whole"):
                break
        else:
            self.wfile.write(b"0\r\n\r\n")
        self.close_connection = True

    def log_message(self, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture
def url() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_whole_file_in_chunks_is_brought(url: str, tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="no checksum"):
        get(url, "whole.bin", tmp_path / "whole.bin")
    assert (tmp_path / "whole.bin").read_bytes() == DATA


def test_a_break_between_chunks_is_not_the_end(url: str, tmp_path: Path) -> None:
    with pytest.raises(ConnectionError, match=r"half\.bin: the connection broke .* run again"):
        get(url, "half.bin", tmp_path / "half.bin")
    assert not (tmp_path / "half.bin").exists()


def test_checksums_that_break_off_are_an_error(url: str) -> None:
    with pytest.raises(ConnectionError, match=r"SHA256SUMS\.txt: the connection broke"):
        read_sums(url)
