"""NVIDIA's own benchmark, as the measure of what the GPU can do with a plan."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

PLACES = ("/usr/src/tensorrt/bin", "/usr/local/tensorrt/bin", "/opt/tensorrt/bin")


@dataclass(frozen=True)
class Latency:
    """Milliseconds."""

    minimum: float
    median: float
    p99: float

    def __str__(self) -> str:
        return f"{self.minimum:.3f} / {self.median:.3f} / {self.p99:.3f} ms"


def find(rtx: bool) -> str | None:
    """Return the program of the flavour, None where it is not installed."""
    name = "tensorrt_rtx" if rtx else "trtexec"
    root = os.environ.get("TensorRT_ROOT")  # noqa: SIM112 (as CMake spells it)
    folders = [*([f"{root}/bin"] if root else []), *PLACES]
    return shutil.which(name) or shutil.which(name, path=os.pathsep.join(folders))


def command(program: str, plan: Path, samples: int, major: int, rtx: bool) -> list[str]:
    """Return the command line for one record of `samples`, transfers included."""
    line = [program, f"--loadEngine={plan}", f"--shapes=signal:1x{samples}x1"]
    line += ["--useCudaGraph", "--useSpinWait", "--warmUp=500", "--duration=5"]
    # From 11 on it leaves the transfers out unless told; before, it knows no such option.
    return [*line, "--includeDataTransfers"] if major >= 11 and not rtx else line


def parse(output: str) -> Latency:
    """Return the line of host latency; raise ValueError where there is none."""
    line = re.search(
        r"\] Latency: min = ([\d.]+) ms, .*?median = ([\d.]+) ms.*?percentile\(99%\) = ([\d.]+) ms",
        output,
    )
    if line is None:
        raise ValueError(f"trtexec printed no latency:\n{output[-2000:]}")
    return Latency(*(float(figure) for figure in line.groups()))


def measure(program: str, plan: Path, samples: int, rtx: bool) -> Latency:
    """Run it."""
    major = plan.read_bytes()[24]
    line = command(program, plan, samples, major, rtx)
    done = subprocess.run(line, capture_output=True, text=True, check=True)
    return parse(done.stdout + done.stderr)
