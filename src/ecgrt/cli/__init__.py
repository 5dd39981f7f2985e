"""The commands: one thin main each; everything heavy is imported when a command runs."""

from .build import build_engine_main, calibrate_main, export_main, train_main
from .data import data_main
from .use import bench_main, entry_main, eval_main, predict_main

__all__ = [
    "bench_main",
    "build_engine_main",
    "calibrate_main",
    "data_main",
    "entry_main",
    "eval_main",
    "export_main",
    "predict_main",
    "train_main",
]
