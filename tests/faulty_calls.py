"""A machine on which any chosen call fails, for commands that run in processes of their own."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
COMPILER = os.environ.get("CC") or shutil.which("cc") or shutil.which("gcc")
#: What a call can do besides failing with an errno, as faulty_calls.c has it.
KILL, SHORT = -1, -2


@dataclass(frozen=True)
class Done:
    """How a command ended.

    Attributes
    ----------
    code
        Its exit code, that of a signal negative.
    out, err
        What it printed.
    seen
        How many calls concerned the folder.
    what
        The name of the one that went wrong, empty where there was none.
    """

    code: int
    out: str
    err: str
    seen: int
    what: str


class FaultyMachine:
    """Runs commands, in each of which one call that concerns `folder` goes wrong."""

    def __init__(self, folder: Path, own: Path) -> None:
        self._folder, self._printed = folder, str(own / "printed")
        library = own / "faulty_calls.so"
        source = str(HERE / "faulty_calls.c")
        subprocess.run(
            [str(COMPILER), "-O1", "-fPIC", "-shared", source, "-o", library, "-ldl"], check=True
        )
        self._server = subprocess.Popen(
            [sys.executable, "-W", "ignore", str(HERE / "faulty_server.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, "LD_PRELOAD": str(library), "ECGRT_NUM_THREADS": "1"},
        )

    def run(
        self,
        argv: Sequence[str],
        at: int = 0,
        how: int = 0,
        *,
        for_good: bool = False,
        in_workers: bool = False,
    ) -> Done:
        """Run ``ecgrt-`` `argv`; its call number `at` does what `how` says, and all after it.

        With `in_workers` it is a call of the processes that it starts.
        """
        request = {
            "argv": list(argv),
            "folder": str(self._folder),
            "printed": self._printed,
            "at": at,
            "how": how,
            "for_good": for_good,
            "learn": at == 0,
            "workers": self._printed + ".workers" if in_workers else "",
        }
        assert self._server.stdin is not None
        assert self._server.stdout is not None
        print(json.dumps(request), file=self._server.stdin, flush=True)
        answer = json.loads(self._server.stdout.readline())
        out, err = (Path(self._printed + end).read_text() for end in (".out", ".err"))
        return Done(out=out, err=err, **answer)

    def close(self) -> None:
        """End the process."""
        assert self._server.stdin is not None
        self._server.stdin.close()
        self._server.wait()
