"""Every open, read, write and rename of a command fails in turn, or is where it is killed.

What a command wrote before stays, or the whole of the new is there; it says in a line what went
wrong; and the next run gives what it would have given anyway and leaves nothing else. The suite
takes a sample of the calls; ``ECGRT_EVERY_CALL=1`` takes all of them, in every way.
"""

from __future__ import annotations

import errno
import os
import re
import shutil
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from faulty_calls import COMPILER, KILL, SHORT, Done, FaultyMachine
from faulty_commands import COMMANDS, OLD, Command, write_inputs

pytestmark = pytest.mark.skipif(
    not sys.platform.startswith("linux") or COMPILER is None,
    reason="what stands in front of the C library is for Linux, and compiled",
)

EVERY = bool(os.environ.get("ECGRT_EVERY_CALL"))
#: Calls of each command that the suite lets go wrong.
SAMPLE = 16
#: Of those whose workers' calls do: a worker takes a second to begin.
FEW = 3


@dataclass(frozen=True)
class Fault:
    """How a call goes wrong, and whether all after it fail, too."""

    name: str
    how: int
    for_good: bool = False


FAULTS = (
    Fault("EIO", errno.EIO),
    Fault("short", SHORT),
    Fault("ENOSPC", errno.ENOSPC),
    Fault("a disk that is gone", errno.EIO, for_good=True),
    Fault("EACCES", errno.EACCES),
    Fault("EINTR", errno.EINTR),
)
#: What outputs say of a file's digest, and identifiers in which one stands.
DIGESTS = re.compile(
    rb'<code>[0-9a-f]{64}</code>|not known|"[0-9a-f]{64}"|(?<=digest": )null|'
    rb"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
)
KILLED = Fault("killed", KILL)
#: What is removed when a command fails; where this fails, it stays for the next run to remove.
REMOVALS = ("unlink", "unlinkat", "rmdir", "open", "open64", "openat", "openat64", "opendir")


class Place:
    """A command's folder of inputs and outputs, as it was before each run."""

    def __init__(self, machine: FaultyMachine, command: Command, box: Path) -> None:
        self.machine, self.command, self.out = machine, command, box / "out"
        self._box = box
        self.begin()
        self.before = self.files()
        self.normal = self.run()  # which also brings in what the command imports
        assert self.normal.code == 0, self.normal.err
        self.after = self.files()
        self.begin()
        self.normal = self.run()
        assert self.files() == self.after, "two runs differ"

    def begin(self) -> None:
        shutil.rmtree(self.out, ignore_errors=True)
        self.out.mkdir()
        for name in self.command.replaces:
            (self.out / name).write_bytes(OLD)

    def run(self, at: int = 0, fault: Fault = FAULTS[0], *, again: bool = False) -> Done:
        argv = self.command.line(self._box, self.command.again if again else "")
        workers = self.command.in_workers
        return self.machine.run(argv, at, fault.how, for_good=fault.for_good, in_workers=workers)

    def names(self) -> set[str]:
        return {path.relative_to(self.out).as_posix() for path in self.out.rglob("*")}

    def files(self) -> dict[str, Any]:
        """What is in each file, but for times; None for a folder."""
        found = {}
        for name in sorted(self.names()):
            path = self.out / name
            content = None if path.is_dir() else path.read_bytes()
            is_new = content not in (None, OLD) and not is_unfinished(name)
            found[name] = self.command.facts_of(name, content) if is_new else content
        return found


def is_unfinished(name: str) -> bool:
    """Whether it lies in what is kept for the next run, or left for it to remove."""
    parts = Path(name).parts
    return any(p.startswith(".part-") or p.endswith((".partial", ".part")) for p in parts)


def finished(files: dict[str, Any]) -> dict[str, Any]:
    return {name: forgiven(content) for name, content in files.items() if not is_unfinished(name)}


def forgiven(content: Any) -> Any:
    """The same without digests of files: of those that may be read no longer none is known."""
    return DIGESTS.sub(b"", content) if isinstance(content, bytes) else content


@pytest.fixture(scope="module")
def box(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("box").resolve()
    write_inputs(folder / "in")
    return folder


@pytest.fixture(scope="module")
def machine(box: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[FaultyMachine]:
    machine = FaultyMachine(box, tmp_path_factory.mktemp("machine"))
    yield machine
    machine.close()


@pytest.fixture(params=COMMANDS)
def place(request: pytest.FixtureRequest, machine: FaultyMachine, box: Path) -> Place:
    return Place(machine, COMMANDS[request.param], box)


def cases(place: Place, faults: tuple[Fault, ...]) -> Iterator[tuple[int, Fault]]:
    """The numbers of calls, spread over a run, its first and last among them, and their faults."""
    seen = place.normal.seen
    if EVERY:
        yield from ((at, fault) for at in range(1, seen + 1) for fault in faults)
        return
    count = min(FEW if place.command.in_workers else SAMPLE, seen)
    for i in range(count):
        yield 1 + i * (seen - 1) // max(count - 1, 1), faults[i % len(faults)]


def wrong(place: Place, done: Done, *, removed: bool) -> list[str]:
    """What a failed run should not have left or said."""
    found = []
    prog = f"ecgrt-{place.command.argv.split()[0].replace('_', '-')}: "
    lines = done.err.splitlines()
    if not all(line.startswith(prog) for line in lines):
        found.append(f"says {done.err[-1500:]}")
    if done.code not in ((0, 1, 2) if place.command.partly else (0, 2)):
        found.append(f"ends with {done.code}")
    if done.code and not done.err + done.out:
        found.append("fails and says nothing")
    if removed and any(".part-" in name for name in place.names()):
        found.append("leaves what it was writing")
    return found


def mixed(place: Place, done: Done) -> list[str]:
    """Files that are neither those of before nor whole."""
    whole = done.code == 0 or done.code == -signal.SIGKILL
    found = []
    for name, content in place.files().items():
        known = [files[name] for files in (place.before, place.after) if name in files]
        if is_unfinished(name) or forgiven(content) in map(forgiven, known):
            continue
        if whole or done.code == 2:
            found.append(f"{name} is half written")
    return found


def lost(place: Place, code: int) -> list[str]:
    """What the next run does not give; after one that came to its end nothing is gone on with."""
    is_refused = place.command.once and finished(place.files()) == finished(place.after)
    done = place.run(again=code not in (0, 1))
    if done.code != (2 if is_refused else 0):
        return [f"the next run ends with {done.code}: {done.err}"]
    files = place.files()
    return [
        f"after the next run {name} is not what it should be"
        for name in sorted(files.keys() | place.after.keys())
        if name not in files or name not in place.after or files[name] != place.after[name]
    ]


def test_a_call_that_fails(place: Place) -> None:
    found = []
    for at, fault in cases(place, FAULTS):
        place.begin()
        done = place.run(at, fault)
        removed = not fault.for_good and done.what not in REMOVALS
        wrongs = wrong(place, done, removed=removed) + mixed(place, done)
        if done.code == 0 and finished(place.files()) != finished(place.after):
            wrongs.append("gives something else")
        wrongs += lost(place, done.code)
        found += [f"call {at}, {done.what}, {fault.name}: {what}" for what in wrongs]
    assert not found, "\n".join(found)


def test_a_kill(place: Place) -> None:
    found = []
    for at, fault in cases(place, (KILLED,)):
        place.begin()
        done = place.run(at, fault)
        # a worker is replaced
        assert done.code == (0 if place.command.in_workers else -signal.SIGKILL), done.err
        found += [f"killed at call {at}, {done.what}: {what}" for what in mixed(place, done)]
        found += [f"killed at call {at}, {done.what}: {what}" for what in lost(place, done.code)]
    assert not found, "\n".join(found)
