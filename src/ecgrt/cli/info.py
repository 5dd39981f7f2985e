"""The command ``ecgrt-info``, and ``python -m ecgrt``: what is here, and what is missing."""

from __future__ import annotations

import argparse
import os
import platform
import re
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path
from typing import Any

from .. import __version__, _core
from .common import DONE, PLAN_VARIABLE, find_plan, make_parser, run
from .output import add_json, show

#: The environment variables that ecgrt goes by.
VARIABLES = {
    PLAN_VARIABLE: "the plan of the commands where none is named",
    "ECGRT_NUM_THREADS": "threads of the CPU engine",
    "ECGRT_FORCE_ISA": "instruction set of the CPU engine",
    "ECGRT_CUDA_WAIT": "how a TensorRT plan waits for the GPU",
    "ECGRT_CUDA_GRAPHS": "whether a TensorRT plan records CUDA graphs",
}
_REQUIREMENT = re.compile(r"([\w.-]+)[^;]*;?\s*(.*)")
_MARKER = re.compile(r"(extra|platform_machine|platform_system) (==|!=) ['\"]([^'\"]+)['\"]")


def main(argv: Sequence[str] | None = None) -> int:
    """Print what ecgrt finds on this machine; return the exit code."""
    parser = make_parser(
        "ecgrt-info",
        "Say which version of ecgrt this is, which backends and extras it finds, and the "
        "environment variables that it goes by.",
        "ecgrt-info --json",
    )
    add_json(parser, "the same as an object")
    return run(parser, _info, argv)


def _info(args: argparse.Namespace) -> int:
    facts = collect()
    show(args.json, to_text(facts), facts)
    return DONE


def collect() -> dict[str, Any]:
    """Return what there is to say, as JSON holds it."""
    import numpy

    return {
        "ecgrt": __version__,
        "python": platform.python_version(),
        "numpy": numpy.__version__,
        "platform": platform.platform(),
        "cpu": _cpu(),
        "tensorrt": _tensorrt(),
        "extras": _extras(),
        "environment": {name: os.environ.get(name) for name in VARIABLES},
        "default_plan": str(find_plan(None)),
    }


def _cpu() -> dict[str, Any]:
    supported = _core.supported_isas()
    forced = os.environ.get("ECGRT_FORCE_ISA")
    return {"instruction_sets": supported, "used": forced or supported[0]}


def _tensorrt() -> dict[str, Any]:
    from ..compile.tensorrt_plan import FLAVOURS, cuda_device_name, installed_flavours

    folder = Path(_core.__file__).parent
    return {
        "built_in": (folder / "libecgrt_tensorrt.so").exists(),
        "installed": [FLAVOURS[name].name for name in installed_flavours()],
        "cuda_device": cuda_device_name(),
    }


def _extras() -> dict[str, list[str]]:
    """Return for each extra the packages that it would install and that are missing."""
    try:
        distribution = metadata.metadata("ecgrt")
        requirements = metadata.requires("ecgrt") or []
    except metadata.PackageNotFoundError:  # run from a folder that nothing has installed
        return {}
    needed: dict[str, list[str]] = {
        name: [] for name in distribution.get_all("Provides-Extra") or ()
    }
    for text in requirements:
        if match := _REQUIREMENT.match(text):
            extra = _extra_here(match[2])
            if extra in needed and not _is_installed(match[1]):
                needed[extra].append(match[1])
    return needed


def _extra_here(markers: str) -> str | None:
    """Return the extra that a requirement is for; None if it is not for this machine."""
    found = _MARKER.findall(markers)
    here = {"platform_machine": platform.machine(), "platform_system": platform.system()}
    for key, operator, value in found:
        if key in here and (here[key] == value) != (operator == "=="):
            return None
    return next((value for key, _, value in found if key == "extra"), None)


def _is_installed(package: str) -> bool:
    try:
        metadata.version(package)
    except metadata.PackageNotFoundError:
        return False
    return True


def to_text(facts: dict[str, Any]) -> str:
    """Return the facts of :func:`collect` as lines for people."""
    cpu, tensorrt = facts["cpu"], facts["tensorrt"]
    built = "built in" if tensorrt["built_in"] else "not built in"
    packages = ", ".join(tensorrt["installed"]) or "none"
    device = tensorrt["cuda_device"] or "none answers"
    lines = [
        f"ecgrt      {facts['ecgrt']}",
        f"Python     {facts['python']}, NumPy {facts['numpy']}, {facts['platform']}",
        f"plan       {facts['default_plan']}",
        f"CPU        {cpu['used']} (this processor runs {', '.join(cpu['instruction_sets'])})",
        f"TensorRT   backend {built}; packages: {packages}; CUDA device: {device}",
        "",
        "extras",
    ]
    for name, missing in facts["extras"].items():
        lines.append(f"  {name:<14}{'lacks ' + ', '.join(missing) if missing else 'installed'}")
    lines += ["", "environment variables"]
    for name, value in facts["environment"].items():
        shown = "(not set)" if value is None else repr(value)
        lines.append(f"  {name:<18}{shown:<12}{VARIABLES[name]}")
    return "\n".join(lines)
