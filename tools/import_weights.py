"""Turn named weights (an .npz and its .json) into an ONNX model, or a Keras checkpoint too.

The arrays of the .npz are named by place, as the layers of ecgrt.training.network are:
stem.conv.kernel, block3.bn1.moving_mean, head.dense.bias, ... The .json has classes, mean, std,
sampling_rate, samples_per_segment, label_version, and the names of the training records under
"train" and of the dev records under "dev".

    python tools/import_weights.py starter.npz -o cinc17.onnx --records data/training2017
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np

from ecgrt._files import write_text
from ecgrt.metadata import Metadata, digest_records
from ecgrt.records.base import read_record
from ecgrt.training.config import NetworkConfig
from ecgrt.training.examples import preprocess
from ecgrt.training.export import save_onnx, synthetic_signals
from ecgrt.training.network import build_network

#: Dev records on which ONNX Runtime is compared with Keras.
CHECKED_RECORDS = 32


def main() -> None:
    """Import weights as the command line says."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("weights", type=Path, metavar="WEIGHTS.npz", help="its .json lies beside")
    parser.add_argument("-o", "--out", type=Path, required=True, help="the ONNX model to write")
    parser.add_argument(
        "--keras",
        type=Path,
        help="also write a checkpoint, NAME.keras, and training_records beside it",
    )
    parser.add_argument("--records", type=Path, help="folder with the dev records, for the check")
    args = parser.parse_args()
    facts = json.loads(args.weights.with_suffix(".json").read_text("utf-8"))
    config = NetworkConfig()
    metadata = Metadata(
        model=args.out.stem,
        classes=tuple(facts["classes"]),
        mean=facts["mean"],
        std=facts["std"],
        sampling_rate=facts["sampling_rate"],
        samples_per_segment=facts["samples_per_segment"],
        context_segments=config.context_segments,
        label_version=facts["label_version"],
        training_digest=digest_records(facts["train"]),
        training_records=len(facts["train"]),
    )
    model = build_network(config, len(metadata.classes))
    with np.load(args.weights, allow_pickle=False) as arrays:
        assign(model, dict(arrays))
    if args.records:
        paths = [args.records / name for name in facts["dev"][:CHECKED_RECORDS]]
        signals, kind = [preprocess(read_record(path), metadata) for path in paths], "dev records"
    else:
        signals, kind = synthetic_signals(metadata.samples_per_segment), "synthetic signals"
    difference = save_onnx(model, metadata, facts["train"], args.out, signals)
    print(
        f"{args.out}: within {difference:.1e} of Keras in every probability "
        f"of {len(signals)} {kind}"
    )
    if args.keras:
        model.save(args.keras)
        names = "".join(f"{name}\n" for name in sorted(facts["train"]))
        write_text(args.keras.with_name("training_records"), names)


def assign(model: Any, arrays: dict[str, np.ndarray]) -> None:
    """Set every weight of the network; raise ValueError if a name or a shape does not fit."""
    weights = {
        f"{layer.name}.{variable.name}": variable
        for layer in model.layers
        for variable in (*layer.trainable_variables, *layer.non_trainable_variables)
        if not layer.name.partition(".")[2].startswith("dropout")
    }
    if weights.keys() != arrays.keys():
        odd = sorted(weights.keys() ^ arrays.keys())
        raise ValueError(f"the weights are not this network's; {odd[:5]} are in only one of them")
    for name, variable in weights.items():
        if tuple(variable.shape) != arrays[name].shape:
            raise ValueError(f"{name} is {arrays[name].shape}, must be {tuple(variable.shape)}")
        variable.assign(arrays[name])


if __name__ == "__main__":
    main()
