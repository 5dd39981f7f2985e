"""Settings of the network and of its training, read from one flat JSON object."""

from __future__ import annotations

import difflib
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from .._files import read_json
from .checks import check_choice, check_integer, check_labels, check_number, invalid
from .network_config import NetworkConfig

__all__ = ["NetworkConfig", "TrainConfig"]

SCHEDULES = ("plateau", "cosine")
OPTIMIZERS = ("adam", "adamw")
CHECKPOINTS = ("best", "last")
SCALES = ("fixed", "local")
PRECISIONS = ("float32", "mixed_float16", "mixed_bfloat16")


@dataclass(frozen=True, kw_only=True)
class TrainConfig(NetworkConfig):
    """The network, its data and the recipe of its training.

    Attributes
    ----------
    train, dev
        Manifests as ``ecgrt-data split`` writes them: JSON Lines, one record a line.
    classes
        Labels in the order of the network's outputs; empty: those of `train`, sorted.
    save_dir
        Folder that gets the run folders.
    learning_rate
        Of the optimizer, at the start.
    batch_size
        Records per step.
    max_epochs
        Epochs after which training stops at the latest.
    learning_rate_patience
        Epochs without a lower dev loss after which the learning rate is divided by ten.
    stop_patience
        Epochs without a lower dev loss after which training stops.
    seed
        Of the weights, the order, the dropout and the variations: the same seed, the same run.
    sampling_rate
        Hz at which the network sees the signal; records of another rate are resampled.
    tensorboard
        Also write the curves for TensorBoard, into the run folder.
    precision
        Keras' dtype policy: ``"float32"``, or for GPUs ``"mixed_float16"`` or ``"mixed_bfloat16"``.
        The checkpoints are float32 in any case.
    multi_gpu
        Train on all GPUs of the machine (``tf.distribute.MirroredStrategy``), each on its part of
        every batch.
    initial_weights
        A ``.keras`` checkpoint of the same network to start from, in its run folder, for what
        it was trained on the new model was trained on too; None for fresh weights.
    schedule
        ``"plateau"``: the learning rate falls where the dev loss stays, see
        `learning_rate_patience`; ``"cosine"``: it falls along half a cosine, epoch by epoch, from
        `learning_rate` to almost 0 at `max_epochs`.
    averaging
        Momentum, step by step, of a running average of the weights, which is what is judged and
        saved while training goes on with the weights themselves; 0 for none.
    label_smoothing
        Share of each target that is spread evenly over the classes.
    record_loss
        Share of the loss that judges the record's answer, that of the record head or, without
        one, the mean logit; the rest judges each segment.
    crop_seconds
        Train on a random part of this length, a segment at least, of every record; 0 for all of it.
    stretch
        Largest relative change of speed.
    amplitude
        Largest change of amplitude, in powers of two.
    flip
        Share of records that are turned upside down, as when the electrodes are swapped.
    wander, hum, noise
        Largest amplitude of baseline wander and of 50 or 60 Hz hum, and largest standard deviation
        of white noise, that are added; in standard deviations of the training signals, with the
        scale ``"local"`` in units of the scale. A `band` filters them as it does the signal.
    optimizer
        ``"adam"``, each parameter's gradient clipped to norm 1; ``"adamw"``, all gradients
        together clipped to norm 1, with `weight_decay` of the kernels.
    weight_decay
        As of AdamW, for the optimizer ``"adamw"`` only.
    warmup_steps
        Steps at the start of training in which the learning rate rises from almost 0.
    checkpoint
        Which epoch counts: ``"best"``, that of the highest F1 on dev, or ``"last"``, for a
        schedule that ends by itself, so that dev chooses nothing.
    band
        Lowest and highest frequency in Hz that the network is to see, the highest 0 for no limit;
        empty for no filter. The filter is the core's, in training as in use.
    band_half_width
        Samples on either side that the filter sees.
    scale
        ``"fixed"``: the signal less the mean of all training signals, over their standard
        deviation; ``"local"``: over a running robust amplitude, so that a wrong unit or gain does
        not decide the answer.
    short
        Share of records that are cut to 5 to 15 seconds.
    teacher
        Out-of-fold answers, as ``ecgrt-calibrate --answers`` writes them, that are part of the
        targets of a network with a record head: what others with the features to help them make
        of a record says more than a label that may be wrong. None for labels only.
    teacher_share
        How large a part.
    gaps
        Share of records of which up to a third is taken away, as where a lead was off.
    """

    train: str
    dev: str
    classes: tuple[str, ...] = ()
    save_dir: str = "saved"
    learning_rate: float = 1e-3
    batch_size: int = 32
    max_epochs: int = 100
    learning_rate_patience: int = 2
    stop_patience: int = 8
    seed: int = 2018
    sampling_rate: float = 300.0
    tensorboard: bool = False
    precision: str = "float32"
    multi_gpu: bool = False
    initial_weights: str | None = None
    schedule: str = "plateau"
    averaging: float = 0.0
    label_smoothing: float = 0.0
    record_loss: float = 0.0
    crop_seconds: float = 0.0
    stretch: float = 0.0
    amplitude: float = 0.0
    flip: float = 0.0
    wander: float = 0.0
    hum: float = 0.0
    noise: float = 0.0
    optimizer: str = "adam"
    weight_decay: float = 1e-4
    warmup_steps: int = 0
    checkpoint: str = "best"
    band: tuple[float, ...] = ()
    band_half_width: int = 200
    scale: str = "fixed"
    short: float = 0.0
    gaps: float = 0.0
    teacher: str | None = None
    teacher_share: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        paths = ["train", "dev", "save_dir"]
        optional = ("initial_weights", "teacher")
        for name in paths + [name for name in optional if getattr(self, name) is not None]:
            value = getattr(self, name)
            if not isinstance(value, str) or not value:
                raise invalid(name, value, "a path")
        object.__setattr__(self, "classes", check_labels("classes", self.classes))
        for name in ("batch_size", "max_epochs", "learning_rate_patience", "stop_patience"):
            check_integer(name, getattr(self, name), 1, 10**6)
        check_integer("seed", self.seed, 0, 2**31 - 1)
        for name in ("learning_rate", "sampling_rate"):
            check_number(name, getattr(self, name), lambda value: value > 0, "a positive number")
        check_choice("tensorboard", self.tensorboard, (False, True))
        check_choice("multi_gpu", self.multi_gpu, (False, True))
        check_choice("precision", self.precision, PRECISIONS)
        check_choice("schedule", self.schedule, SCHEDULES)
        check_choice("optimizer", self.optimizer, OPTIMIZERS)
        check_choice("checkpoint", self.checkpoint, CHECKPOINTS)
        check_choice("scale", self.scale, SCALES)
        check_integer("warmup_steps", self.warmup_steps, 0, 10**6)
        for name in ("averaging", "label_smoothing", "stretch"):
            check_number(name, getattr(self, name), lambda share: 0 <= share < 1, "0 <= x < 1")
        for name in ("record_loss", "flip", "short", "gaps", "teacher_share"):
            check_number(name, getattr(self, name), lambda share: 0 <= share <= 1, "0 <= x <= 1")
        for name in ("amplitude", "wander", "hum", "noise", "weight_decay"):
            check_number(name, getattr(self, name), lambda value: value >= 0, "a number >= 0")
        rate, segment = self.sampling_rate, self.samples_per_segment
        check_number(
            "crop_seconds",
            self.crop_seconds,
            lambda seconds: seconds == 0 or round(seconds * rate) >= segment,
            f"0, or at least a segment, {segment / rate:.6g} seconds",
        )
        self._check_signal()

    def _check_signal(self) -> None:
        if self.teacher is not None and not self.evidence:
            raise invalid("teacher", self.teacher, "null without a record head (evidence)")
        check_integer("band_half_width", self.band_half_width, 1, 10**4)
        if not isinstance(self.band, (list, tuple)) or len(self.band) not in (0, 2):
            raise invalid("band", self.band, "the lowest and the highest frequency, or neither")
        for edge in self.band:
            check_number("band", edge, lambda hz: hz >= 0, "frequencies in Hz, 0 or more")
        object.__setattr__(self, "band", tuple(map(float, self.band)))
        if self.band:
            (low, high), nyquist = self.band, self.sampling_rate / 2
            if not 0 < low < (high or nyquist) or not low < nyquist:
                raise invalid("band", self.band, f"0 < lowest < highest, lowest < {nyquist:g} Hz")
        elif self.scale == "local":
            raise invalid(
                "scale", self.scale, 'only "fixed" without a band, as an offset would count'
            )

    @property
    def signal(self) -> dict[str, Any] | None:
        """What a model's metadata says of how its signal is made ready."""
        if not self.band:
            return None
        return {"band": list(self.band), "half_width": self.band_half_width, "scale": self.scale}

    @classmethod
    def load(cls, path: str | Path) -> TrainConfig:
        """Read a JSON file.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        ValueError
            If it is no JSON object, or has a missing, unknown or impossible field; the message
            names the field, its value and what is accepted.
        """
        path = Path(path)
        if not path.is_file():
            raise FileNotFoundError(f"no such configuration: {path}")
        values = read_json(path)
        try:
            return cls.from_dict(values)
        except (ValueError, TypeError) as error:
            raise ValueError(f"{path}: {error}") from error

    @classmethod
    def from_dict(cls, values: object) -> TrainConfig:
        """Build a configuration from a decoded JSON object.

        Raises
        ------
        TypeError
            If it is no object.
        ValueError
            As of :meth:`load`.
        """
        if not isinstance(values, dict):
            raise TypeError(f"a configuration is a JSON object, not {type(values).__name__}")
        known = [field.name for field in fields(cls)]
        for name in values:
            if name not in known:
                near = difflib.get_close_matches(str(name), known, n=1, cutoff=0.4)
                hint = f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"
                raise ValueError(f"unknown field {name!r}; {hint}")
        missing = [name for name in ("train", "dev") if name not in values]
        if missing:
            raise ValueError(f"missing field {missing[0]!r}: the path of a manifest (JSON Lines)")
        return cls(**values)

    def to_dict(self) -> dict[str, Any]:
        """Return what :meth:`from_dict` reads."""
        return asdict(self)
