"""Imports of the packages that only an extra installs."""

from __future__ import annotations

import contextlib
import importlib
import os
from typing import Any


def require(module: str, extra: str) -> Any:
    """Import a module, or say which extra brings it.

    Parameters
    ----------
    module
        Name to import, such as ``"onnx"``.
    extra
        The extra of ``ecgrt`` that installs it, such as ``"build"``.

    Raises
    ------
    ModuleNotFoundError
        If the module (not one that it needs itself) is missing.
    """
    try:
        return importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module.partition(".")[0]:
            raise
        raise ModuleNotFoundError(
            f'this needs the package {error.name}: pip install "ecgrt[{extra}]"', name=error.name
        ) from None


def require_keras() -> Any:
    """Import Keras on TensorFlow, set up so that a training run can be repeated.

    TensorFlow starts with one operation at a time, each on all cores: where several run at once,
    the order in which they finish decides the order in which gradients are summed. A TensorFlow
    that is already at work keeps its settings. Its start-up messages are off, unless the
    environment says otherwise.
    """
    os.environ.setdefault("KERAS_BACKEND", "tensorflow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
    os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "1")  # off by default without AVX-512
    tensorflow = require("tensorflow", extra="train")
    with contextlib.suppress(RuntimeError):
        tensorflow.config.threading.set_inter_op_parallelism_threads(1)
    return require("keras", extra="train")
