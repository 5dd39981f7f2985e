"""Downloads that break, lie or resume, and zips that are not to be trusted."""

from __future__ import annotations

import hashlib
import stat
import threading
import zipfile
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from ecgrt.challenge.download import get, is_url, read_sums
from ecgrt.challenge.unpack import unzip

DATA = np.random.default_rng(0).bytes(3_000_000)
SHA256 = hashlib.sha256(DATA).hexdigest()


class Server(ThreadingHTTPServer):
    """A file server that can be told to misbehave."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.files = {"a.bin": DATA}
        self.ranges = True  # honours Range
        self.shift = 0  # answers from so many bytes later than asked
        self.at_most: int | None = None  # breaks each connection after so many bytes
        self.status: int | None = None  # answers everything with this
        self.asked: list[tuple[str, str | None]] = []  # path and Range of every request

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


class Handler(BaseHTTPRequestHandler):
    """One request."""

    server: Server

    def do_GET(self) -> None:
        name, wanted = self.path.lstrip("/"), self.headers["Range"]
        self.server.asked.append((name if self.command == "GET" else f"HEAD {name}", wanted))
        data = self.server.files.get(name)
        if data is None or self.server.status:
            self.send_error(self.server.status or 404)
            return
        start = 0
        if wanted and self.server.ranges:
            start = int(wanted.removeprefix("bytes=").removesuffix("-"))
            if start >= len(data):
                self.send_response(416)
                self.send_header("Content-Range", f"bytes */{len(data)}")
                self.send_header("Content-Length", "0")
                self.end_headers()
                return
            start += self.server.shift
            self.send_response(206)
            self.send_header("Content-Range", f"bytes {start}-{len(data) - 1}/{len(data)}")
        else:
            self.send_response(200)
        self.send_header("Content-Length", str(len(data) - start))
        self.end_headers()
        if self.command == "GET":
            self.wfile.write(data[start:][: self.server.at_most])

    do_HEAD = do_GET  # noqa: N815

    def log_message(self, *args: object) -> None:
        """Keep quiet."""


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def test_a_file_is_brought_once(server: Server, tmp_path: Path) -> None:
    target = tmp_path / "a.bin"
    get(server.url, "a.bin", target, SHA256)
    get(server.url + "/", "a.bin", target, SHA256)
    assert target.read_bytes() == DATA
    assert server.asked == [("a.bin", None)]
    assert [path.name for path in tmp_path.iterdir()] == ["a.bin"]


def test_an_interrupted_download_goes_on_where_it_stopped(server: Server, tmp_path: Path) -> None:
    (tmp_path / "a.bin.part").write_bytes(DATA[:1_234_567])
    get(server.url, "a.bin", tmp_path / "a.bin", SHA256)
    assert server.asked == [("a.bin", "bytes=1234567-")]
    assert (tmp_path / "a.bin").read_bytes() == DATA
    assert not (tmp_path / "a.bin.part").exists()


def test_a_connection_that_breaks_is_taken_up_again(server: Server, tmp_path: Path) -> None:
    server.at_most = 1_400_000
    get(server.url, "a.bin", tmp_path / "a.bin", SHA256)
    assert server.asked == [
        ("a.bin", None),
        ("a.bin", "bytes=1400000-"),
        ("a.bin", "bytes=2800000-"),
    ]
    assert (tmp_path / "a.bin").read_bytes() == DATA


def test_a_connection_that_brings_nothing_more_ends_the_attempt(
    server: Server, tmp_path: Path
) -> None:
    server.ranges, server.at_most = False, 1_400_000
    with pytest.raises(ConnectionError, match="broke after 1400000 of 3000000 bytes; run again"):
        get(server.url, "a.bin", tmp_path / "a.bin", SHA256)
    assert not (tmp_path / "a.bin").exists()
    assert (tmp_path / "a.bin.part").read_bytes() == DATA[:1_400_000]


def test_a_server_without_ranges_sends_it_all_again(server: Server, tmp_path: Path) -> None:
    server.ranges = False
    (tmp_path / "a.bin.part").write_bytes(b"something else")
    get(server.url, "a.bin", tmp_path / "a.bin", SHA256)
    assert (tmp_path / "a.bin").read_bytes() == DATA


def test_a_part_that_is_whole_already_is_only_verified(server: Server, tmp_path: Path) -> None:
    (tmp_path / "a.bin.part").write_bytes(DATA)
    get(server.url, "a.bin", tmp_path / "a.bin", SHA256)
    assert server.asked == [("a.bin", "bytes=3000000-")]
    assert (tmp_path / "a.bin").read_bytes() == DATA


def test_a_part_that_is_longer_than_the_file_is_thrown_away(server: Server, tmp_path: Path) -> None:
    (tmp_path / "a.bin.part").write_bytes(DATA + b"and more")
    get(server.url, "a.bin", tmp_path / "a.bin", SHA256)
    assert (tmp_path / "a.bin").read_bytes() == DATA


def test_a_range_that_was_not_asked_for_is_not_spliced_in(server: Server, tmp_path: Path) -> None:
    server.shift = 5
    (tmp_path / "a.bin.part").write_bytes(DATA[:100])
    with pytest.raises(ConnectionError, match="asked from byte 100 on, got 'bytes 105-"):
        get(server.url, "a.bin", tmp_path / "a.bin", SHA256)
    assert (tmp_path / "a.bin.part").read_bytes() == DATA[:100]


def test_a_wrong_checksum_leaves_nothing(server: Server, tmp_path: Path) -> None:
    (tmp_path / "a.bin.part").write_bytes(b"\0" * 1000)  # of another file
    with pytest.raises(ValueError, match=f"has SHA-256 .* but {SHA256} is published"):
        get(server.url, "a.bin", tmp_path / "a.bin", SHA256)
    assert not list(tmp_path.iterdir())


def test_a_changed_file_is_fetched_again(server: Server, tmp_path: Path) -> None:
    (tmp_path / "a.bin").write_bytes(DATA[:-1] + b"?")
    get(server.url, "a.bin", tmp_path / "a.bin", SHA256)
    assert (tmp_path / "a.bin").read_bytes() == DATA


def test_without_a_published_checksum_the_size_is_compared(server: Server, tmp_path: Path) -> None:
    target = tmp_path / "a.bin"
    with pytest.warns(UserWarning, match=r"no checksum of .*a\.bin is published"):
        get(server.url, "a.bin", target)
    get(server.url, "a.bin", target)
    assert server.asked == [("a.bin", None), ("HEAD a.bin", None)]
    target.write_bytes(DATA[:-1])
    with pytest.warns(UserWarning, match="no checksum"):
        get(server.url, "a.bin", target)
    assert target.read_bytes() == DATA


@pytest.mark.parametrize(
    ("status", "error"), [(404, FileNotFoundError), (403, ConnectionError), (500, ConnectionError)]
)
def test_a_refusal_is_told(
    server: Server, tmp_path: Path, status: int, error: type[Exception]
) -> None:
    server.status = status
    with pytest.raises(error, match=f"a.bin: the server answers {status}"):
        get(server.url, "a.bin", tmp_path / "a.bin", SHA256)
    assert not list(tmp_path.iterdir())


def test_a_server_that_is_not_there_is_told(tmp_path: Path) -> None:
    with Server() as gone:
        url = gone.url
    with pytest.raises(ConnectionError, match=r"cannot be reached .* give a local folder"):
        get(url, "a.bin", tmp_path / "a.bin", SHA256)


def test_published_checksums_are_read(server: Server, tmp_path: Path) -> None:
    assert read_sums(server.url) == {}
    assert read_sums(str(tmp_path)) == {}
    text = f"{SHA256.upper()}  a.bin\n{SHA256} *sub/b.bin\nnot a line of it\n"
    server.files["SHA256SUMS.txt"] = text.encode()
    (tmp_path / "SHA256SUMS.txt").write_text(text)
    assert read_sums(server.url) == {"a.bin": SHA256, "sub/b.bin": SHA256}
    assert read_sums(str(tmp_path)) == read_sums(server.url)


def test_only_http_and_folders_are_sources() -> None:
    assert is_url("https://example.org/files")
    assert not is_url("../data")
    for source in ("file:///etc", "ftp://example.org"):
        with pytest.raises(ValueError, match="is not supported"):
            is_url(source)


def make_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, data in members.items():
            zipped.writestr(zipfile.ZipInfo(name), data)
    return path


def test_a_local_file_is_copied_and_verified(tmp_path: Path) -> None:
    mirror, out = tmp_path / "mirror", tmp_path / "out"
    mirror.mkdir()
    out.mkdir()
    make_zip(mirror / "a.zip", {"a/b": DATA})
    get(str(mirror), "a.zip", out / "a.zip")
    assert (out / "a.zip").read_bytes() == (mirror / "a.zip").read_bytes()
    with pytest.raises(FileNotFoundError, match=r"b\.zip does not exist"):
        get(str(mirror), "b.zip", out / "b.zip")


@pytest.mark.parametrize("keep", [0, 1000, -1])
def test_a_damaged_zip_of_a_local_folder_is_not_taken(tmp_path: Path, keep: int) -> None:
    mirror, out = tmp_path / "mirror", tmp_path / "out"
    mirror.mkdir()
    out.mkdir()
    archive = make_zip(mirror / "a.zip", {"a/b": DATA})
    archive.write_bytes(archive.read_bytes()[:keep])
    with pytest.raises(ValueError, match="not a whole zip file"):
        get(str(mirror), "a.zip", out / "a.zip")
    assert not list(out.iterdir())


def flip_a_byte(archive: Path) -> Path:
    data = bytearray(archive.read_bytes())
    data[len(data) // 2] ^= 0xFF
    archive.write_bytes(data)
    return archive


def test_a_flipped_byte_in_a_zip_is_found(tmp_path: Path) -> None:
    mirror, out = tmp_path / "mirror", tmp_path / "out"
    mirror.mkdir()
    out.mkdir()
    archive = flip_a_byte(make_zip(mirror / "a.zip", {"a/first": b"1" * 99, "a/b": DATA}))
    with pytest.raises(ValueError, match=r"a\.zip from .* damaged|not a whole zip"):
        get(str(mirror), "a.zip", out / "a.zip")
    assert not list(out.iterdir())
    with pytest.raises(ValueError, match="is damaged"):
        unzip(archive, out)
    assert not list(out.iterdir())


@pytest.mark.parametrize(
    "evil",
    ["../evil", "a/../../evil", "/tmp/evil", "..\\evil", "a\\..\\..\\evil", "C:\\evil", "C:evil"],
)
def test_a_zip_cannot_write_outside_of_its_folder(tmp_path: Path, evil: str) -> None:
    archive = make_zip(tmp_path / "a.zip", {"a/good": b"1", evil: b"2"})
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(ValueError, match="leads out of the folder; nothing was unpacked"):
        unzip(archive, out)
    assert not list(out.iterdir())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.zip", "out"]


def test_a_zip_cannot_bring_links(tmp_path: Path) -> None:
    link = zipfile.ZipInfo("a/link")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as zipped:
        zipped.writestr(link, "/etc")
        zipped.writestr("a/link/evil", b"2")
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(ValueError, match=r"'a/link' is a link"):
        unzip(tmp_path / "a.zip", out)
    assert not list(out.iterdir())


def test_only_what_is_missing_or_changed_is_unpacked(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"a/x": b"12", "a/s/y": b"34", "z": b"56", "e/": b""})
    out = tmp_path / "out"
    out.mkdir()
    assert unzip(archive, out) == 3
    inode = (out / "z").stat().st_ino
    assert unzip(archive, out) == 0
    (out / "a" / "x").write_bytes(b"1?")  # as long as it was
    (out / "a" / "s" / "y").unlink()
    (out / "a" / "own").write_bytes(b"the user's")
    assert unzip(archive, out) == 2
    assert {path.name: path.read_bytes() for path in out.rglob("*") if path.is_file()} == {
        "x": b"12",
        "y": b"34",
        "z": b"56",
        "own": b"the user's",
    }
    assert (out / "z").stat().st_ino == inode
    assert sorted(path.name for path in out.iterdir()) == ["a", "z"]
