"""Runs commands in children of its own, in each of which one call of the C library goes wrong.

A program, started by :mod:`faulty_calls` with ``faulty_calls.c`` in front of the C library. It
reads a JSON object a line and answers each with another. What a command imports is imported here,
too, so that the next child has it.
"""

from __future__ import annotations

import ctypes
import json
import mmap
import os
import signal
import sys
import traceback
from contextlib import suppress
from importlib import import_module
from typing import Any

LIMIT_S = 60


class Control(ctypes.Structure):
    """``struct Control`` of faulty_calls.c."""

    _fields_ = (
        ("seen", ctypes.c_long),
        ("at", ctypes.c_long),
        ("how", ctypes.c_int),
        ("for_good", ctypes.c_int),
        ("what", ctypes.c_char * 32),
        ("folder", ctypes.c_char * 512),
    )


#: In front of the C library of this process, and of no other that it starts, unless it is to fail.
LIBRARY = os.environ.pop("LD_PRELOAD")


def the_control() -> Control:
    library = ctypes.CDLL(LIBRARY)
    library.faulty_control.restype = ctypes.POINTER(Control)
    found: Control = library.faulty_control().contents
    return found


def control_of_workers(request: dict[str, Any]) -> Control:
    """Return what the processes that a command starts will find in a file."""
    size = ctypes.sizeof(Control)
    with open(request["workers"], "w+b") as file:
        file.truncate(size)
        control = Control.from_buffer(mmap.mmap(file.fileno(), size))
    control.folder = os.fsencode(request["folder"])
    return control


def run(own: Control, request: dict[str, Any]) -> dict[str, Any]:
    """Run a command in a child; tell how it ended, how many calls it made, and which failed.

    With the name of a file as ``workers`` calls of the processes that it starts, not its own.
    """
    control = control_of_workers(request) if request["workers"] else own
    control.seen, control.what = 0, b""
    control.at, control.how = request["at"], request["how"]
    control.for_good = request["for_good"]
    module = "ecgrt.cli." + request["argv"][0]
    import_module(module)
    child = os.fork()
    if child == 0:
        signal.alarm(LIMIT_S)  # what hangs is a failure
        in_child(own, request, module)
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    own.folder = b""
    with suppress(OSError), open(request["printed"] + ".modules") as file:
        for name in file.read().split():
            with suppress(ImportError):
                import_module(name)
    return {"code": code, "seen": control.seen, "what": control.what.decode()}


def in_child(control: Control, request: dict[str, Any], module: str) -> None:
    known = set(sys.modules)
    code = 3
    try:
        for number, suffix in ((1, ".out"), (2, ".err")):
            file = os.open(request["printed"] + suffix, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
            os.dup2(file, number)
        if request["workers"]:
            os.environ.update(LD_PRELOAD=LIBRARY, ECGRT_FAULTY_CALLS=request["workers"])
        else:
            control.folder = os.fsencode(request["folder"])
        code = int(sys.modules[module].main(request["argv"][1:]))
    except SystemExit as end:
        code = int(end.code or 0)
    except BaseException:  # noqa: BLE001 (the test reads it)
        traceback.print_exc()
    finally:
        control.folder = b""
        with suppress(Exception):
            sys.stdout.flush()
            sys.stderr.flush()
        if request["learn"]:
            with open(request["printed"] + ".modules", "w") as names:
                names.write("\n".join(sorted(set(sys.modules) - known)))
        os._exit(code)


def main() -> None:
    control = the_control()
    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        print(json.dumps(run(control, json.loads(line))), file=answers, flush=True)


if __name__ == "__main__":
    main()
