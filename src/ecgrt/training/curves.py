"""A run's curves as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .._extras import require
from .._files import replacing
from .runs import Epoch


def plot_curves(history: Sequence[Epoch], path: str | Path) -> None:
    """Draw the losses and the CinC F1 of a run against its epochs.

    Parameters
    ----------
    history
        The complete epochs, at least one.
    path
        The picture to write; its suffix tells the format, as ``.svg``.

    Raises
    ------
    ModuleNotFoundError
        If Matplotlib is missing.
    """
    require("matplotlib", extra="train").use("agg")
    pyplot = require("matplotlib.pyplot", extra="train")
    epochs = [row.epoch for row in history]
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(9, 3.5), layout="constrained")
    left.plot(epochs, [row.loss for row in history], "o-", label="train, as augmented")
    left.plot(epochs, [row.val_loss for row in history], "s-", label="dev")
    left.set(xlabel="epoch", ylabel="loss (nat)")
    for label, name, marker in zip(
        ("overall", "N", "A", "O", "noise"),
        ("f1", "f1_n", "f1_a", "f1_o", "f1_noise"),
        "osv^x",
        strict=True,
    ):
        right.plot(epochs, [getattr(row, name) for row in history], f"{marker}-", label=label)
    right.set(xlabel="epoch", ylabel="CinC F1 on dev")
    for axes in (left, right):
        axes.legend()
        axes.grid(alpha=0.3)
        axes.xaxis.get_major_locator().set_params(integer=True)
    with replacing(path) as part:
        figure.savefig(part)
    pyplot.close(figure)
