"""Who may be timed: those whose answers differ from the reference as their precision explains."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from .engine import Array, Engine, Run, UnavailableError

#: Precisions that are compared with each other, by the precision of an engine's arithmetic.
GROUPS = {"fp32": "fp32", "fp16": "fp16/bf16", "bf16": "fp16/bf16", "int8": "int8"}
#: Largest difference of any segment's probability from the reference's with which an engine of a
#: group is timed. Single precision differs by the order of its sums; bfloat16 keeps 8 bits.
BOUNDS = {"fp32": 1e-3, "fp16/bf16": 3e-2, "int8": 5e-2}
#: The engine whose single precision is the reference; without it, the first that answers.
REFERENCE = "onnxruntime"


@dataclass(frozen=True)
class Field:
    """The engines of one model, and the signal that they answer."""

    model: str
    engines: Sequence[Engine]
    signal: Array


@dataclass(frozen=True, eq=False)
class Candidate:
    """An engine that has answered; ``difference`` is its largest from the reference."""

    model: str
    engine: Engine
    ways: Mapping[str, Run]
    difference: float

    @property
    def group(self) -> str:
        """The precision that it is compared in."""
        return GROUPS[self.engine.precision]

    @property
    def refused(self) -> bool:
        """Whether its answers are too far off for its time to mean anything."""
        return self.difference > BOUNDS[self.group]


def prepare_all(
    fields: Sequence[Field],
    prepare: Callable[[Engine, Array], Mapping[str, Run]],
    notes: list[str],
) -> list[Candidate]:
    """Prepare the engines of all models; what fails gets a line in `notes`, and the rest goes on.

    Parameters
    ----------
    fields
        A model each.
    prepare
        Turns an engine and a signal into the ways to answer it.
    notes
        Gets the lines.

    Returns
    -------
    list of Candidate
        Model by model, by groups of precision.
    """
    candidates = []
    for field in fields:
        answered: list[tuple[Engine, Mapping[str, Run], list[Array]]] = []
        for engine in field.engines:
            try:
                ways = prepare(engine, field.signal)
                answered.append((engine, ways, [run() for run in ways.values()]))
            except UnavailableError as error:
                notes.append(f"{field.model}: {engine.name}: {error}")
            except Exception as error:  # noqa: BLE001 (each peer has its own kinds)
                notes.append(f"{field.model}: {engine.name}: {told(error)}")
        if not answered:
            continue
        chosen = [entry for entry in answered if entry[0].name == REFERENCE] or answered
        reference, _, (expected, *_) = chosen[0]
        if reference.name != REFERENCE:
            notes.append(f"{field.model}: no {REFERENCE}: differences are from {reference.name}'s")
        found = [
            Candidate(field.model, engine, ways, max(difference(a, expected) for a in answers))
            for engine, ways, answers in answered
        ]
        candidates += sorted(found, key=lambda candidate: list(BOUNDS).index(candidate.group))
    return candidates


def difference(a: Array, b: Array) -> float:
    """Return the largest difference; infinite where the shapes differ or a value is NaN."""
    if a.shape != b.shape:
        return float("inf")
    return float(np.nan_to_num(np.abs(a - b), nan=np.inf).max())


def told(error: Exception) -> str:
    """Return an error as one short line."""
    text = " ".join(str(error).split())
    return f"failed, {type(error).__name__}: {text[:300]}"
