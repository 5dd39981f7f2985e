"""Settings of the network's shape, and what follows from them: rates, reach, multiplications."""

from __future__ import annotations

import math
from dataclasses import dataclass

from .checks import check_choice, check_integer, check_integers, check_number, invalid

INITIALIZERS = (
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "lecun_normal",
    "lecun_uniform",
)
#: Where a block's batch norms and ReLUs stand: before its convolutions (He et al. 2016b) or after.
ORDERS = ("before", "after")
MAX_STRIDE = 16
MAX_FILTERS = 65536


@dataclass(frozen=True, kw_only=True)
class NetworkConfig:
    """Shape of the network; the defaults are the published CinC 2017 recipe.

    Attributes
    ----------
    conv_subsample_lengths
        Stride of each residual block (plain variant: of each convolution), each 1 to 16.
    conv_filter_length
        Samples under each filter, 1 to 256; where `conv_filter_lengths` has those of the blocks,
        under the filters of the first convolution.
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
    conv_filters, conv_filter_lengths
        Filters of each block, never fewer than of the one before, and samples under each of them;
        empty: as the fields above have it.
    conv_stem_stride
        Stride of the first convolution, 1 to 16.
    conv_normalization
        ``"before"``: batch norm and ReLU stand before each convolution of a block, as published;
        ``"after"``: a batch norm after each, a ReLU after each but the last and after the sum.
    conv_normalization_momentum
        Of the running statistics that the batch norms answer with, 0 <= p < 1: they have settled
        after some times ``1 / (1 - p)`` steps, which few records or epochs may not bring.
    conv_spatial_dropout
        Drop whole channels instead of single values.
    head_dropout
        Fraction of the channels dropped before the last layer, 0 <= p < 1.
    evidence
        Channels per segment, beside the classes, that the record head pools; 0 for no record
        head: a record's answer is then made of its segments' alone.
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
    conv_filters: tuple[int, ...] = ()
    conv_filter_lengths: tuple[int, ...] = ()
    conv_stem_stride: int = 1
    conv_normalization: str = "before"
    conv_normalization_momentum: float = 0.99
    conv_spatial_dropout: bool = False
    head_dropout: float = 0.0
    evidence: int = 0

    def __post_init__(self) -> None:
        self._check_blocks()
        check_integer("conv_filter_length", self.conv_filter_length, 1, 256)
        check_integer("conv_num_filters_start", self.conv_num_filters_start, 1, 4096)
        check_integer("conv_num_skip", self.conv_num_skip, 1, 8)
        check_integer("conv_increase_channels_at", self.conv_increase_channels_at, 1, 10**6)
        check_integer("conv_stem_stride", self.conv_stem_stride, 1, MAX_STRIDE)
        check_integer("evidence", self.evidence, 0, 256)
        check_choice("conv_init", self.conv_init, INITIALIZERS)
        check_choice("conv_activation", self.conv_activation, ("relu",))
        check_choice("conv_normalization", self.conv_normalization, ORDERS)
        for name in ("is_regular_conv", "conv_spatial_dropout"):
            check_choice(name, getattr(self, name), (False, True))
        for name in ("conv_dropout", "head_dropout", "conv_normalization_momentum"):
            check_number(name, getattr(self, name), lambda p: 0 <= p < 1, "0 <= p < 1")
        self._check_filters()

    def _check_blocks(self) -> None:
        name, strides = "conv_subsample_lengths", self.conv_subsample_lengths
        strides = check_integers(name, strides, "strides", 1, MAX_STRIDE)
        if not strides:
            raise invalid(name, self.conv_subsample_lengths, "a list of strides, one per block")
        object.__setattr__(self, name, strides)
        for name, high in (("conv_filters", MAX_FILTERS), ("conv_filter_lengths", 256)):
            values = check_integers(name, getattr(self, name), name.replace("_", " "), 1, high)
            if values and len(values) != len(strides):
                raise invalid(name, values, f"one for each of the {len(strides)} blocks, or none")
            object.__setattr__(self, name, values)

    def _check_filters(self) -> None:
        filters = [self.conv_num_filters_start, *self.conv_filters]
        if filters != sorted(filters):
            raise invalid(
                "conv_filters",
                self.conv_filters,
                f"numbers that do not fall, from {filters[0]} (conv_num_filters_start) on",
            )
        if self.is_regular_conv and self.conv_filters:
            raise invalid("conv_filters", self.conv_filters, "none in the plain variant")
        widest = self.filters(len(self.conv_subsample_lengths) - 1)
        if widest > MAX_FILTERS:
            raise invalid(
                "conv_increase_channels_at",
                self.conv_increase_channels_at,
                f"a value that keeps the widest block within {MAX_FILTERS} filters, not {widest}",
            )

    @property
    def stem_stride(self) -> int:
        """Stride in front of the blocks; the plain variant has none."""
        return 1 if self.is_regular_conv else self.conv_stem_stride

    @property
    def samples_per_segment(self) -> int:
        """Samples of signal per output of the network: the product of the strides."""
        return self.stem_stride * math.prod(self.conv_subsample_lengths)

    @property
    def receptive_field(self) -> tuple[int, int]:
        """First and last sample, relative to its segment's first, that an output depends on."""
        low = high = 0
        convolutions = 1 if self.is_regular_conv else self.conv_num_skip
        for block, stride in reversed(list(enumerate(self.conv_subsample_lengths))):
            # The shortcut's max-pool sees `stride` samples, whatever the filters see.
            pool_high = high * stride + stride - 1
            for index in reversed(range(convolutions)):
                first = stride if index == 0 else 1
                low, high = _reach(low, high, self.filter_length(block), first)
            if not self.is_regular_conv:
                high = max(high, pool_high)
        if self.is_regular_conv:
            return low, high
        return _reach(low, high, self.conv_filter_length, self.stem_stride)

    @property
    def context_segments(self) -> int:
        """Segments on either side of its own that an output depends on."""
        low, high = self.receptive_field
        samples = self.samples_per_segment
        return max(0, math.ceil(max(-low, high - (samples - 1)) / samples))

    def filters(self, block: int) -> int:
        """Return the number of filters in residual block ``block`` (from 0)."""
        if self.conv_filters:
            return self.conv_filters[block]
        if self.is_regular_conv:
            return self.conv_num_filters_start
        doublings = block // self.conv_increase_channels_at
        return self.conv_num_filters_start << doublings

    def filter_length(self, block: int) -> int:
        """Return the samples under each filter of block ``block`` (from 0)."""
        return (
            self.conv_filter_lengths[block] if self.conv_filter_lengths else self.conv_filter_length
        )

    def multiplications(self, samples: int, num_classes: int = 4) -> int:
        """Return how many multiplications the layers take for so many samples of signal."""
        length, channels, total = samples // self.stem_stride, 1, 0
        if not self.is_regular_conv:
            channels = self.conv_num_filters_start
            total = length * self.conv_filter_length * channels
        convolutions = 1 if self.is_regular_conv else self.conv_num_skip
        for block, stride in enumerate(self.conv_subsample_lengths):
            length //= stride
            taps, filters = self.filter_length(block), self.filters(block)
            total += length * taps * filters * (channels + (convolutions - 1) * filters)
            channels = filters
        return total + length * channels * (num_classes + self.evidence)


def _reach(low: int, high: int, taps: int, stride: int) -> tuple[int, int]:
    """Return the inputs under outputs ``low`` to ``high`` of a 'same' convolution."""
    left = max(taps - stride, 0) // 2
    return low * stride - left, high * stride - left + taps - 1
