"""Re-create the figures and the tables of the model card, models/README.md.

    pip install ".[card]"
    ecgrt-data fetch
    python tools/model_card.py --data data

Classifies the dev records of the model (those that scores.json names, else all of the training set
that it was not trained on) and the official validation set with the native engine, and writes
scores.json, figures/ and the marked blocks of README.md into the folder of the card. What else
README.md says is left alone. The learning curves are those of runs/ in that folder, the ablations
those of ablations.json, which ecgrt-crossval writes.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ecgrt import PlanError
from ecgrt._extras import require
from ecgrt._files import write_text
from ecgrt.challenge.data import VALIDATION
from ecgrt.records.base import read_record

ROOT = Path(__file__).resolve().parents[1]


def main(argv: Sequence[str] | None = None) -> int:
    """Make the card as the command line says; return the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, default=Path("data"), help="what 'ecgrt-data fetch' made"
    )
    parser.add_argument("--model", type=Path, default=ROOT / "models" / "cinc17.onnx")
    parser.add_argument(
        "--card", type=Path, default=ROOT / "models", metavar="DIR", help="folder of the card"
    )
    args = parser.parse_args(argv)
    try:
        make_card(args.model, args.data, args.card)
    except (ValueError, OSError, ImportError, PlanError) as error:
        print(f"model_card: error: {error}", file=sys.stderr)
        return 2
    return 0


def make_card(model: Path, data: Path, folder: Path) -> None:
    """Write scores.json, figures/ and the blocks of README.md into the folder of the card."""
    require("matplotlib", extra="card")
    from card import answers, figures, merit, tables, training

    card = (folder / "README.md").read_text("utf-8")
    prose = tables.replace_blocks(card, dict.fromkeys(tables.BLOCKS, ""))
    material = answers.gather(model, data, lambda digest: known_dev(folder / "scores.json", digest))
    found = {
        "model": {
            "file": model.name,
            "sha256": hashlib.sha256(model.read_bytes()).hexdigest(),
            **material.metadata,
        },
        **merit.measure(material),
        "runs": training.read_runs(folder / training.RUNS),
        "ablations": training.read_ablations(folder),
    }
    records = {
        failure["record"]: read_record(data / VALIDATION / failure["record"])
        for failure in found["failures"]
    }
    metadata = material.metadata
    seconds = metadata["samples_per_segment"] / metadata["sampling_rate"]
    figures.draw(found, records, seconds, folder / "figures")
    write_text(folder / "scores.json", to_json(found))
    write_text(folder / "README.md", tables.replace_blocks(card, tables.render(found)))
    if untold := [name for name in records if name not in prose]:
        print(f"note: the card's prose says nothing of the failures {', '.join(untold)}")


def known_dev(path: Path, training_digest: str) -> list[str] | None:
    """Return the dev records that a scores.json names, if it is of the same training records.

    Whoever has more of the challenge's records than the maker of the card has more that the model
    was not trained on; the card's figures are of those that it names.
    """
    if not path.is_file():
        return None
    found = json.loads(path.read_text("utf-8"))
    if found["model"]["training_digest"] != training_digest:
        return None
    return list(found["dev"]["names"])


def to_json(figures: dict[str, Any]) -> str:
    """Return JSON with each list of plain values on one line."""
    text = json.dumps(figures, indent=1, allow_nan=False, ensure_ascii=False)
    return re.sub(r"\[([^\[\]{}]*)\]", lambda found: f"[{' '.join(found[1].split())}]", text) + "\n"


if __name__ == "__main__":
    sys.exit(main())
