"""The folder of a training run: what it holds, how it is found again, and its schedule.

====================  =====================================================================
``config.json``        the configuration that the run was last started or resumed with
``preprocessing.json`` :class:`ecgrt.metadata.Metadata`
``training_records``   names of the training records, one a line, those of the initial weights
                       among them
``dev_digest``         of the names and labels of the dev records
``history.csv``        a row per complete epoch; replacing it is what completes an epoch
``curves.svg``         the losses and F1 of ``history.csv``, drawn
``resume-EPOCH...``    weights and optimizer after the last complete epoch
``*.keras``            a checkpoint per epoch, named by its metrics
====================  =====================================================================
"""

from __future__ import annotations

import csv
import io
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path

from .._files import write_text
from ..challenge.scoring import is_challenge
from ..metadata import Metadata
from .config import TrainConfig

#: Fields that may change between a run and its continuation.
RESUMABLE = ("max_epochs", "stop_patience", "train", "dev", "save_dir", "tensorboard")


#: Columns of the F1 of the challenge's classes; of another class LABEL it is ``f1:LABEL``.
CHALLENGE_COLUMNS = {"N": "f1_n", "A": "f1_a", "O": "f1_o", "~": "f1_noise"}
_OWN_COLUMN = "f1:"


@dataclass(frozen=True, kw_only=True)
class Epoch:
    """A row of ``history.csv``: the metrics of a complete epoch, per segment but for the F1.

    `f1` is the overall one, of :func:`ecgrt.challenge.scoring.scored_classes`.
    """

    epoch: int
    learning_rate: float
    loss: float
    accuracy: float
    val_loss: float
    val_accuracy: float
    f1: float
    f1_by_class: dict[str, float]
    seconds: float

    @classmethod
    def from_row(cls, row: Mapping[str, str]) -> Epoch:
        """Read a row of ``history.csv``, the values by the names of their columns."""
        known = {column: label for label, column in CHALLENGE_COLUMNS.items()}
        values = {name: float(value) for name, value in row.items()}
        f1 = {
            known.get(name, name.removeprefix(_OWN_COLUMN)): values.pop(name)
            for name in row
            if name in known or name.startswith(_OWN_COLUMN)
        }
        return cls(epoch=int(values.pop("epoch")), f1_by_class=f1, **values)

    def to_row(self) -> dict[str, float]:
        """Return the values by the names of their columns, in the columns' order."""
        named = CHALLENGE_COLUMNS if is_challenge(self.f1_by_class) else {}
        values: dict[str, float] = {}
        for field in fields(self):
            if field.name == "f1_by_class":
                for label, f1 in self.f1_by_class.items():
                    values[named.get(label, _OWN_COLUMN + label)] = f1
            else:
                values[field.name] = getattr(self, field.name)
        return values

    @property
    def checkpoint(self) -> str:
        """Name of the epoch's checkpoint."""
        return (
            f"{self.val_loss:.3f}-{self.val_accuracy:.3f}-{self.epoch:03d}"
            f"-{self.loss:.3f}-{self.accuracy:.3f}.keras"
        )


@dataclass(frozen=True)
class Run:
    """A run folder."""

    folder: Path

    @classmethod
    def create(cls, config: TrainConfig, name: str) -> Run:
        """Make ``save_dir/name/<time>``, with the configuration in it."""
        if Path(name).name != name or name == "..":
            raise ValueError(f"{name!r} cannot be a run's name; it is the name of a folder")
        parent = Path(config.save_dir) / name
        stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
        for attempt in range(1, 1000):
            folder = parent / (stamp if attempt == 1 else f"{stamp}-{attempt}")
            try:
                folder.mkdir(parents=True)
            except FileExistsError:
                continue
            run = cls(folder)
            run.write_config(config)
            return run
        raise FileExistsError(f"cannot make a new run folder in {parent}")

    @classmethod
    def find(cls, config: TrainConfig, name: str) -> Run:
        """Return the newest run of that name, if this configuration may continue it.

        Raises
        ------
        FileNotFoundError
            If there is none.
        ValueError
            If the run was started with another network or recipe.
        """
        parent = Path(config.save_dir) / name
        folders = sorted(path.parent for path in parent.glob("*/config.json"))
        if not folders:
            raise FileNotFoundError(f"no run to resume in {parent}; start one without --resume")
        run = cls(folders[-1])
        started = TrainConfig.load(run.folder / "config.json")
        for field in fields(TrainConfig):
            before, now = getattr(started, field.name), getattr(config, field.name)
            if before != now and field.name not in RESUMABLE:
                raise ValueError(
                    f"{run.folder} was started with {field.name} = {before!r}, not {now!r}; "
                    "resume with the same, or start a new run"
                )
        return run

    def write_config(self, config: TrainConfig) -> None:
        """Write ``config.json``."""
        write_text(self.folder / "config.json", json.dumps(config.to_dict(), indent=2) + "\n")

    def check_data(self, metadata: Metadata, dev_digest: str) -> None:
        """Raise ValueError if the run was started on other data.

        A run that was begun when no digest of dev was kept goes on with any.
        """
        if (self.folder / "preprocessing.json").exists() and self.metadata() != metadata:
            raise ValueError(f"{self.folder} was started on other training data; start a new run")
        path = self.folder / "dev_digest"
        if path.exists() and path.read_text("utf-8").strip() != dev_digest:
            raise ValueError(
                f"{self.folder} was started with other dev records or labels, whose scores cannot "
                "be compared; resume with the same, or start a new run"
            )

    def write_data(self, metadata: Metadata, names: Sequence[str], dev_digest: str) -> None:
        """Write what the run knows of its data."""
        write_text(self.folder / "dev_digest", dev_digest + "\n")
        write_text(self.folder / "training_records", "".join(f"{n}\n" for n in sorted(names)))
        write_text(self.folder / "preprocessing.json", metadata.to_json() + "\n")

    def metadata(self) -> Metadata:
        """Read ``preprocessing.json``."""
        return Metadata.from_json((self.folder / "preprocessing.json").read_text("utf-8"))

    def training_records(self) -> list[str]:
        """Read the names of the training records."""
        return (self.folder / "training_records").read_text("utf-8").splitlines()

    def resume_file(self, epoch: int) -> Path:
        """Return the path of the weights and optimizer after an epoch."""
        return self.folder / f"resume-{epoch:03d}.weights.h5"

    def history(self) -> list[Epoch]:
        """Read the complete epochs."""
        path = self.folder / "history.csv"
        if not path.exists():
            return []
        with path.open(encoding="utf-8", newline="") as file:
            return [Epoch.from_row(row) for row in csv.DictReader(file)]

    def complete(self, history: Sequence[Epoch]) -> None:
        """Make the last epoch of `history` the one that a resumed run starts after."""
        text = io.StringIO()
        rows = [row.to_row() for row in history]
        writer = csv.DictWriter(text, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
        write_text(self.folder / "history.csv", text.getvalue())
        for path in self.folder.glob("resume-*.weights.h5"):
            if path != self.resume_file(history[-1].epoch):
                path.unlink()


def seen_before(checkpoint: str | Path) -> set[str]:
    """Return the names of the records that a checkpoint was trained on.

    Raises
    ------
    FileNotFoundError
        If it is missing, or no list of them lies beside it, as it does in a run folder.
    """
    if not Path(checkpoint).is_file():
        raise FileNotFoundError(f"initial_weights: no such checkpoint: {checkpoint}")
    path = Path(checkpoint).with_name("training_records")
    if not path.is_file():
        raise FileNotFoundError(
            f"{path} is missing; it tells what {Path(checkpoint).name} was trained on, a name a "
            "line, which a model that is made from it must be able to tell"
        )
    return set(path.read_text("utf-8").splitlines())


def best(history: Sequence[Epoch], checkpoint: str = "best") -> Epoch:
    """Return the epoch that counts, as ``TrainConfig.checkpoint`` has it.

    ``"best"`` is that of the highest F1 on dev, of equal ones that of the lowest loss.
    """
    if checkpoint == "last":
        return history[-1]
    return max(history, key=lambda row: (row.f1, -row.val_loss))


def schedule(config: TrainConfig, losses: Sequence[float]) -> tuple[float, int]:
    """Return what the dev losses so far mean for the next epoch.

    A pure function of the history, so that a resumed run cannot drift from its schedule. Of the
    schedule ``"cosine"`` only the number of epochs counts, and nothing ends it before its time.

    Returns
    -------
    learning_rate : float
        ``"plateau"``: divided by ten after every ``learning_rate_patience`` epochs without gain,
        down to a thousandth of the first one.
    waited : int
        Epochs since the lowest loss.
    """
    if config.schedule == "cosine":
        progress = min((len(losses) + 0.5) / config.max_epochs, 1.0)
        return config.learning_rate * 0.5 * (1 + math.cos(math.pi * progress)), 0
    lowest, waited, reductions = math.inf, 0, 0
    for loss in losses:
        if loss < lowest:
            lowest, waited = loss, 0
        else:
            waited += 1
            reductions += waited % config.learning_rate_patience == 0
    return config.learning_rate / 10 ** min(reductions, 3), waited
