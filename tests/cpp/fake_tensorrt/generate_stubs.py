"""Write C++ classes that implement every interface of NvInferImpl.h that the backend may meet.

Each method ends the process with its name, so that the fake need only override what is used, on
every version and flavour of the headers.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path

INTERFACES = (
    "VRuntime",
    "VCudaEngine",
    "VExecutionContext",
    "VHostMemory",
    "VRuntimeConfig",
    "VRuntimeCache",
)


def stub(interface: str, body: str) -> str:
    """Return the class Stub<interface>."""
    lines = [f"class Stub{interface} : public nvinfer1::apiv::{interface} {{", " public:"]
    for declaration in re.findall(r"virtual ([^;{}]*?)\s*= 0;", body):
        name = re.search(r"(\w+)\(", declaration)
        assert name, declaration
        text = " ".join(declaration.split())
        lines.append(f'  {text} override {{ fake::unexpected("{interface}::{name[1]}"); }}')
    return "\n".join([*lines, "};"])


def main() -> None:
    header, target = sys.argv[1:]
    text = Path(header).read_text(encoding="utf-8")
    text = re.sub(r"//[^\n]*|/\*.*?\*/", "", text, flags=re.DOTALL)
    # As a system header it may leave parameters unused.
    parts = ["#pragma once", "#pragma GCC system_header"]
    parts += ["#include <NvInferRuntime.h>", '#include "fake.h"']
    parts.append("namespace fake {\nusing namespace nvinfer1;")
    for interface in INTERFACES:
        declared = rf"class {interface} : public VRoot\s*{{(.*?)\n}};"
        found = re.search(declared, text, flags=re.DOTALL)
        if found:
            parts.append(stub(interface, found[1]))
    parts.append("}  // namespace fake")
    Path(target).write_text("\n".join(parts) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
