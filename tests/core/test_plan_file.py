"""CPU plans on disk: damaged, foreign and half-written ones."""

from __future__ import annotations

import os
import pickle
import struct
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from family import SMALL, make_network, make_selector, save
from old_plans import seal_format_1

import ecgrt
from ecgrt.compile.cpu_plan import build_cpu_plan
from ecgrt.compile.plan_file import ALIGNMENT, unseal

SIGNAL = np.random.default_rng(5).normal(size=40)
WORD = 8


def classify(path: Path) -> bytes:
    answer = ecgrt.Classifier(path, threads=1).predict(SIGNAL)
    return answer.segment_probabilities.tobytes()


def test_one_changed_byte_is_always_noticed(plan_bytes: bytes, tmp_path: Path) -> None:
    path = tmp_path / "changed.plan"
    rng = np.random.default_rng(11)
    positions = [*range(ALIGNMENT), *rng.integers(ALIGNMENT, len(plan_bytes), 1500).tolist()]
    for position in positions:
        changed = bytearray(plan_bytes)
        changed[position] ^= 1 << rng.integers(8)
        path.write_bytes(changed)
        what = "damaged" if position >= ALIGNMENT else ""
        with pytest.raises(ecgrt.PlanError, match=rf"changed\.plan: .*{what}"):
            ecgrt.Classifier(path, threads=1)


def test_pairs_of_flips_are_noticed(plan_bytes: bytes, tmp_path: Path) -> None:
    """The sum of format 1 let every even number of flips of the highest bits of its words pass."""
    path = tmp_path / "changed.plan"
    rng = np.random.default_rng(12)
    words = len(plan_bytes) // WORD
    for _ in range(300):
        changed = bytearray(plan_bytes)
        for word in rng.choice(np.arange(8, words), 2, replace=False):
            changed[word * WORD + WORD - 1] ^= 0x80
        path.write_bytes(changed)
        with pytest.raises(ecgrt.PlanError, match="damaged"):
            ecgrt.Classifier(path, threads=1)


def test_blocks_that_changed_places_are_noticed(plan_bytes: bytes, tmp_path: Path) -> None:
    path = tmp_path / "changed.plan"
    blocks = [plan_bytes[i : i + 64] for i in range(0, len(plan_bytes), 64)]
    for first, second in ((5, 6), (10, len(blocks) - 3), (1, 2)):
        swapped = blocks.copy()
        swapped[first], swapped[second] = blocks[second], blocks[first]
        path.write_bytes(b"".join(swapped))
        assert path.read_bytes() != plan_bytes
        with pytest.raises(ecgrt.PlanError, match="damaged"):
            ecgrt.Classifier(path)


def test_truncated_plan(plan_bytes: bytes, tmp_path: Path) -> None:
    path = tmp_path / "short.plan"
    sizes = {*range(1, 200, 7), 63, 64, 65, *range(200, len(plan_bytes), 997), len(plan_bytes) - 1}
    for size in sorted(sizes):
        path.write_bytes(plan_bytes[:size])
        with pytest.raises(ecgrt.PlanError, match=r"short\.plan"):
            ecgrt.Classifier(path)


def test_plan_with_more_behind_it(plan_bytes: bytes, tmp_path: Path) -> None:
    path = tmp_path / "long.plan"
    for more in (b"\0", bytes(64), plan_bytes):
        path.write_bytes(plan_bytes + more)
        with pytest.raises(ecgrt.PlanError, match="bytes"):
            ecgrt.Classifier(path)


@pytest.mark.parametrize("version", [0, 4, 2**31])
def test_other_format_version_says_what_to_do(
    version: int, plan_bytes: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "other.plan"
    path.write_bytes(plan_bytes[:8] + struct.pack("<I", version) + plan_bytes[12:])
    with pytest.raises(ecgrt.PlanError, match=f"format version {version}.*ecgrt-build-engine"):
        ecgrt.Classifier(path)


@pytest.mark.parametrize(
    "other",
    [
        b"ECGRTGPU" + bytes(56),
        b"A00001,N\n",
        b"\x89PNG\r\n\x1a\n" + bytes(100),
        b"ECGRTCP",
        bytes(4096),
    ],
)
def test_file_that_is_no_plan(other: bytes, tmp_path: Path) -> None:
    path = tmp_path / "other.plan"
    path.write_bytes(other)
    with pytest.raises(ecgrt.PlanError, match=r"other\.plan: .*ecgrt-build-engine"):
        ecgrt.Classifier(path)


def test_onnx_in_place_of_a_plan(tmp_path: Path) -> None:
    path = save(make_selector(), tmp_path / "model.onnx")
    with pytest.raises(ecgrt.PlanError, match=r"ecgrt-build-engine model\.onnx"):
        ecgrt.Classifier(path)


def test_empty_file_directory_and_missing_file(tmp_path: Path) -> None:
    (tmp_path / "empty.plan").touch()
    (tmp_path / "folder.plan").mkdir()
    for name, says in (("empty", "empty"), ("folder", "file"), ("missing", "No such file")):
        with pytest.raises(ecgrt.PlanError, match=rf"{name}\.plan: .*{says}"):
            ecgrt.Classifier(tmp_path / f"{name}.plan")


@pytest.mark.parametrize("plan", [3, 1.5, ["model.plan"], object()])
def test_plan_that_is_no_path(plan: Any) -> None:
    with pytest.raises(TypeError):
        ecgrt.Classifier(plan)


def test_path_in_any_form(
    plan_bytes: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "modèle ✓.plan"
    path.write_bytes(plan_bytes)
    monkeypatch.chdir(tmp_path)
    answers = {classify(p) for p in (path, str(path), path.name)}  # type: ignore[arg-type]
    assert len(answers) == 1


def test_a_path_that_is_not_utf8(plan_bytes: bytes, tmp_path: Path) -> None:
    path = os.fsencode(tmp_path) + b"/m\xff.plan"
    Path(os.fsdecode(path)).write_bytes(plan_bytes)
    for form in (path, os.fsdecode(path), Path(os.fsdecode(path))):
        classifier = ecgrt.Classifier(form)  # type: ignore[arg-type]
        assert classifier.plan == os.fsdecode(path)
        assert pickle.loads(pickle.dumps(classifier)).self_test() < 1e-5
        assert repr(classifier)
    Path(os.fsdecode(path)).write_bytes(plan_bytes[:-64])
    with pytest.raises(ecgrt.PlanError, match=r"m\\xff\.plan: the plan should have"):
        ecgrt.Classifier(path)  # type: ignore[arg-type]


def test_a_path_with_a_zero(plan_bytes: bytes, tmp_path: Path) -> None:
    (tmp_path / "model.plan").write_bytes(plan_bytes)
    with pytest.raises(ecgrt.PlanError, match="zero"):
        ecgrt.Classifier(f"{tmp_path}/model.plan\0.txt")


def test_a_pipe_is_no_plan(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.plan")
    with pytest.raises(ecgrt.PlanError, match=r"pipe\.plan: .*no file"):
        ecgrt.Classifier(tmp_path / "pipe.plan")


def test_bytes_in_a_header_that_are_no_text(plan_bytes: bytes, tmp_path: Path) -> None:
    """The message of the JSON parser quotes them."""
    path = tmp_path / "model.plan"
    header, blobs = unseal(plan_bytes)
    changed = bytearray(seal_format_1(header, blobs))
    changed[changed.index(b'"tensors"') + 1] = 0xFF
    words = np.frombuffer(changed[ALIGNMENT:], "<u8")
    odd = 2 * np.arange(len(words), dtype=np.uint64) + np.uint64(1)
    struct.pack_into("<Q", changed, 32, int(np.sum(words * odd, dtype=np.uint64)))
    path.write_bytes(changed)
    with pytest.raises(ecgrt.PlanError, match=r"cannot be read: .*xff"):
        ecgrt.Classifier(path)


CHANGED_WHILE_LOADING = """
import os, sys, threading, time
import ecgrt
path, stop = sys.argv[1], threading.Event()
content = open(path, "rb").read()

def change():
    while not stop.is_set():
        with open(path, "r+b") as file:  # as cp does it: cut short, then written anew
            file.truncate(0)
            file.write(content[: len(content) // 2])
            file.flush()
            file.write(content[len(content) // 2 :])

thread = threading.Thread(target=change)
thread.start()
outcomes = {"loaded": 0, "refused": 0}
for _ in range(300):
    try:
        assert ecgrt.Classifier(path, threads=1).self_test() < 1e-5
        outcomes["loaded"] += 1
    except ecgrt.PlanError:
        outcomes["refused"] += 1
stop.set()
thread.join()
print(outcomes)
"""


def test_a_plan_that_is_replaced_while_it_loads(plan_bytes: bytes, tmp_path: Path) -> None:
    """A mapped file that gets shorter kills the process that reads it."""
    path = tmp_path / "model.plan"
    path.write_bytes(plan_bytes)
    done = subprocess.run(
        [sys.executable, "-c", CHANGED_WHILE_LOADING, path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


LITTLE_MEMORY = """
import resource, sys
import ecgrt
used = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
resource.setrlimit(resource.RLIMIT_AS, (used + (20 << 20),) * 2)
try:
    ecgrt.Classifier(sys.argv[1], threads=1)
except MemoryError:
    print("MemoryError")
"""


def test_little_memory_is_told_as_such(plan: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LITTLE_MEMORY, plan], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (0, "MemoryError\n"), done.stderr


# -- writing


def test_plan_is_read_once(plan_bytes: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.plan"
    path.write_bytes(plan_bytes)
    expected = classify(path)
    for spoil in (path.unlink, lambda: path.write_bytes(bytes(len(plan_bytes))), path.touch):
        path.unlink(missing_ok=True)
        path.write_bytes(plan_bytes)
        classifier = ecgrt.Classifier(path, threads=1)
        spoil()
        assert classifier.predict(SIGNAL).segment_probabilities.tobytes() == expected
        assert classifier.self_test() < 1e-5


def test_plan_is_replaced_as_a_whole(tmp_path: Path) -> None:
    model, plan = save(make_selector(), tmp_path / "model.onnx"), tmp_path / "model.plan"
    plan.write_bytes(b"the plan of before")
    with plan.open("rb") as before:
        build_cpu_plan(model, plan)
        assert before.read() == b"the plan of before"
    assert ecgrt.Classifier(plan).self_test() < 1e-5
    assert sorted(os.listdir(tmp_path)) == ["model.onnx", "model.plan"]


def failing_replace(*_: object) -> None:
    raise OSError("no space left")


def test_failure_to_write_leaves_the_old_plan(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, plan = save(make_selector(), tmp_path / "model.onnx"), tmp_path / "model.plan"
    plan.write_bytes(b"the plan of before")
    monkeypatch.setattr(os, "replace", failing_replace)
    with pytest.raises(OSError, match="no space left"):
        build_cpu_plan(model, plan)
    assert plan.read_bytes() == b"the plan of before"
    assert sorted(os.listdir(tmp_path)) == ["model.onnx", "model.plan"]


def test_plan_into_a_folder_that_is_not_there(tmp_path: Path) -> None:
    model = save(make_selector(), tmp_path / "model.onnx")
    with pytest.raises(FileNotFoundError, match="nowhere"):
        build_cpu_plan(model, tmp_path / "nowhere" / "model.plan")


def test_same_model_gives_the_same_plan(tmp_path: Path) -> None:
    model = save(make_network(SMALL), tmp_path / "model.onnx")
    contents = set[bytes]()
    for name in ("a.plan", "b.plan"):
        build_cpu_plan(model, tmp_path / name)
        contents.add((tmp_path / name).read_bytes())
    assert len(contents) == 1
