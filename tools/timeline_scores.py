"""Measure timelines against annotated records: the figures of docs/timeline.md.

    python tools/timeline_scores.py mitdb --plan model.plan --high-pass

takes a folder of WFDB records with rhythm annotations (.atr), such as PhysioNet's mitdb, and tells
for each record and for all: episodes of atrial fibrillation found and missed, false ones, time
right, burden against the reference. Flutter counts neither way. Needs ``ecgrt[formats]``, and
scipy for ``--high-pass``, which models without a filter of their own need.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Iterator
from dataclasses import astuple, dataclass, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

import ecgrt
from ecgrt.rhythm.states import AF

#: Of the reference and of the timeline, so many times a second.
GRID = 10.0
#: Shorter episodes of the reference are none.
SHORTEST = 30.0
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True)
class Score:
    """Counts of one record, or of several; times in steps of the grid."""

    episodes: int
    found: int
    false: int
    true_af: int
    missed_af: int
    false_af: int
    true_rest: int

    def __add__(self, other: Score) -> Score:
        return Score(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))


def main() -> None:
    """Print a line a record and the sums."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--plan", type=Path, default=Path("model.plan"))
    parser.add_argument("--lead", default="MLII")
    parser.add_argument("--high-pass", action="store_true", help="0.5 to 40 Hz, linear phase")
    args = parser.parse_args()
    classifier = ecgrt.Classifier(args.plan)
    total = Score(0, 0, 0, 0, 0, 0, 0)
    hours, errors, held = 0.0, [], 0
    print("record\tburden\treference\tlow\thigh\tfound\tfalse")
    for path in sorted(args.folder.glob("*.hea")):
        record = read(path, args.lead, args.high_pass)
        timeline = tell(classifier, record)
        af, flutter = reference(path, record.duration)
        score = compare(timeline, af, flutter)
        known = ~flutter & at_grid(timeline, readable=True)
        truth, burden = float(af[known].mean()), timeline.burden
        held += burden.low - 0.005 <= truth <= burden.high + 0.005
        errors.append((truth > 0, abs(burden.share - truth)))
        total, hours = total + score, hours + record.duration / 3600
        figures = (burden.share, truth, burden.low, burden.high)
        found = f"{score.found} of {score.episodes}"
        print(path.stem, *(f"{f:.3f}" for f in figures), found, score.false, sep="\t", flush=True)
    with_af = [error for has_af, error in errors if has_af]
    print(
        f"episodes found: {total.found} of {total.episodes}; false: {total.false} in {hours:.1f} h"
    )
    print(f"sensitivity {total.true_af / (total.true_af + total.missed_af):.3f}")
    print(f"specificity {total.true_rest / (total.true_rest + total.false_af):.3f}")
    print(f"error of the burden, records with AF {np.mean(with_af):.3f}")
    print(f"error of the burden, all {np.mean([error for _, error in errors]):.3f}")
    print(f"intervals that hold the reference: {held} of {len(errors)}")


def read(path: Path, lead: str, high_pass: bool) -> ecgrt.Record:
    """Read the lead, or the first where it is not there."""
    try:
        record = ecgrt.read_record(path, lead=lead)
    except ValueError:
        record = ecgrt.read_record(path, lead=0)
    if not high_pass:
        return record
    from scipy.signal import firwin, oaconvolve

    half = int(record.fs)
    taps = firwin(2 * half + 1, [0.5, 40], fs=record.fs, pass_zero=False)
    held = np.pad(np.asarray(record.signal, np.float64), half, mode="edge")
    return replace(record, signal=oaconvolve(held, taps, mode="valid").astype(np.float32))


def tell(classifier: ecgrt.Classifier, record: ecgrt.Record) -> ecgrt.Timeline:
    """Return the timeline; warnings of these records are known."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ecgrt.SignalWarning)
        return ecgrt.timeline(classifier, record)


def reference(path: Path, duration: float) -> tuple[Flags, Flags]:
    """Return where the annotators saw fibrillation, and where flutter."""
    import wfdb

    annotation = wfdb.rdann(str(path.with_suffix("")), "atr")
    changes = [
        (sample / annotation.fs, note.rstrip("\0"))
        for sample, note in zip(annotation.sample, annotation.aux_note, strict=True)
        if note.startswith("(")
    ]
    steps = int(duration * GRID)
    flags = {"(AFIB": np.zeros(steps, bool), "(AFL": np.zeros(steps, bool)}
    ends = [*(start for start, _ in changes[1:]), duration]
    for (start, note), end in zip(changes, ends, strict=True):
        if note in flags:
            flags[note][int(start * GRID) : int(end * GRID)] = True
    return flags["(AFIB"], flags["(AFL"]


def at_grid(timeline: ecgrt.Timeline, *, readable: bool = False) -> Flags:
    """Return where the timeline says AF, or where it says anything."""
    flags = np.zeros(int(timeline.duration * GRID), bool)
    for span in timeline.spans:
        if span.label == AF or (readable and not span.reason):
            flags[int(span.start * GRID) : int(span.end * GRID)] = True
    return flags


def runs(flags: Flags) -> Iterator[slice]:
    """Yield the stretches that are true."""
    edges = np.flatnonzero(np.diff(flags.astype(np.int8), prepend=0, append=0)).tolist()
    for start, end in zip(edges[::2], edges[1::2], strict=True):
        yield slice(start, end)


def compare(timeline: ecgrt.Timeline, af: Flags, flutter: Flags) -> Score:
    """Count: an episode is found, or false, by what holds for half of its time or more."""
    told = at_grid(timeline)
    known = ~flutter & at_grid(timeline, readable=True)
    long = [run for run in runs(af) if run.stop - run.start >= SHORTEST * GRID]
    return Score(
        episodes=len(long),
        found=sum(bool(told[run].mean() >= 0.5) for run in long),
        false=sum(bool((af | flutter)[run].mean() < 0.5) for run in runs(told)),
        true_af=int((told & af & known).sum()),
        missed_af=int((~told & af & known).sum()),
        false_af=int((told & ~af & known).sum()),
        true_rest=int((~told & ~af & known).sum()),
    )


if __name__ == "__main__":
    main()
