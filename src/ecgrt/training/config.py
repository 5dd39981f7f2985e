"""Settings of the network and of its training, read from one flat JSON object."""

from __future__ import annotations

import difflib
import json
import math
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

INITIALIZERS = (
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "lecun_normal",
    "lecun_uniform",
)
SCHEDULES = ("plateau", "cosine")
PRECISIONS = ("float32", "mixed_float16", "mixed_bfloat16")
MAX_STRIDE = 16


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """Shape of the network; the defaults are the published CinC 2017 recipe.

    Attributes
    ----------
    conv_subsample_lengths
        Stride of each residual block (plain variant: of each convolution), each 1 to 16.
    conv_filter_length
        Samples under each filter, 1 to 256.
    conv_num_filters_start
        Filters of the first convolution.
    conv_init
        Keras initializer of the convolutions, one of :data:`INITIALIZERS`.
    conv_activation
        ``"relu"``, the only one that every backend runs.
    conv_dropout
        Fraction dropped before the second and later convolutions of a block, 0 <= p < 1.
    conv_num_skip
        Convolutions per residual block, 1 to 8.
    conv_increase_channels_at
        The number of filters doubles every so many blocks.
    is_regular_conv
        The plain variant: a stack of convolutions, no shortcuts, a constant number of filters.
    """

    conv_subsample_lengths: tuple[int, ...] = (1, 2) * 8
    conv_filter_length: int = 16
    conv_num_filters_start: int = 32
    conv_init: str = "he_normal"
    conv_activation: str = "relu"
    conv_dropout: float = 0.2
    conv_num_skip: int = 2
    conv_increase_channels_at: int = 4
    is_regular_conv: bool = False

    def __post_init__(self) -> None:
        strides = self.conv_subsample_lengths
        if not isinstance(strides, (list, tuple)) or not strides:
            raise _invalid("conv_subsample_lengths", strides, "a list of strides, one per block")
        for stride in strides:
            _check_integer("conv_subsample_lengths", stride, 1, MAX_STRIDE)
        object.__setattr__(self, "conv_subsample_lengths", tuple(strides))
        _check_integer("conv_filter_length", self.conv_filter_length, 1, 256)
        _check_integer("conv_num_filters_start", self.conv_num_filters_start, 1, 4096)
        _check_integer("conv_num_skip", self.conv_num_skip, 1, 8)
        _check_integer("conv_increase_channels_at", self.conv_increase_channels_at, 1, 10**6)
        _check_choice("conv_init", self.conv_init, INITIALIZERS)
        _check_choice("conv_activation", self.conv_activation, ("relu",))
        _check_choice("is_regular_conv", self.is_regular_conv, (False, True))
        _check_number("conv_dropout", self.conv_dropout, lambda p: 0 <= p < 1, "0 <= p < 1")
        widest = self.filters(len(strides) - 1)
        if widest > 65536:
            raise _invalid(
                "conv_increase_channels_at",
                self.conv_increase_channels_at,
                f"a value that keeps the widest block within 65536 filters, not {widest}",
            )

    @property
    def samples_per_segment(self) -> int:
        """Samples of signal per output of the network: the product of the strides."""
        return math.prod(self.conv_subsample_lengths)

    @property
    def receptive_field(self) -> tuple[int, int]:
        """First and last sample, relative to its segment's first, that an output depends on."""
        low = high = 0
        convolutions = 1 if self.is_regular_conv else self.conv_num_skip
        for stride in reversed(self.conv_subsample_lengths):
            # The shortcut's max-pool sees `stride` samples, whatever the filters see.
            pool_high = high * stride + stride - 1
            for index in reversed(range(convolutions)):
                low, high = self._conv_reach(low, high, stride if index == 0 else 1)
            if not self.is_regular_conv:
                high = max(high, pool_high)
        return (low, high) if self.is_regular_conv else self._conv_reach(low, high, 1)

    @property
    def context_segments(self) -> int:
        """Segments on either side of its own that an output depends on."""
        low, high = self.receptive_field
        samples = self.samples_per_segment
        return max(0, math.ceil(max(-low, high - (samples - 1)) / samples))

    def _conv_reach(self, low: int, high: int, stride: int) -> tuple[int, int]:
        """Return the inputs under outputs ``low`` to ``high`` of a 'same' convolution."""
        left = max(self.conv_filter_length - stride, 0) // 2
        first = low * stride - left
        last = high * stride - left + self.conv_filter_length - 1
        return first, last

    def filters(self, block: int) -> int:
        """Return the number of filters in residual block ``block`` (from 0)."""
        if self.is_regular_conv:
            return self.conv_num_filters_start
        doublings = block // self.conv_increase_channels_at
        return self.conv_num_filters_start << doublings


@dataclass(frozen=True, kw_only=True)
class TrainConfig(NetworkConfig):
    """The network, its data and the recipe of its training.

    Attributes
    ----------
    train, dev
        Manifests as ``ecgrt-data split`` writes them: JSON Lines, one record a line.
    save_dir
        Folder that gets the run folders.
    learning_rate
        Of Adam, at the start; gradients are clipped to norm 1.
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
        Share of the loss that judges the record's mean logit, the rest judges each segment.
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
        of white noise, that are added; in standard deviations of the training signals.
    """

    train: str
    dev: str
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

    def __post_init__(self) -> None:
        super().__post_init__()
        paths = ["train", "dev", "save_dir"]
        for name in paths + ["initial_weights"] * (self.initial_weights is not None):
            value = getattr(self, name)
            if not isinstance(value, str) or not value:
                raise _invalid(name, value, "a path")
        for name in ("batch_size", "max_epochs", "learning_rate_patience", "stop_patience"):
            _check_integer(name, getattr(self, name), 1, 10**6)
        _check_integer("seed", self.seed, 0, 2**31 - 1)
        for name in ("learning_rate", "sampling_rate"):
            _check_number(name, getattr(self, name), lambda value: value > 0, "a positive number")
        _check_choice("tensorboard", self.tensorboard, (False, True))
        _check_choice("multi_gpu", self.multi_gpu, (False, True))
        _check_choice("precision", self.precision, PRECISIONS)
        _check_choice("schedule", self.schedule, SCHEDULES)
        for name in ("averaging", "label_smoothing", "stretch"):
            _check_number(name, getattr(self, name), lambda share: 0 <= share < 1, "0 <= x < 1")
        for name in ("record_loss", "flip"):
            _check_number(name, getattr(self, name), lambda share: 0 <= share <= 1, "0 <= x <= 1")
        for name in ("amplitude", "wander", "hum", "noise"):
            _check_number(name, getattr(self, name), lambda value: value >= 0, "a number >= 0")
        rate, segment = self.sampling_rate, self.samples_per_segment
        _check_number(
            "crop_seconds",
            self.crop_seconds,
            lambda seconds: seconds == 0 or round(seconds * rate) >= segment,
            f"0, or at least a segment, {segment / rate:.6g} seconds",
        )

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
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
            return cls.from_dict(values)
        except (ValueError, TypeError) as error:  # a JSONDecodeError is a ValueError
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


def _invalid(name: str, value: object, accepted: str) -> ValueError:
    return ValueError(f"{name} is {value!r}; accepted is {accepted}")


def _check_integer(name: str, value: object, low: int, high: int) -> None:
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise _invalid(name, value, f"an integer from {low} to {high}")


def _check_number(name: str, value: Any, test: Any, accepted: str) -> None:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not is_number or not math.isfinite(value) or not test(value):
        raise _invalid(name, value, accepted)


def _check_choice(name: str, value: object, choices: tuple[object, ...]) -> None:
    if not any(
        value is choice or (value == choice and type(value) is type(choice)) for choice in choices
    ):
        accepted = ", ".join(json.dumps(choice) for choice in choices)
        raise _invalid(name, value, f"{'only ' if len(choices) == 1 else 'one of '}{accepted}")
