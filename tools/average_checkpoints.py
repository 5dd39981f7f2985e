"""Average the weights of Keras checkpoints of one network: a point between where training began and
where it ended often does better than either (Wortsman et al. 2022, doi 10.48550/arXiv.2109.01903).

The average is written to the run folder of the last checkpoint, where ecgrt-export finds it with
what that folder says about it. So the last must have been trained on all records of the others (the
training_records beside each of them name these), and all must take and give the same:

    python tools/average_checkpoints.py first.keras saved/mine/RUN/BEST.keras
    ecgrt-export saved/mine/RUN/average.keras -o mine.onnx
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from ecgrt._extras import require_keras
from ecgrt._files import replacing
from ecgrt.metadata import Metadata
from ecgrt.training.runs import Run, seen_before

#: What networks must have in common for their weights to mean the same.
COMMON = ("classes", "sampling_rate", "samples_per_segment", "context_segments")
#: By how much their means and standard deviations may differ, in standard deviations.
TOLERANCE = 0.1


def main() -> None:
    """Average checkpoints as the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("checkpoints", type=Path, nargs="+", metavar="CHECKPOINT.keras")
    print(average(parser.parse_args().checkpoints))


def average(checkpoints: Sequence[Path]) -> Path:
    """Write average.keras beside the last checkpoint, and return its path.

    Batch norm's running statistics are averaged like everything else.

    Raises
    ------
    FileNotFoundError
        If no training_records lie beside a checkpoint.
    ValueError
        If the checkpoints are of different networks, or one was trained on what the last was not.
    """
    keras = require_keras()
    models = [keras.saving.load_model(path, compile=False, safe_mode=True) for path in checkpoints]
    weights = [model.get_weights() for model in models]
    for path, values in zip(checkpoints, weights, strict=True):
        if [value.shape for value in values] != [value.shape for value in weights[-1]]:
            raise ValueError(f"{path} and {checkpoints[-1]} are different networks")
        check(path, checkpoints[-1])
    models[-1].set_weights([sum(values) / len(values) for values in zip(*weights, strict=True)])
    out = checkpoints[-1].with_name("average.keras")
    with replacing(out) as part:
        models[-1].save(part)
    return out


def check(checkpoint: Path, last: Path) -> None:
    """Raise ValueError if what `last`'s folder says would be wrong for the average.

    A folder without preprocessing.json, such as that of imported weights, has nothing to compare.
    """
    if untold := seen_before(checkpoint) - seen_before(last):
        raise ValueError(
            f"{checkpoint} was trained on {min(untold)}, {last} was not; put the one last that was "
            "trained on all records"
        )
    one, other = _metadata(checkpoint), _metadata(last)
    if one is None or other is None:
        return
    differ = [name for name in COMMON if getattr(one, name) != getattr(other, name)]
    limit = TOLERANCE * other.std
    differ += [n for n in ("mean", "std") if abs(getattr(one, n) - getattr(other, n)) > limit]
    if differ:
        raise ValueError(
            f"{checkpoint} was trained with {differ[0]} {getattr(one, differ[0])}, {last} with "
            f"{getattr(other, differ[0])}; an average of the two makes no sense"
        )


def _metadata(checkpoint: Path) -> Metadata | None:
    run = Run(checkpoint.parent)
    return run.metadata() if (run.folder / "preprocessing.json").is_file() else None


if __name__ == "__main__":
    main()
