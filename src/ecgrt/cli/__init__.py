"""The commands: a file each, with a thin main; everything heavy is imported when one runs.

<<<<<<< HEAD
======  ===========================================================================
exit    meaning
======  ===========================================================================
0       everything was done
1       a record failed, or with ``--strict`` had a warning; the others are answered
2       nothing was done: wrong usage, no plan, no such file, no room for the output
130     interrupted
141     what reads the output was closed (``| head``)
======  ===========================================================================
"""
=======
from .build import build_engine_main, calibrate_main, export_main, train_main
from .crossval import crossval_main
from .data import data_main
from .use import bench_main, entry_main, eval_main, predict_main

__all__ = [
    "bench_main",
    "build_engine_main",
    "calibrate_main",
    "crossval_main",
    "data_main",
    "entry_main",
    "eval_main",
    "export_main",
    "predict_main",
    "train_main",
]
>>>>>>> 11a5880 (Compare recipes over fixed folds with ecgrt-crossval, in place of the tool)
