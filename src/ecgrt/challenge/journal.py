"""Answers kept as they come, so that an evaluation that ends early can go on where it was."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, BinaryIO

from .report import Answer, Timing

#: What the journal's name ends in; before it stands the name of the file of answers.
SUFFIX = ".partial"


class Journal:
    """A file beside the answers, one JSON object a line: first what is evaluated, then each answer.

    Every answer is handed to the operating system at once. When all outputs are written, call
    :meth:`finish`, which removes the file.

    Parameters
    ----------
    path
        The journal.
    identity
        What is evaluated, as JSON holds it: answers to something else are not gone on with.
    resume
        Whether to go on with the answers that are there.

    Raises
    ------
    ValueError
        If answers are there and `resume` is false, or they are not of this `identity`.
    """

    def __init__(self, path: str | Path, identity: dict[str, Any], *, resume: bool = False) -> None:
        self.path = Path(path)
        first = _line({"evaluates": identity})
        kept, self.answers = _read(self.path, first)
        if self.answers and not resume:
            raise ValueError(
                f"{self.path} holds {len(self.answers)} answers of an evaluation that did not "
                "end: go on with --resume, or delete it"
            )
        self._file: BinaryIO = self.path.open("r+b" if kept else "wb", buffering=0)
        self._file.truncate(kept)  # cuts off a line that was half written
        self._file.seek(kept)
        if not kept:
            self._write(first)

    def add(self, answer: Answer) -> None:
        """Keep an answer.

        Raises
        ------
        OSError
            If it cannot be written, as on a full disk; those before it are kept.
        """
        self._write(_line(asdict(answer)))
        self.answers[answer.name] = answer

    def finish(self) -> None:
        """Remove the journal, for everything in it stands elsewhere now."""
        self._file.close()
        self.path.unlink(missing_ok=True)

    def close(self) -> None:
        """Leave the file as it is, for another evaluation to go on with."""
        self._file.close()

    def _write(self, line: bytes) -> None:
        try:
            while line:
                line = line[self._file.write(line) :]
        except OSError as error:
            raise OSError(error.errno, error.strerror, os.fspath(self.path)) from error


def identity_of(plan: str | Path, names: Sequence[str], **options: Any) -> dict[str, Any]:
    """Return what distinguishes evaluations: plan, records, and how they are read."""
    return {
        "plan": hashlib.sha256(Path(plan).read_bytes()).hexdigest(),
        "records": hashlib.sha256("\n".join(names).encode("utf-8", "replace")).hexdigest(),
        **options,
    }


def _line(values: dict[str, Any]) -> bytes:
    return json.dumps(values, separators=(",", ":")).encode() + b"\n"


def _read(path: Path, first: bytes) -> tuple[int, dict[str, Answer]]:
    """Return how many bytes of a journal are whole lines, and the answers in them."""
    try:
        lines = path.read_bytes().splitlines(keepends=True)
    except FileNotFoundError:
        return 0, {}
    lines = [line for line in lines if line.endswith(b"\n")]
    if not lines:
        return 0, {}
    if lines[0] != first:
        raise ValueError(
            f"{path} is of another plan, of other records, or was read with other options: "
            "evaluate as before to go on with it, or delete it"
        )
    try:
        answers = [_answer(json.loads(line)) for line in lines[1:]]
    except (ValueError, KeyError, TypeError) as error:
        raise ValueError(f"{path} is damaged; delete it to begin again") from error
    return sum(map(len, lines)), {answer.name: answer for answer in answers}


def _answer(values: dict[str, Any]) -> Answer:
    return Answer(
        str(values["name"]),
        str(values["label"]),
        Timing(**values["timing"]),
        tuple(map(str, values.get("warnings", ()))),
        tuple(map(float, values["probabilities"])),
    )
