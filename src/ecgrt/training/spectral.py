"""A convolution that computes products of spectra, so that a CPU trains in less time.

Overlap-save: the signal is cut into tiles of 32 or 64 samples that overlap by the length of the
kernel, and each tile is convolved through its discrete Fourier transform. The transforms are real
matrices here, with three products for each complex bin (Karatsuba), so that all of it is matrix
products, which TensorFlow does best, and differentiates. Rounding apart, the layer is Conv1D.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import numpy.typing as npt

from .._extras import require, require_keras

#: Below this many input channels the transforms cost more than the products save.
LEAST_CHANNELS = 32
#: Above this many the layers are so short that the larger tile would be mostly padding.
WIDE_CHANNELS = 128

Matrix = npt.NDArray[np.float32]


@functools.cache
def bilinear(tile: int, taps: int) -> tuple[Matrix, Matrix, Matrix]:
    """Return the matrices that turn a correlation into products.

    Parameters
    ----------
    tile
        Samples of a tile, even.
    taps
        Samples of the kernel, at most `tile`.

    Returns
    -------
    signal (R, tile), kernel (R, taps), output (tile - taps + 1, R)
        ``output @ ((signal @ x) * (kernel @ w))`` is the correlation of x (tile,) and w (taps,)
        where they overlap wholly.
    """
    time = np.arange(tile)
    signal, kernel, output = [], [], []
    for bin_ in range(tile // 2 + 1):
        cosine = np.cos(2 * np.pi * bin_ * time / tile)
        sine = -np.sin(2 * np.pi * bin_ * time / tile)
        if bin_ in (0, tile // 2):
            signal += [cosine]
            kernel += [cosine]
            output += [cosine / tile]
        else:  # (a + bi)(p + qi) from p(a + b), a(q - p) and b(p + q)
            signal += [cosine + sine, cosine, sine]
            kernel += [cosine, sine - cosine, cosine + sine]
            real, imaginary = 2 / tile * cosine, 2 / tile * sine
            output += [real + imaginary, imaginary, -real]
    return (
        np.array(signal, np.float32),
        # backwards in time, which makes a correlation of the convolution
        np.array(kernel, np.float32)[:, taps - 1 :: -1],
        np.array(output, np.float32).T[taps - 1 :],
    )


def correlate(x: Any, kernel: Any, stride: int, tile: int) -> Any:
    """Return what ``tf.nn.conv1d(x, kernel, stride, "SAME")`` returns.

    Parameters
    ----------
    x
        Tensor (N, T, C) float32; T a multiple of `stride`.
    kernel
        Tensor (taps, C, D) float32.
    stride
        Samples from one output to the next, at most taps.
    tile
        As of :func:`bilinear`, in outputs; at least twice the taps.
    """
    tf = require("tensorflow", extra="train")
    taps, channels, filters = kernel.shape
    left = (taps - stride) // 2
    # Neighbouring samples as channels make a stride of one of any stride.
    kernel = tf.pad(kernel, [[0, -taps % stride], [0, 0], [0, 0]])
    taps, channels = -(-taps // stride), channels * stride
    kernel = tf.reshape(kernel, [taps, channels, filters])
    to_signal, to_kernel, to_output = bilinear(tile, taps)
    hop = tile - taps + 1
    batch, outputs = tf.shape(x)[0], tf.shape(x)[1] // stride
    tiles = -(-outputs // hop)
    right = stride * hop * (tiles + 1) - tf.shape(x)[1] - left
    x = tf.reshape(tf.pad(x, [[0, 0], [left, right], [0, 0]]), [batch, tiles + 1, hop, channels])
    x = tf.transpose(x, [2, 0, 1, 3])
    # tf.slice, for the gradient of x[:, 1:] takes several times as long
    here = tf.slice(x, [0, 0, 0, 0], [-1, -1, tiles, -1])
    ahead = tf.slice(x, [0, 0, 1, 0], [tile - hop, -1, -1, -1])
    x = tf.concat([here, ahead], 0)  # (tile, N, tiles, C)
    products = to_signal.shape[0]
    spectrum = tf.matmul(to_signal, tf.reshape(x, [tile, -1]))
    spectrum = tf.reshape(spectrum, [products, -1, channels])
    kernel = tf.matmul(to_kernel, tf.reshape(kernel, [taps, -1]))
    y = tf.matmul(spectrum, tf.reshape(kernel, [products, channels, filters]))
    y = tf.matmul(to_output, tf.reshape(y, [products, -1]))
    y = tf.transpose(tf.reshape(y, [hop, batch, tiles, filters]), [1, 2, 0, 3])
    y = tf.reshape(y, [batch, tiles * hop, filters])
    return tf.slice(y, [0, 0, 0], [-1, outputs, -1])


@functools.cache
def spectral_conv() -> Any:
    """Return the layer class, a ``keras.layers.Conv1D`` with 'same' padding."""
    keras = require_keras()

    class SpectralConv1D(keras.layers.Conv1D):  # type: ignore[misc, name-defined]
        """Conv1D, in float32 its products taken of spectra where that is faster."""

        def call(self, x: Any) -> Any:
            taps, channels, _ = self.kernel.shape
            (stride,) = self.strides
            tile = 32 if channels > WIDE_CHANNELS else 64
            fits = self.padding == "same" and stride <= taps <= tile // 2 * stride
            # The matrices are float32, and half precision would round the transforms.
            if channels < LEAST_CHANNELS or not fits or self.compute_dtype != "float32":
                return super().call(x)
            y = correlate(x, self.kernel, stride, tile)
            return y + self.bias if self.use_bias else y

    return SpectralConv1D
