"""Build the plan that the package carries from the compact model::

python tools/ship_plan.py
"""

from __future__ import annotations

from pathlib import Path

from ecgrt.compile.build import build_plan
from ecgrt.shipped import PLAN

MODEL = Path(__file__).parents[1] / "models" / "cinc17-compact.onnx"


def main() -> None:
    Path(PLAN).parent.mkdir(exist_ok=True)
    print(build_plan(MODEL, PLAN))


if __name__ == "__main__":
    main()
