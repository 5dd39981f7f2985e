"""Builds the plans of the targets that stream and continue: small networks, with random weights."""

from __future__ import annotations

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

FOLDER = Path(__file__).parent
sys.path.insert(0, str(FOLDER.parent))

from family import make_metadata, make_network, save

from ecgrt.compile.cpu_plan import build_cpu_plan
from ecgrt.training.config import NetworkConfig

#: A segment is 0.16 s; an answer depends on two to either side.
NETWORK = NetworkConfig(
    conv_subsample_lengths=(4, 4), conv_num_filters_start=4, conv_filter_length=3
)
FIELDS = {"mean": 0.0, "std": 1.0, "sampling_rate": 100.0, "decision": "mean"}
SIGNAL = {"band": [0.5, 40.0], "half_width": 200, "scale": "local"}


def main() -> None:
    shape = NETWORK.samples_per_segment, NETWORK.context_segments
    for name, signal in (("local", SIGNAL), ("cut", {**SIGNAL, "gaps": "cut"})):
        network = make_network(NETWORK, make_metadata(*shape, **FIELDS, signal=signal))
        with TemporaryDirectory() as folder:
            model = save(network, Path(folder, "model.onnx"))
            build_cpu_plan(model, FOLDER / "plans" / f"{name}.plan")


if __name__ == "__main__":
    main()
