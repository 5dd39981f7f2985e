"""The card's tables as Markdown, and their places in it."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

from ecgrt.calibration.measures import BINS
from ecgrt.challenge.scoring import CLASSES

from .trust import FAILURE_RULE

TOOL = "tools/model_card.py"
WIDTH = 100
#: Shares of the records answered, in percent, that the table of errors has.
COVERAGES = (100, 95, 90, 80, 70, 50)
SETS = {"validation": "the {} official validation records", "dev": "the {} dev records"}


def replace_blocks(card: str, blocks: Mapping[str, str]) -> str:
    """Put new text between the marker comments of each block; all else stays.

    Raises
    ------
    ValueError
        If a block's two markers are not there, once and in order.
    """
    for name, text in blocks.items():
        begin, end = f"<!-- {name}:begin ({TOOL}) -->", f"<!-- {name}:end -->"
        if (card.count(begin), card.count(end)) != (1, 1) or card.index(end) < card.index(begin):
            raise ValueError(
                f"the card needs, once each and in this order, the lines {begin!r} and {end!r}: "
                f"{TOOL} writes between them"
            )
        before, _, rest = card.partition(begin)
        card = f"{before}{begin}\n{text}{end}{rest.partition(end)[2]}"
    return card


def scores(figures: Mapping[str, Any]) -> str:
    """Return the table of F1 scores, and what is known of copies that were trained on."""
    columns = (*CLASSES, "overall", "accuracy")
    rows, notes = [], []
    for key, title in SETS.items():
        found = figures[key]["scores"]
        rows.append(
            [title.format(found["records"]), *(_number(found[c]["value"]) for c in columns)]
        )
        rows.append(["95 % interval", *(_interval(found[column]) for column in columns)])
        if without := figures[key]["scores_without_copies"]:
            copies = figures[key]["trained_copies"]
            rows.append(
                [f"without {', '.join(copies)}", *(_number(without[c]["value"]) for c in columns)]
            )
            notes += [
                f"{copy}, trained on, is the same recording as {name}."
                for name, copy in copies.items()
            ]
    head = [f"scored on ({figures['label_version']} labels)", *columns]
    return _table(head, rows) + (f"\n{' '.join(notes)}\n" if notes else "")


def confusion(figures: Mapping[str, Any]) -> str:
    """Return the two confusion matrices."""
    text = ""
    for key, title in SETS.items():
        found = figures[key]["scores"]
        rows = [
            [f"**{label}**", *map(str, row)]
            for label, row in zip(CLASSES, found["confusion"], strict=True)
        ]
        caption = title.format(found["records"]).capitalize()
        accuracy = _number(found["accuracy"]["value"])
        text += f"{caption}, reference in rows, answers in columns (accuracy {accuracy}):\n\n"
        text += _table(["", *CLASSES], rows) + "\n"
    return text.removesuffix("\n")


def calibration(figures: Mapping[str, Any]) -> str:
    """Return the calibration errors and the reliability diagram."""
    rows = []
    for key, title in SETS.items():
        found = figures[key]["calibration"]
        name = title.format(figures[key]["scores"]["records"])
        held_out = found.get("held_out_ece")
        fitted = "" if held_out is None else ", to which the calibration was fitted"
        rows.append([name + fitted, _number(found["ece"])])
        if held_out is not None:
            rows.append(["each fifth of them, by a fit to the other four", _number(held_out)])
    alt = "Reliability diagram: how often the most probable class is right, by its probability"
    return _table(["", f"expected calibration error ({BINS} bins)"], rows) + _image(
        alt, "reliability.svg"
    )


def selective(figures: Mapping[str, Any]) -> str:
    """Return the table and the figure of answering only the most confident share."""
    head = ["answered"]
    for key in SETS:
        head += [f"{key}: errors", "confidence from"]
    rows = []
    for percent in COVERAGES:
        row = [f"{percent} %"]
        for key in SETS:
            curve = figures[key]["selective"]
            row += [
                _percent(curve["error"][percent - 1]),
                _number(curve["confidence"][percent - 1]),
            ]
        rows.append(row)
    alt = "Risk-coverage curve: share of wrong answers against the share of records answered"
    return _table(head, rows) + _image(alt, "risk-coverage.svg")


def failures(figures: Mapping[str, Any]) -> str:
    """Return the rule, the figure and the table of failures."""
    rows = [
        [
            f["record"],
            f["reference"],
            f["answer"],
            *(_number(f["probabilities"][c]) for c in CLASSES),
        ]
        for f in figures["failures"]
    ]
    if not rows:
        return "No answer for a reference N, A or O is wrong.\n"
    alt = "ECG strips of records that the model gets wrong, with its answer for each segment"
    head = ["record", "reference", "answer", *(f"p({label})" for label in CLASSES)]
    rule = textwrap.fill(f"Shown are {FAILURE_RULE}.", WIDTH)
    return f"{rule}\n{_image(alt, 'failures.png')}\n" + _table(head, rows)


def runs(figures: Mapping[str, Any]) -> str:
    """Return the learning curves, if a run has been kept."""
    if not figures["runs"]:
        return "No history of this model's training has been kept.\n"
    alt = "Learning curves: loss and F1 against epoch"
    return _image(alt, "learning-curves.svg").lstrip()


def ablations(figures: Mapping[str, Any]) -> str:
    """Return the table of ablations, if there are any."""
    found = figures["ablations"]
    if found is None:
        return "No ablations have been kept.\n"
    recipes = found["recipes"]
    rows = [_ablation(row) for row in sorted(recipes, key=lambda row: row["name"] != found["base"])]
    head = ["recipe", "overall", *(f"F1 {c}" for c in CLASSES), "log loss"]
    head += ["overall, less base", "log loss, less base", "dev overall", "epochs", "s an epoch"]
    text = textwrap.fill(
        f"Cross-validation over {found['records']:,} training records in {found['folds']} folds: "
        f"each is scored by the network that was trained without its fold. Differences are to "
        f"{found['base']}, with 95 % intervals of the records; seconds are those of the shortest "
        "epoch of a fold.",
        WIDTH,
    )
    return f"{text}\n\n{_table(head, rows)}"


def _ablation(row: Mapping[str, Any]) -> list[str]:
    overall, low, high = row["overall"]
    more, less = row.get("overall_less_base"), row.get("log_loss_less_base")
    return [
        row["name"],
        f"{_number(overall)} ({_number(low)}-{_number(high)})",
        *(_number(row["f1"][label]) for label in CLASSES),
        f"{row['log_loss']:.4f}",
        f"{more[0]:+.3f} ({more[1]:+.3f} to {more[2]:+.3f})" if more else "",
        f"{less[0]:+.4f} (+-{less[1]:.4f})" if less else "",
        _number(row["dev_f1"]),
        f"{row['epochs']:g}",
        f"{row['seconds_per_epoch']:.0f}",
    ]


BLOCKS = {
    "scores": scores,
    "confusion": confusion,
    "calibration": calibration,
    "selective": selective,
    "failures": failures,
    "runs": runs,
    "ablations": ablations,
}


def render(figures: Mapping[str, Any]) -> dict[str, str]:
    """Return the Markdown of every block of the card, by the block's name."""
    return {name: block(figures) for name, block in BLOCKS.items()}


def _table(head: list[str], rows: list[list[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "".join("| " + " | ".join(cells) + " |\n" for cells in lines)


def _image(alt: str, name: str) -> str:
    return f"\n![{alt}](figures/{name})\n"


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


def _interval(found: Mapping[str, float | None]) -> str:
    return f"{_number(found['low'])}-{_number(found['high'])}"


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{100 * share:.1f} %"
