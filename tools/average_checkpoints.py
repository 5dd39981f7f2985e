"""Average the weights of Keras checkpoints of one network: a point between where training began and
where it ended often does better than either (Wortsman et al. 2022, doi 10.48550/arXiv.2109.01903).

The average lies in the run folder of the last checkpoint, from where ecgrt-export takes it:

    python tools/average_checkpoints.py first.keras saved/mine/RUN/BEST.keras
    ecgrt-export saved/mine/RUN/average.keras -o mine.onnx
"""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from pathlib import Path

from ecgrt.extras import require_keras
from ecgrt.files import replacing


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
    ValueError
        If the checkpoints are of different networks.
    """
    keras = require_keras()
    models = [keras.saving.load_model(path, compile=False, safe_mode=True) for path in checkpoints]
    weights = [model.get_weights() for model in models]
    for path, values in zip(checkpoints, weights, strict=True):
        if [value.shape for value in values] != [value.shape for value in weights[-1]]:
            raise ValueError(f"{path} and {checkpoints[-1]} are different networks")
    models[-1].set_weights([sum(values) / len(values) for values in zip(*weights, strict=True)])
    out = checkpoints[-1].with_name("average.keras")
    with replacing(out) as part:
        models[-1].save(part)
    return out


if __name__ == "__main__":
    main()
