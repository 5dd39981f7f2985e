"""What is kept of training runs: ``runs/NAME/history.csv``, ``runs/ablations/NAME/history.csv``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from ecgrt.runs import Epoch, Run, best

RUNS = "runs"
ABLATIONS = "ablations"
#: What is drawn of an epoch.
CURVES = ("epoch", "loss", "val_loss", "f1", "f1_n", "f1_a", "f1_o", "f1_noise")


def read_runs(folder: Path) -> dict[str, dict[str, list[float]]]:
    """Return the learning curves of the runs in a folder, by name; none if there is no folder."""
    return {
        name: {key: [asdict(epoch)[key] for epoch in history] for key in CURVES}
        for name, history in _histories(folder).items()
        if name != ABLATIONS
    }


def read_ablations(folder: Path) -> list[dict[str, Any]]:
    """Return a row of figures for each run in the folder's ``ablations``, sorted by name."""
    rows = []
    for name, history in _histories(folder / ABLATIONS).items():
        chosen = best(history)
        rows.append(
            {
                "name": name,
                "epochs": len(history),
                "seconds": round(sum(epoch.seconds for epoch in history)),
                "best_epoch": chosen.epoch,
                "f1": round(chosen.f1, 4),
                "val_loss": round(chosen.val_loss, 4),
            }
        )
    return rows


def _histories(folder: Path) -> dict[str, list[Epoch]]:
    names = (
        sorted(path.name for path in folder.iterdir() if path.is_dir()) if folder.is_dir() else []
    )
    histories = {name: Run(folder / name).history() for name in names}
    for name, history in histories.items():
        if not history and name != ABLATIONS:
            raise ValueError(
                f"{folder / name} has no history.csv with a complete epoch; put that of the run "
                "there, or delete the folder"
            )
    return histories
