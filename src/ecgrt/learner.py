"""The network while it learns: one epoch, one evaluation, its weights on disk."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from . import dataset
from .config import TrainConfig
from .dataset import Example
from .extras import require, require_keras
from .files import replacing
from .network import build_network
from .progress import track

#: Each parameter's gradient is scaled down to at most this norm.
CLIP_NORM = 1.0
#: Below it a probability counts as this in the dev loss, as in Keras' own.
SMALLEST_PROBABILITY = 1e-7


class Learner:
    """A network and its optimizer, TensorFlow's random numbers set by the seed.

    Parameters
    ----------
    config
        The network and the recipe.
    num_classes
        Outputs per segment.
    """

    def __init__(self, config: TrainConfig, num_classes: int) -> None:
        self._keras = keras = require_keras()
        self._tf = tf = require("tensorflow", extra="train")
        self._config = config
        keras.utils.set_random_seed(config.seed)
        tf.config.experimental.enable_op_determinism()
        if tf.config.threading.get_inter_op_parallelism_threads() != 1:
            print("note: TensorFlow was at work before; this run is repeatable but for rounding")
        self._model = build_network(config, num_classes)
        self._model.compile(
            optimizer=keras.optimizers.Adam(config.learning_rate, clipnorm=CLIP_NORM),
            # The mean over the segments of weight 1: those that are not padding.
            loss=keras.losses.SparseCategoricalCrossentropy(reduction="mean_with_sample_weight"),
            weighted_metrics=[keras.metrics.SparseCategoricalAccuracy(name="accuracy")],
        )
        self._model.optimizer.build(self._model.trainable_variables)

    def fit(
        self, examples: Sequence[Example], epoch: int, learning_rate: float
    ) -> tuple[float, float]:
        """Train for one epoch, whose every random choice follows from the seed and its number.

        Returns
        -------
        loss, accuracy : float
            Per segment, as they were while the weights changed.

        Raises
        ------
        ValueError
            If a batch does not fit into memory, or the loss is no longer a number.
        """
        model, tf = self._model, self._tf
        model.optimizer.learning_rate = learning_rate
        rng = np.random.default_rng([self._config.seed, epoch])
        try:
            logs = model.fit(
                self._batches(examples, rng),
                epochs=epoch,
                initial_epoch=epoch - 1,
                shuffle=False,
                verbose=1 if sys.stdout.isatty() else 0,
            ).history
        except (tf.errors.ResourceExhaustedError, MemoryError) as error:
            raise ValueError(
                f"out of memory: batch_size is {self._config.batch_size}; make it smaller"
            ) from error
        loss, accuracy = logs["loss"][-1], logs["accuracy"][-1]
        if not np.isfinite(loss):
            raise ValueError(
                f"the loss is {loss} in epoch {epoch}; make learning_rate smaller, it is "
                f"{learning_rate:g}"
            )
        return loss, accuracy

    def _batches(self, examples: Sequence[Example], rng: np.random.Generator) -> Any:
        tf = self._tf
        lengths = [example.signal.size for example in examples]
        dealt = dataset.batches(lengths, self._config.batch_size, rng)
        for layer in self._model.layers:
            if isinstance(layer, self._keras.layers.Dropout):
                layer.seed_generator.state.assign(rng.integers(2**31, size=2))

        def generate() -> Iterator[tuple[Any, ...]]:
            for indices in dealt:
                yield dataset.collate([examples[i] for i in indices])

        signature = (
            tf.TensorSpec((None, None, 1), tf.float32),
            tf.TensorSpec((None, None), tf.int32),
            tf.TensorSpec((None, None), tf.float32),
        )
        data = tf.data.Dataset.from_generator(generate, output_signature=signature)
        return data.apply(tf.data.experimental.assert_cardinality(len(dealt))).prefetch(2)

    def evaluate(self, examples: Sequence[Example]) -> tuple[float, float, dict[str, int]]:
        """See examples as they are when serving, without padding.

        Returns
        -------
        loss, accuracy : float
            Per segment.
        answers : dict
            The number of each example's class, by name.
        """
        loss, right, segments = 0.0, 0, 0
        answers: dict[str, int] = {}
        groups = dataset.equal_lengths(examples, self._config.batch_size)
        for group in track(groups, desc="dev"):
            signals, targets, _ = dataset.collate(group)
            probabilities = self._model.predict_on_batch(signals)
            true = np.take_along_axis(probabilities, targets[..., np.newaxis].astype(np.intp), -1)
            loss -= float(np.log(np.maximum(true, SMALLEST_PROBABILITY), dtype=np.float64).sum())
            right += int((probabilities.argmax(-1) == targets).sum())
            segments += targets.size
            decided = dataset.decide(probabilities).tolist()
            answers.update(zip((example.name for example in group), decided, strict=True))
        return loss / segments, right / segments, answers

    def save_network(self, path: Path) -> None:
        """Write a checkpoint for use: a ``.keras`` file without the optimizer's two thirds."""
        model = self._model
        bare = self._keras.Model(model.inputs, model.outputs, name=model.name)
        with replacing(path) as part:
            bare.save(part)

    def save_state(self, path: Path) -> None:
        """Write weights and optimizer for :meth:`load_state`, a ``.weights.h5`` file."""
        with replacing(path) as part:
            self._model.save_weights(part)

    def load_state(self, path: Path) -> None:
        """Take up where :meth:`save_state` was called.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        """
        if not path.is_file():
            raise FileNotFoundError(f"{path} is missing; this run cannot be resumed")
        self._model.load_weights(path)
