"""Zips that are hostile or half there: a clear no, within limits, and nothing left behind."""

from __future__ import annotations

import multiprocessing
import os
import signal
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from ecgrt._scratch import scratch_beside
from ecgrt.challenge import data, unpack
from ecgrt.challenge.download import get
from ecgrt.challenge.unpack import check_zip, unzip

CONTENT = np.random.default_rng(0).bytes(5000)


def make_zip(path: Path, members: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in members.items():
            zipped.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
    return path


def patched(offset: int, value: int, form: str = "<H") -> Callable[[Path], None]:
    """Change a field of the first member's local header and of its entry in the directory."""

    def change(path: Path) -> None:
        content = bytearray(path.read_bytes())
        for signature, shift in ((b"PK\x03\x04", 0), (b"PK\x01\x02", 2)):
            struct.pack_into(form, content, content.index(signature) + offset + shift, value)
        path.write_bytes(content)

    change.__name__ = f"field_{offset}_is_{value}"
    return change


def encrypt(path: Path) -> None:
    patched(6, 1)(path)


def bad_end(path: Path) -> None:
    content = bytearray(path.read_bytes())
    struct.pack_into("<I", content, content.index(b"PK\x05\x06") + 16, 0xFFFFFF00)
    path.write_bytes(content)


def name_is_no_utf8(path: Path) -> None:
    content = path.read_bytes().replace(b"a/b", b"a/\xff")
    path.write_bytes(content)
    patched(6, 0x800)(path)


@pytest.mark.parametrize(
    "change",
    [
        patched(8, 99),  # methods
        patched(8, 12),
        encrypt,
        patched(6, 0x20),  # patched data
        patched(6, 0x40),  # strong encryption
        patched(14, 0, "<I"),  # CRC
        bad_end,
        name_is_no_utf8,
    ],
)
def test_what_cannot_be_unpacked_does_not_stick(
    change: Callable[[Path], None], tmp_path: Path
) -> None:
    mirror, out = tmp_path / "mirror", tmp_path / "out"
    mirror.mkdir()
    out.mkdir()
    archive = make_zip(mirror / "a.zip", {"a/b": CONTENT})
    change(archive)
    for _ in range(2):
        with pytest.raises(ValueError, match=r"a\.zip.*it was deleted, fetch it again"):
            get(str(mirror), "a.zip", out / "a.zip")
        assert not list(out.iterdir())
    with pytest.raises(ValueError, match=r"a\.zip: it|a\.zip: its member"):
        unzip(archive, out)
    make_zip(mirror / "a.zip", {"a/b": CONTENT})
    get(str(mirror), "a.zip", out / "a.zip")
    assert unzip(out / "a.zip", out) == 1


def test_fetch_deletes_a_zip_that_it_cannot_unpack(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that an older version brought, before it looked into it."""
    mirror = tmp_path / "mirror"
    mirror.mkdir()
    monkeypatch.setattr(data, "FILES", ("a.zip",))
    monkeypatch.setattr(data, "get", lambda *_: None)
    out = tmp_path / "out"
    out.mkdir()
    encrypt(make_zip(out / "a.zip", {"a/b": CONTENT}))
    with pytest.raises(ValueError, match="encrypted; it was deleted, fetch it again"):
        data.fetch(mirror, out)
    assert not list(out.iterdir())


def test_a_bomb_is_not_unpacked(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "bomb.zip", {"a": bytes(200 << 20)})
    assert archive.stat().st_size < 1 << 20
    for use in (check_zip, lambda path: unzip(path, tmp_path)):
        with pytest.raises(ValueError, match=r"bomb\.zip: it would unpack to 209715200 bytes"):
            use(archive)
    assert os.listdir(tmp_path) == ["bomb.zip"]


@pytest.mark.parametrize("size", [10, 6000])
def test_a_size_that_is_not_the_content_s_is_damage(size: int, tmp_path: Path) -> None:
    """Of more than there is, zipfile says nothing."""
    archive = make_zip(tmp_path / "a.zip", {"a/b": CONTENT})
    patched(22, size, "<I")(archive)
    with pytest.raises(ValueError, match="damaged"):
        check_zip(archive)
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(ValueError, match="damaged"):
        unzip(archive, out)
    assert not list(out.iterdir())


@pytest.mark.parametrize(
    "name",
    ["/".join("a" * 40), "a" * 300, "a/" * 20000 + "b", ".part-x/a", "é" * 200],
    ids=["deep", "long", "very deep", "temporary", "long in bytes"],
)
def test_names_that_no_file_should_have(name: str, tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"good": b"1", name: b"2"})
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(ValueError, match="its member"):
        unzip(archive, out)
    assert not list(out.iterdir())


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("names", [("a", "a/b"), ("a/b", "a"), ("x", "./x")])
def test_members_that_exclude_each_other(names: tuple[str, str], tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", dict.fromkeys(names, b"1"))
    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(ValueError, match="same name"):
        unzip(archive, out)
    assert not list(out.iterdir())


def test_any_damage_is_one_kind_of_error(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"a/b": CONTENT[:100], "c": b"2" * 300})
    content = archive.read_bytes()
    rng = np.random.default_rng(3)
    for trial in range(400):
        changed = bytearray(content)
        for _ in range(rng.integers(1, 5)):
            changed[rng.integers(len(changed))] = rng.integers(256)
        archive.write_bytes(changed[: len(changed) - trial % 7])
        out = tmp_path / f"out{trial}"
        out.mkdir()
        try:
            unzip(archive, out)
        except ValueError:
            assert not list(out.iterdir())


def die_while_unpacking(archive: Path, out: Path) -> None:
    def killed(*_: object) -> None:
        os.kill(os.getpid(), signal.SIGKILL)

    unpack._move = killed  # type: ignore[assignment]
    unzip(archive, out)


def test_a_killed_run_leaves_nothing_for_long(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"a/b": CONTENT})
    out = tmp_path / "out"
    out.mkdir()
    process = multiprocessing.get_context("fork").Process(
        target=die_while_unpacking, args=(archive, out)
    )
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    (left,) = out.iterdir()
    assert (left / "a" / "b").read_bytes() == CONTENT
    assert unzip(archive, out) == 1
    assert os.listdir(out) == ["a"]


def test_another_run_at_work_is_left_alone(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"a/b": CONTENT})
    with scratch_beside(tmp_path / archive.name) as scratch:
        (scratch / "file").write_text("of another process")
        unzip(archive, tmp_path)
        assert (scratch / "file").read_text() == "of another process"


def test_crc_of_what_is_there_is_compared(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"a": CONTENT})
    unzip(archive, tmp_path)
    (tmp_path / "a").write_bytes(CONTENT[::-1])
    assert zlib.crc32(CONTENT) != zlib.crc32(CONTENT[::-1])
    assert unzip(archive, tmp_path) == 1
    assert (tmp_path / "a").read_bytes() == CONTENT
