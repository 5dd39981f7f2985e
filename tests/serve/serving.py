"""Runs ``ecgrt-serve`` as users do: a process, on a free port of this machine."""

from __future__ import annotations

import queue
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO


class Server:
    """A running server."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self.log = ""
        self._lines: queue.Queue[str] = queue.Queue()
        assert process.stderr is not None
        # Always read: a full pipe would stop the server.
        threading.Thread(target=self._read, args=(process.stderr,), daemon=True).start()
        self.address = self.wait_for(r"running on (http://\S+)")[1]

    def _read(self, stderr: IO[str]) -> None:
        for line in stderr:
            self._lines.put(line)
        self._lines.put("")

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Return where the log says so; it must, within a minute."""
        while line := self._lines.get(timeout=60):
            self.log += line
            if found := re.search(pattern, line):
                return found
        raise AssertionError(f"the server ended without {pattern}: {self.log}")

    def end(self) -> str:
        """Ask it to end; return all that it has logged."""
        self.process.terminate()
        while line := self._lines.get(timeout=60):
            self.log += line
        return self.log


@contextmanager
def serving(*options: str) -> Iterator[Server]:
    """Start the command with a port that the system chooses; it is killed at the end."""
    program = "import sys; from ecgrt.cli.serve import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-u", "-c", program, "--port", "0", "--threads", "1", *options]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            yield Server(process)
        finally:
            process.kill()
