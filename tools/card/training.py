"""What is kept of training: ``runs/NAME/history.csv`` and ``ablations.json``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ecgrt.training.runs import Epoch, Run

RUNS = "runs"
ABLATIONS = "ablations.json"
#: What is drawn of an epoch.
CURVES = ("epoch", "loss", "val_loss", "f1", "f1_n", "f1_a", "f1_o", "f1_noise")


def read_runs(folder: Path) -> dict[str, dict[str, list[float]]]:
    """Return the learning curves of the runs in a folder, by name; none if there is no folder."""
    return {
        name: {key: [epoch.to_row()[key] for epoch in history] for key in CURVES}
        for name, history in _histories(folder).items()
    }


def read_ablations(folder: Path) -> dict[str, Any] | None:
    """Return the comparison that ``ecgrt-crossval`` left in a folder, if it did."""
    path = folder / ABLATIONS
    return dict(json.loads(path.read_text("utf-8"))) if path.is_file() else None


def _histories(folder: Path) -> dict[str, list[Epoch]]:
    names = (
        sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    )
    histories = {name: Run(folder / name).history() for name in names}
    for name, history in histories.items():
        if not history:
            raise ValueError(
                f"{folder / name} has no history.csv with a complete epoch; put that of the run "
                "there, or delete the folder"
            )
    return histories
