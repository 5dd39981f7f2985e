"""Files from an HTTP server or a local folder: whole and verified, or not there at all."""

from __future__ import annotations

import hashlib
import http.client
import os
import re
import shutil
import urllib.error
import urllib.request
import warnings
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

from .._progress import track
from .unpack import check_zip

#: A file of ``SHA-256 NAME`` lines that PhysioNet keeps beside its files.
SUMS_NAME = "SHA256SUMS.txt"

#: Bytes of a file, and of :data:`SUMS_NAME`: more is not what anybody publishes there.
MOST_BYTES = 16 << 30
MOST_SUMS_BYTES = 16 << 20

_BLOCK = 1 << 20
_TIMEOUT_S = 60.0
_SUM = re.compile(r"(?P<sha256>[0-9a-fA-F]{64})[ \t]+\*?(?P<name>.+)")


def is_url(source: str) -> bool:
    """Tell a URL (http or https) from a folder; raise ValueError for any other scheme."""
    scheme, colon, _ = source.partition("://")
    if colon and scheme not in ("http", "https"):
        raise ValueError(f"{source}: {scheme} is not supported; give http(s)://... or a folder")
    return bool(colon)


def read_sums(source: str) -> dict[str, str]:
    """Return the SHA-256 by file name that `source` publishes; empty if it publishes none.

    A server that cannot be reached, or stops in the middle, is a ConnectionError.
    """
    if is_url(source):
        try:
            with _open(_join(source, SUMS_NAME)) as response:
                text = _read_all(response).decode("utf-8", errors="replace")
        except FileNotFoundError:
            return {}
    else:
        path = Path(source) / SUMS_NAME
        if not path.is_file():
            return {}
        text = path.read_text(encoding="utf-8", errors="replace")
    found = (_SUM.fullmatch(line.strip()) for line in text.splitlines())
    return {line["name"]: line["sha256"].lower() for line in found if line}


def get(source: str, name: str, target: Path, sha256: str | None = None) -> None:
    """Bring a file, unless it is there already.

    What an interrupted download left in ``target.part`` is completed rather than fetched again.

    Parameters
    ----------
    source, name
        URL or folder, and the file's name in it.
    target
        Where it goes.
    sha256
        Its published digest. Without one, a local file is compared with its copy, and of a
        download only the size and, in a zip, the CRCs are verified (a warning says so).

    Raises
    ------
    FileNotFoundError
        If the source does not have it.
    ConnectionError
        If the server cannot be reached, refuses, or stops in the middle; run again to go on.
    ValueError
        If what came is not what was published.
    """
    part = target.with_name(target.name + ".part")
    if is_url(source):
        url = _join(source, name)
        if target.is_file() and _is_same(target, url, sha256):
            return
        _download(url, part)
        if sha256 is None:
            warnings.warn(
                f"no checksum of {url} is published: only its size was verified", stacklevel=2
            )
    else:
        original = Path(source) / name
        if not original.is_file():
            raise FileNotFoundError(f"{original} does not exist")
        sha256 = sha256 or file_sha256(original)
        if target.is_file() and file_sha256(target) == sha256:
            return
        shutil.copyfile(original, part)
    _verify(part, f"{name} from {source}", sha256)
    os.replace(part, target)


def file_sha256(path: Path) -> str:
    """Return a file's SHA-256 in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            digest.update(block)
    return digest.hexdigest()


def _join(base: str, name: str) -> str:
    return f"{base.rstrip('/')}/{name}"


def _open(url: str, start: int = 0, method: str = "GET") -> http.client.HTTPResponse:
    """Ask for a file from byte `start` on, or with HEAD only for what it is."""
    headers = {"User-Agent": "ecgrt"} | ({"Range": f"bytes={start}-"} if start else {})
    try:
        response: http.client.HTTPResponse = urllib.request.urlopen(
            urllib.request.Request(url, headers=headers, method=method), timeout=_TIMEOUT_S
        )
    except urllib.error.HTTPError as error:
        if start and error.code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE:
            raise
        kind = FileNotFoundError if error.code == HTTPStatus.NOT_FOUND else ConnectionError
        raise kind(f"{url}: the server answers {error.code} {error.reason}") from None
    except (OSError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise ConnectionError(
            f"{url} cannot be reached ({reason}); check the network, or give a local folder"
        ) from error
    return response


def _is_same(target: Path, url: str, sha256: str | None) -> bool:
    if sha256 is not None:
        return file_sha256(target) == sha256
    with _open(url, method="HEAD") as response:
        return response.headers["Content-Length"] in (None, str(target.stat().st_size))


def _download(url: str, part: Path) -> None:
    """Complete `part`; connect again as long as each connection brings something."""
    while True:
        have = part.stat().st_size if part.exists() else 0
        try:
            response = _open(url, have)
        except urllib.error.HTTPError as error:
            # Range not satisfiable: the part is complete already, or not of this file.
            if error.headers.get("Content-Range") == f"bytes */{have}":
                return
            part.unlink()
            continue
        with response:
            resumed = response.status == HTTPStatus.PARTIAL_CONTENT
            content_range = response.headers.get("Content-Range", "")
            if resumed and not content_range.startswith(f"bytes {have}-"):
                raise ConnectionError(f"{url}: asked from byte {have} on, got {content_range!r}")
            start = have if resumed else 0
            total = None if response.length is None else start + response.length
            blocks = None if response.length is None else -(-response.length // _BLOCK)
            with part.open("ab" if resumed else "wb") as file:
                for block in track(_read(response), total=blocks, desc=f"{part.stem} (MiB)"):
                    file.write(block)
                    if file.tell() > MOST_BYTES:
                        raise ValueError(f"{url} does not end after {MOST_BYTES} bytes")
        size = part.stat().st_size
        if total in (None, size):
            return
        if size <= have:
            raise ConnectionError(
                f"{url}: the connection broke after {size} of {total} bytes; "
                "run again to go on from there"
            )


def _read_all(response: http.client.HTTPResponse) -> bytes:
    try:
        content = response.read(MOST_SUMS_BYTES + 1)
    except (http.client.HTTPException, OSError) as error:
        raise _broken(response, error) from error
    if len(content) > MOST_SUMS_BYTES:
        raise ValueError(f"{response.url} has more than {MOST_SUMS_BYTES} bytes; that is no list")
    return content


def _read(response: http.client.HTTPResponse) -> Iterator[bytes]:
    """Yield blocks until the end or until the connection breaks.

    If the server does not state the length, the two look alike: then a break is an error.
    """
    told_length = response.length is not None
    try:
        while block := response.read(_BLOCK):
            yield block
    except (http.client.HTTPException, OSError) as error:
        if not told_length:
            raise _broken(response, error) from error


def _broken(response: http.client.HTTPResponse, error: Exception) -> ConnectionError:
    return ConnectionError(f"{response.url}: the connection broke ({error}); run again")


def _verify(part: Path, what: str, sha256: str | None) -> None:
    """Raise ValueError, and delete the file, if it is not what it should be."""
    fault = None
    if sha256 is not None and (found := file_sha256(part)) != sha256:
        fault = f"has SHA-256 {found}, but {sha256} is published"
    elif part.stem.endswith(".zip"):
        try:
            check_zip(part)
        except ValueError as error:
            fault = f"cannot be used: {str(error).removeprefix(f'{part}: ')}"
    if fault:
        part.unlink()
        raise ValueError(f"{what} {fault}; it was deleted, fetch it again")
