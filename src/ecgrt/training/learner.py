"""The network while it learns: one epoch, one evaluation, its weights on disk."""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from .._extras import require, require_keras
from .._files import replacing
from .._progress import track
from .augment import vary
from .config import TrainConfig
from .examples import Example, batches, collate, decide, equal_lengths
from .loss import make_loss
from .network import build_network
from .spectral import spectral_conv
from .trainee import make_optimizer, make_trainee, records_signature, with_records

#: Filters of fewer samples are not worth a detour over spectra.
SPECTRAL_TAPS = 12
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
        self._classes = num_classes
        keras.utils.set_random_seed(config.seed)
        tf.config.experimental.enable_op_determinism()
        if tf.config.threading.get_inter_op_parallelism_threads() != 1:
            print("note: TensorFlow was at work before; this run is repeatable but for rounding")
        self._plain = build_network(config, num_classes)
        with _strategy(tf, config).scope():
            self._compile(num_classes)

    def _compile(self, num_classes: int) -> None:
        """Build the network that learns: it computes as the recipe and the machine want it."""
        keras, config = self._keras, self._config
        spectral = not self._tf.config.list_physical_devices("GPU") and _has_long_filters(config)
        policy = keras.config.dtype_policy()
        keras.config.set_dtype_policy(config.precision)
        try:
            self._model = build_network(config, num_classes, spectral_conv() if spectral else None)
        finally:
            keras.config.set_dtype_policy(policy)
        if config.initial_weights is not None:
            self._model.set_weights(_read_weights(keras, config.initial_weights, self._plain))
        self._trainee = make_trainee(keras, self._model, num_classes)
        self._optimizer = optimizer = make_optimizer(keras, config)
        if config.precision == "mixed_float16":
            optimizer = keras.optimizers.LossScaleOptimizer(optimizer)
        kind = "CategoricalAccuracy" if config.evidence else "SparseCategoricalAccuracy"
        accuracy = getattr(keras.metrics, kind)(name="accuracy")
        self._trainee.compile(
            optimizer=optimizer,
            loss=make_loss(config),
            weighted_metrics={"record": [accuracy]} if config.evidence else [accuracy],
        )
        self._trainee.optimizer.build(self._trainee.trainable_variables)

    def fit(
        self, examples: Sequence[Example], epoch: int, learning_rate: float
    ) -> tuple[float, float]:
        """Train for one epoch, whose every random choice follows from the seed and its number.

        Returns
        -------
        loss, accuracy : float
            Per segment, with a record head the accuracy per record, as they were while the
            weights changed.

        Raises
        ------
        ValueError
            If a batch does not fit into memory, or the loss is no longer a number.
        """
        model = self._trainee
        model.optimizer.learning_rate = learning_rate
        rng = np.random.default_rng([self._config.seed, epoch])
        learnt: list[Any] = []
        keep = self._keras.callbacks.LambdaCallback(
            on_epoch_end=lambda *_: learnt.extend(_copy(model.trainable_variables))
        )
        with self._advice():
            logs = model.fit(
                self._batches(examples, rng),
                epochs=epoch,
                initial_epoch=epoch - 1,
                shuffle=False,
                callbacks=[keep, *self._warmup(len(examples), epoch, learning_rate)],
                verbose=1 if sys.stdout.isatty() else 0,
            ).history
        # Keras ends every fit with the averages in place of the weights.
        _assign(model.trainable_variables, learnt)
        loss = logs["loss"][-1]
        accuracy = logs["record_accuracy" if self._config.evidence else "accuracy"][-1]
        if not np.isfinite(loss):
            raise ValueError(
                f"the loss is {loss} in epoch {epoch}; make learning_rate smaller, it is "
                f"{learning_rate:g}"
            )
        return loss, accuracy

    def _warmup(self, records: int, epoch: int, learning_rate: float) -> list[Any]:
        """Return what makes the learning rate rise step by step, while it does."""
        steps = self._config.warmup_steps
        done = (epoch - 1) * math.ceil(records / self._config.batch_size)
        if done >= steps:
            return []

        def begin(batch: int, logs: Any = None) -> None:
            share = min(1.0, (done + batch + 1) / steps)
            self._trainee.optimizer.learning_rate = learning_rate * share

        return [self._keras.callbacks.LambdaCallback(on_train_batch_begin=begin)]

    def _batches(self, examples: Sequence[Example], rng: np.random.Generator) -> Any:
        tf = self._tf
        lengths = [example.signal.size for example in examples]
        dealt = batches(lengths, self._config.batch_size, rng)
        for layer in self._model.layers:
            if isinstance(layer, (self._keras.layers.Dropout, self._keras.layers.SpatialDropout1D)):
                layer.seed_generator.state.assign(rng.integers(2**31, size=2))

        def generate() -> Iterator[tuple[Any, ...]]:
            for indices in dealt:
                batch = [self._vary(examples[i], rng) for i in indices]
                if self._config.evidence:
                    yield with_records(batch, self._classes, self._config.teacher_share)
                else:
                    yield collate(batch)

        signature: Any = (
            tf.TensorSpec((None, None, 1), tf.float32),
            tf.TensorSpec((None, None), tf.int32),
            tf.TensorSpec((None, None), tf.float32),
        )
        if self._config.evidence:
            signature = records_signature(tf)
        options = tf.data.Options()
        # There is nothing to tune, and the tuner may take a minute to end after an epoch.
        options.autotune.enabled = False
        data = tf.data.Dataset.from_generator(generate, output_signature=signature)
        data = data.with_options(options)
        return data.apply(tf.data.experimental.assert_cardinality(len(dealt))).prefetch(2)

    def _vary(self, example: Example, rng: np.random.Generator) -> Example:
        return vary(example, self._config, self._config.samples_per_segment, rng)

    def evaluate(self, examples: Sequence[Example]) -> tuple[float, float, dict[str, int]]:
        """See examples as they are when serving, without padding.

        Returns
        -------
        loss, accuracy : float
            Per segment, with a record head per record.
        answers : dict
            The number of each example's class, by name.

        Raises
        ------
        ValueError
            If a batch does not fit into memory.
        """
        loss, right, segments = 0.0, 0, 0
        answers: dict[str, int] = {}
        groups = equal_lengths(examples, self._config.batch_size)
        with self._averaged(), self._advice():
            network = self._model
            if self._config.multi_gpu:  # one GPU is enough, and a batch of one cannot be shared
                network = self._plain
                network.set_weights(self._model.get_weights())
            for group in track(groups, desc="dev"):
                p, targets, decided = self._answer(network, group)
                true = np.take_along_axis(p, targets[..., np.newaxis].astype(np.intp), -1)
                loss -= float(np.log(np.maximum(true, SMALLEST_PROBABILITY), dtype=float).sum())
                right += int((p.argmax(-1) == targets).sum())
                segments += targets.size
                answers.update(zip((example.name for example in group), decided, strict=True))
        return loss / segments, right / segments, answers

    def _answer(self, network: Any, group: Sequence[Example]) -> tuple[Any, Any, list[int]]:
        """Return probabilities (..., C), what is right (...,), and each example's answer."""
        signals, targets, weights = collate(group)
        if not self._config.evidence:
            p = network.predict_on_batch(signals)
            return p, targets, decide(p).tolist()
        logits = network.predict_on_batch([signals, weights])["record"].astype(np.float64)
        powers = np.exp(logits - logits.max(-1, keepdims=True))
        return powers / powers.sum(-1, keepdims=True), targets[:, 0], logits.argmax(-1).tolist()

    @contextmanager
    def _advice(self) -> Iterator[None]:
        """Say what to do where memory runs out."""
        try:
            yield
        except (self._tf.errors.ResourceExhaustedError, MemoryError) as error:
            raise ValueError(
                f"out of memory: batch_size is {self._config.batch_size}; make it smaller"
            ) from error

    @contextmanager
    def _averaged(self) -> Iterator[None]:
        """Have the averages in place of the weights for a while, if the recipe has them."""
        weights = self._trainee.trainable_variables
        own = _copy(weights)
        self._optimizer.finalize_variable_values(weights)
        try:
            yield
        finally:
            _assign(weights, own)

    def save_network(self, path: Path) -> None:
        """Write a checkpoint for use: a ``.keras`` file without the optimizer's two thirds."""
        with self._averaged():
            self._plain.set_weights(self._model.get_weights())
        with replacing(path) as part:
            self._plain.save(part)

    def save_state(self, path: Path) -> None:
        """Write weights and optimizer for :meth:`load_state`, a ``.weights.h5`` file."""
        with replacing(path) as part:
            self._trainee.save_weights(part)

    def load_state(self, path: Path) -> None:
        """Take up where :meth:`save_state` was called.

        Raises
        ------
        FileNotFoundError
            If there is no such file.
        """
        if not path.is_file():
            raise FileNotFoundError(f"{path} is missing; this run cannot be resumed")
        self._trainee.load_weights(path)


def _has_long_filters(config: TrainConfig) -> bool:
    blocks = range(len(config.conv_subsample_lengths))
    return max(map(config.filter_length, blocks)) >= SPECTRAL_TAPS


def _copy(variables: Sequence[Any]) -> list[Any]:
    return [variable.numpy().copy() for variable in variables]  # numpy() may be a view


def _assign(variables: Sequence[Any], values: Sequence[Any]) -> None:
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _strategy(tf: Any, config: TrainConfig) -> Any:
    """Return how the work is shared out: one device, or a copy of the network on each GPU."""
    if not config.multi_gpu:
        return tf.distribute.get_strategy()
    gpus = len(tf.config.list_physical_devices("GPU"))
    if gpus < 2:
        raise ValueError(f"multi_gpu is true, but TensorFlow sees {gpus} GPU; it needs two or more")
    return tf.distribute.MirroredStrategy()


def _read_weights(keras: Any, path: str, network: Any) -> list[Any]:
    """Return a checkpoint's weights; raise ValueError if it is damaged or of another network."""
    try:
        weights = keras.saving.load_model(path, compile=False, safe_mode=True).get_weights()
    except Exception as error:  # Keras raises whatever the damage leads to
        raise ValueError(
            f"initial_weights: {path} is no whole Keras checkpoint: {error}"
        ) from error
    if [w.shape for w in weights] != [w.shape for w in network.get_weights()]:
        raise ValueError(
            f"initial_weights: {path} is another network than the configuration describes"
        )
    return list(weights)
