"""Model repositories for NVIDIA's Triton Inference Server: ``ecgrt-triton``.

Triton's Python backend runs :mod:`ecgrt.triton.backend`; preparing the signal, the network and the
decision are the core's. docs/triton.md has the commands.
"""

from .repository import write_repository

__all__ = ["write_repository"]
