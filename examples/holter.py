"""A long record: its episodes of atrial fibrillation, burden, heart rate, and a table of them.

    python examples/holter.py night.edf --csv episodes.csv

The record may be of any length: it is read piece by piece.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import ecgrt
from ecgrt.rhythm.export import to_csv


def main() -> None:
    """Print what the record was, and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("record")
    parser.add_argument("--lead")
    parser.add_argument("--csv", type=Path)
    args = parser.parse_args()

    timeline = ecgrt.Classifier().timeline(ecgrt.open_record(args.record, lead=args.lead))

    burden, rate = timeline.burden, timeline.heart_rate
    print(f"{timeline.duration / 60:.1f} minutes, {timeline.readable:.0%} readable")
    print(f"{timeline.classes[0]}: {burden.share:.1%} ({burden.low:.1%} to {burden.high:.1%})")
    print(f"heart rate {rate.mean:.0f} a minute, {len(rate.pauses)} pauses")
    for episode in timeline.episodes:
        when = timeline.at(episode.start) or f"{episode.start:.0f} s"
        print(f"{when}  {episode.label}  {episode.duration:.0f} s  p={episode.probability:.2f}")
    if args.csv is not None:
        args.csv.write_text(to_csv([timeline]), encoding="utf-8")


if __name__ == "__main__":
    main()
