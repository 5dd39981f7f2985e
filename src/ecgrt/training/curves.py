"""A run's curves as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from .._extras import require
from .._files import replacing
from ..challenge.scoring import score_name
from .runs import Epoch

#: Of the classes' curves, in turn.
MARKERS = "sv^xD+<>"


def plot_curves(history: Sequence[Epoch], path: str | Path) -> None:
    """Draw the losses and the F1 of a run against its epochs.

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
    classes = list(history[-1].f1_by_class)
    right.plot(epochs, [row.f1 for row in history], "o-", label="overall")
    for number, label in enumerate(classes):
        f1 = [row.f1_by_class[label] for row in history]
        right.plot(epochs, f1, f"{MARKERS[number % len(MARKERS)]}-", label=_plain(label))
    right.set(xlabel="epoch", ylabel=f"{score_name(classes)} on dev")
    for axes in (left, right):
        axes.legend()
        axes.grid(alpha=0.3)
        axes.xaxis.get_major_locator().set_params(integer=True)
    with replacing(path) as part:
        figure.savefig(part)
    pyplot.close(figure)


def _plain(label: str) -> str:
    """Return a label as Matplotlib writes it as it is: neither hidden nor taken for a formula."""
    shown = label.replace("$", r"\$")
    return f" {shown}" if shown.startswith("_") else shown
