"""Runs a command in this process."""

from __future__ import annotations

from importlib import import_module


def exit_code(name: str, *argv: object) -> int:
    """Return the code with which ``ecgrt-NAME`` would end its process."""
    main = import_module(f"ecgrt.cli.{name.replace('-', '_')}").main
    try:
        return int(main([str(arg) for arg in argv]))
    except SystemExit as end:
        return int(end.code or 0)
