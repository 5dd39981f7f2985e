"""Watch a folder: each record that appears in it gets a line, and a report beside it.

    python examples/watch_folder.py inbox reports

A record that is still being written cannot be read whole, and is tried again in the next round.
"""

from __future__ import annotations

import argparse
import time
import warnings
from pathlib import Path

import ecgrt
from ecgrt.records import list_records
from ecgrt.view.report import record_report


def look(
    classifier: ecgrt.Classifier, inbox: Path, reports: Path, known: dict[Path, float]
) -> None:
    """Classify what is new or has changed since the last look."""
    for path in list_records([inbox]) if any(inbox.iterdir()) else []:
        files = (file for file in inbox.iterdir() if file.name.startswith(path.name))
        changed = max(file.stat().st_mtime for file in files)
        if known.get(path) == changed:
            continue
        try:
            record = ecgrt.read_record(path)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", ecgrt.SignalWarning)  # the report tells them
                prediction = classifier.predict(record)
        except (OSError, ValueError, TypeError) as error:
            print(f"{path.name}\tnot yet: {error}", flush=True)
            continue
        known[path] = changed
        page = record_report(prediction, record, classifier)
        (reports / f"{path.name}.html").write_text(page, encoding="utf-8")
        print(f"{path.name}\t{prediction.label or '-'}\t{prediction.confidence:.2f}", flush=True)


def main() -> None:
    """Look every few seconds, until Ctrl-C; with ``--once`` a single time."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("inbox", type=Path)
    parser.add_argument("reports", type=Path)
    parser.add_argument("--every", type=float, default=5.0, metavar="SECONDS")
    parser.add_argument("--once", action="store_true")
    args = parser.parse_args()
    args.reports.mkdir(parents=True, exist_ok=True)
    classifier, known = ecgrt.Classifier(), {}
    while True:
        look(classifier, args.inbox, args.reports, known)
        if args.once:
            return
        time.sleep(args.every)


if __name__ == "__main__":
    main()
