"""The C++ core."""

from collections.abc import Iterable, Sequence
from os import PathLike
from typing import Any, Protocol, TypeAlias, final, type_check_only

import numpy as np
from _typeshed import ReadableBuffer
from matplotlib.figure import Figure
from numpy.typing import ArrayLike, NDArray

from .records import Record, RecordReader
from .rhythm.states import Settings
from .rhythm.timeline import Timeline
from .rhythm.windows import Progress

__version__: str

class PlanError(RuntimeError):
    """The plan is missing, damaged, of another version, or no plan at all."""

class BackendUnavailableError(RuntimeError):
    """The plan is sound, but what it needs (GPU, driver, TensorRT, instructions) is not here."""

@type_check_only
class _Record(Protocol):
    """A lead in microvolts that tells its own rate, as :class:`ecgrt.Record` does."""

    @property
    def signal(self) -> ArrayLike: ...
    @property
    def fs(self) -> float | None: ...

_Span: TypeAlias = tuple[float, float, int, float, str]
_Window: TypeAlias = tuple[
    float, list[float], float, Sequence[tuple[float, float, str]], list[tuple[str, str]]
]

class SignalWarning(UserWarning):
    """Something speaks against a record, or against the way it was handed in."""

@final
class Quality:
    """How much of a record could be read, and what about it is suspicious."""

    @property
    def readable(self) -> float:
        """Share of the record, 0 to 1, that no gap and no gap's surroundings cover."""

    @property
    def seconds(self) -> float:
        """How long the record lasts."""

    @property
    def spans(self) -> tuple[tuple[float, float, str], ...]:
        """Gaps in ascending order: start and end in seconds, and the reason.

        ``"missing"``: NaN, infinite, beyond 1e12, or the lowest number of an integer type;
        ``"flat"``: a second or more of identical samples; ``"rail"``: 0.2 s or more of identical
        samples at an extreme.
        """

    @property
    def warnings(self) -> dict[str, str]:
        """A sentence for each code, in the order of the checks.

        ``"low_amplitude"``, ``"high_amplitude"`` and ``"counts"`` doubt the unit,
        ``"beat_height"`` the gain, ``"heart_rate"`` (below 30 or above 220 a minute),
        ``"slow_beats"`` and ``"fast_beats"`` the sampling rate, ``"few_beats"`` that it is an ECG.
        ``"short_record"`` and ``"long_record"`` tell what one label is worth. With
        ``"too_short"`` and ``"unreadable"`` there is none.
        """

@final
class Prediction:
    """What a classifier says of one record.

    It never changes: its arrays are read-only, those of numbers views of its own memory. It can be
    pickled, and outlives the classifier.
    """

    @property
    def label(self) -> str | None:
        """Rhythm of the record, one of the classifier's classes.

        None: less sure than asked, or `quality` says why there is none.
        """

    @property
    def confidence(self) -> float:
        """Probability of the label, be it given or withheld: its entry of `probabilities`."""

    @property
    def probabilities(self) -> NDArray[np.float32]:
        """Shape (classes,), in the order of ``Classifier.classes``.

        The mean over the segments, or pooled from them as the model has learnt; calibrated if
        the model has a calibration.
        """

    @property
    def classes(self) -> tuple[str, ...]:
        """Labels in the order of the probabilities."""

    @property
    def segment_probabilities(self) -> NDArray[np.float32]:
        """Shape (segments, classes): softmax of the network's logits; never calibrated."""

    @property
    def segment_labels(self) -> NDArray[np.str_]:
        """Shape (segments,): the most probable class of each segment; made anew at each access.

        Empty where the segment cannot be read; then it has no part in the record's label.
        """

    @property
    def readable(self) -> NDArray[np.bool_]:
        """Shape (segments,): whether each counts; not where gaps cover more than half of it."""

    @property
    def beats(self) -> NDArray[np.float64]:
        """Times of the R peaks in seconds from the record's start; see :func:`ecgrt.find_beats`."""

    @property
    def heart_rate(self) -> float | None:
        """Beats a minute, by the median interval between beats; None with fewer than two."""

    @property
    def rhythm(self) -> NDArray[np.float32]:
        """The rhythm features that the model's record head asks for, in its order; often none."""

    @property
    def evidence(self) -> dict[str, str]:
        """What beats and signal show, a sentence for each code; see :func:`ecgrt.find_evidence`.

        Empty for models without a record head, which do without the rhythm features.
        """

    @property
    def quality(self) -> Quality:
        """What of the record could be read, and what about it is suspicious."""

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold.

        Returns
        -------
        dict
            ``label`` (None: withheld), ``confidence``, ``probabilities`` by class,
            ``segment_labels`` and ``beats`` as lists, ``heart_rate``, ``evidence``, and ``quality``
            as a dict of its attributes.
        """

    def plot(self, record: _Record) -> Figure:
        """Plot a record with its beats, gaps and segments; needs ``ecgrt[view]``.

        Parameters
        ----------
        record
            The one that the prediction is of.

        Returns
        -------
        matplotlib.figure.Figure
            See :func:`ecgrt.view.plots.plot`.
        """

    def _repr_html_(self) -> str:
        """Show label, probabilities, evidence and warnings in a notebook."""

    def __copy__(self) -> Prediction: ...
    def __deepcopy__(self, memo: dict[int, Any]) -> Prediction: ...

@final
class Classifier:
    """A plan, loaded and ready. Immutable; may be shared by threads.

    Python's other threads run while it works, and Ctrl-C ends a long record or batch. Pickled, it
    is the plan's path with the options, and loads the plan again.
    :meth:`from_bytes` makes one where the plan is no file.

    Parameters
    ----------
    plan
        File written by ``ecgrt-build-engine``; None: the compact model that comes with the
        package. The file's first bytes, not its name, say for which
        backend. A CPU plan is not needed any more once it is loaded.
    threads
        Threads of the CPU engine, 1 to 256. None: the environment variable ECGRT_NUM_THREADS,
        else one for each core that the process may use (a container's quota of CPU time is not
        seen: set it there). Of a TensorRT plan: how many calls the GPU works on at a time
        (default 2).
    device
        CUDA device of a TensorRT plan.

    Raises
    ------
    PlanError
        The plan cannot be opened, is damaged, or is of another version.
    BackendUnavailableError
        This machine lacks what the plan needs, or what ECGRT_FORCE_ISA asks for.
    ValueError
        ``threads`` or ECGRT_NUM_THREADS is out of range.
    """

    def __init__(
        self,
        plan: str | PathLike[str] | None = None,
        *,
        threads: int | None = None,
        device: int = 0,
    ) -> None: ...
    @staticmethod
    def from_bytes(
        data: ReadableBuffer,
        *,
        threads: int | None = None,
        device: int = 0,
    ) -> Classifier:
        """Load a plan from memory.

        It is not needed any more afterwards; so such a classifier cannot be pickled, and the
        answers' provenance does not tell the plan's digest.

        Parameters
        ----------
        data
            The content of a plan's file: bytes, or what has them side by side, such as a
            bytearray, a memoryview or a mapped file.
        threads, device
            As of a classifier of a file.

        Raises
        ------
        Exception
            As of a classifier of a file.
        TypeError
            If it is something else.
        """

    def predict(
        self,
        x: ArrayLike | _Record,
        fs: float | None = None,
        min_confidence: float = 0.0,
        *,
        unit: str = "uV",
    ) -> Prediction:
        """Classify one record.

        What cannot be read is bridged, left out and told in the prediction's `quality`, whose
        warnings are also emitted as :class:`ecgrt.SignalWarning`.

        Parameters
        ----------
        x
            A :class:`ecgrt.Record`, or any object with ``signal`` (in microvolts) and ``fs``; or
            one lead of shape (n,), integers or floats. int16, int32, float32 and float64 are read
            in place, whatever their stride.
        fs
            Sampling rate in Hz, 10 to 100,000. None means the record's own, and of an array the
            model's. Other rates are resampled as
            ``scipy.signal.resample_poly(x, up, down, padtype="edge")`` does it.
        min_confidence
            0 to 1. Where the confidence is below it, the label is None: no decision.
        unit
            What an array's samples are in: ``"uV"``, ``"mV"``, ``"V"`` or ``"nV"``.

        Raises
        ------
        ValueError
            Not one-dimensional, shorter than a segment, with masked samples; an
            impossible ``fs``, ``min_confidence`` or ``unit``; or a record whose rate is not ``fs``,
            or that has none.
        TypeError
            Not an array of integers or floats.
        """

    def predict_batch(
        self,
        xs: Iterable[ArrayLike | _Record],
        fs: float | None = None,
        min_confidence: float = 0.0,
        *,
        unit: str = "uV",
    ) -> list[Prediction]:
        """Classify records of any lengths, one on each thread.

        Parameters and errors are those of :meth:`predict`. A message names the record at fault: its
        number from 0, and its name where it has one. Then there is no answer for the others either.
        """

    def stream(
        self,
        fs: float | None = None,
        unit: str = "uV",
        *,
        window: float = 30.0,
        hop: float = 10.0,
        min_confidence: float = 0.0,
    ) -> Stream:
        """Begin to classify a signal that comes piece by piece.

        Parameters
        ----------
        fs
            Sampling rate in Hz; None: the model's own.
        unit
            What the samples will be in: ``"uV"``, ``"mV"``, ``"V"`` or ``"nV"``.
        window, hop
            Seconds that a decision is on, at most 3,600, and from one to the next.
        min_confidence
            As of :meth:`predict`.

        Raises
        ------
        ValueError
            If any of these is out of range, or a window shorter than a segment of the model.
        """

    def timeline(
        self,
        record: Record | RecordReader,
        *,
        settings: Settings | None = None,
        progress: Progress | None = None,
    ) -> Timeline:
        """Tell what the rhythm of a record was, all along; see :func:`ecgrt.timeline`.

        Parameters
        ----------
        record
            As :func:`ecgrt.read_record` returns it; or, of any length in little memory, as
            :func:`ecgrt.open_record` does.
        settings, progress
            As of :func:`ecgrt.timeline`.
        """

    def explain(
        self, prediction: Prediction
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Tell what each segment and each rhythm feature adds to a record's answer.

        The record head is taken apart exactly: all summands of a class together are the logarithm
        of its probability, but for a number that is the same for all classes, so that their softmax
        is ``prediction.probabilities``. Each row is 0 in the mean over the classes. Above 0 it
        speaks for the class, in this model; that is no cause, and says nothing of other models.

        Parameters
        ----------
        prediction
            One of this classifier.

        Returns
        -------
        segments
            Shape (segments, classes); 0 where a segment cannot be read.
        rhythm
            Shape (features, classes), in the order of ``prediction.rhythm``.
        rest
            Shape (classes,): what is the same for all records that move the same hidden units.

        Raises
        ------
        ValueError
            The model has no record head, or the prediction is of another model.
        """

    def self_test(self) -> float:
        """Run the plan's own example.

        Returns
        -------
        float
            Largest difference between the probabilities found here and those that ONNX Runtime
            gave when the plan was built; NaN if the plan carries no example.
        """

    def __copy__(self) -> Classifier: ...
    def __deepcopy__(self, memo: dict[int, Any]) -> Classifier: ...
    @property
    def plan(self) -> str | None:
        """The plan's path, as it was given; None: it was in memory."""

    @property
    def classes(self) -> tuple[str, ...]:
        """Labels in the order of the probabilities."""

    @property
    def sampling_rate(self) -> float:
        """The model's own sampling rate, Hz."""

    @property
    def samples_per_segment(self) -> int:
        """Samples, at the model's rate, for one segment of answer."""

    @property
    def backend(self) -> str:
        """What runs the network, such as ``"cpu/avx2"``."""

    @property
    def threads(self) -> int:
        """How many records the backend works on at a time."""

    @property
    def metadata(self) -> dict[str, Any]:
        """The model's metadata as the plan has it; see ``ecgrt.metadata.Metadata.to_json``."""

    @property
    def training_record_names(self) -> list[str]:
        """Names of the records that the model was trained on; empty if the plan does not tell.

        ``metadata["training_records"]`` is their number.
        """

@final
class Decision:
    """What a stream says of a span of time. It never changes, and can be pickled."""

    @property
    def start(self) -> float:
        """Where the span begins, in seconds since the stream began."""

    @property
    def end(self) -> float:
        """Where it ends: the decision needed nothing that came later."""

    @property
    def prediction(self) -> Prediction:
        """What :meth:`Classifier.predict` says of the samples of the span by themselves.

        Its times, such as those of the beats, are seconds from the span's start.
        """

    @property
    def label(self) -> str | None:
        """The prediction's; None: less sure than asked, or its `quality` says why there is none."""

    @property
    def confidence(self) -> float:
        """The prediction's."""

    def to_dict(self) -> dict[str, Any]:
        """Return what JSON can hold: ``start``, ``end``, and what the prediction's has."""

@final
class Stream:
    """Decisions on a signal that comes piece by piece, made by :meth:`Classifier.stream`.

    Each window of 30 s is classified by itself, one every 10 s, as soon as its last sample is
    there. So the decisions are the same to the last bit however the signal is cut into chunks, and
    the same as those of :meth:`Classifier.predict` on these windows.

    Only the last 40 s of samples are kept, in the type that they came in (40 kB of float32 at
    250 Hz). A stream may be used by several threads, one at a time: the others wait. Streams of
    one classifier run beside each other. Where a call raises, Ctrl-C included, the stream is as it
    was before it.
    """

    def push(self, x: ArrayLike | _Record) -> list[Decision]:
        """Take the next samples, and return the decisions that became final.

        Parameters
        ----------
        x
            Shape (n,), of any length, integers or floats as of :meth:`Classifier.predict`; or a
            record in microvolts, of the stream's rate. NaN is a sample that is missing.

        Returns
        -------
        list of Decision
            In their order, often none.

        Raises
        ------
        ValueError
            Not one-dimensional, with masked samples, a record of another rate, or the stream is
            finished.
        TypeError
            Not an array of integers or floats.
        """

    def skip(self, seconds: float) -> list[Decision]:
        """Let time pass of which there are no samples, and return what became final.

        Parameters
        ----------
        seconds
            From 0 to 86,400; longer absences end a stream.

        Raises
        ------
        ValueError
            If it is out of range, or the stream is finished.
        """

    def running(self) -> Decision | None:
        """Return the decision on the newest samples, of a window's length or what is there.

        None while there are fewer than one segment of the model. A label is given from 5 s on;
        until then the prediction's `quality` says that the signal is too short. It changes nothing,
        and costs as much as a decision.
        """

    def finish(self) -> list[Decision]:
        """End the stream, and return the last decision if there is one more.

        It is on the samples that its window has got so far. There is one if at least half a hop of
        samples are in no decision yet, or if there was none at all and the samples make a segment
        of the model. A finished stream can be asked and restarted; to finish it again does nothing.
        """

    def restart(self, fs: float | None = None) -> list[Decision]:
        """Finish, and begin anew at the present time, perhaps at another sampling rate.

        Parameters
        ----------
        fs
            The new rate in Hz; None: the one it had.

        Returns
        -------
        list of Decision
            Those of :meth:`finish`.

        Raises
        ------
        ValueError
            If no signal has the rate.
        """

    @property
    def beats(self) -> NDArray[np.float64]:
        """R peaks that the last call of push, skip, finish or restart made final.

        Seconds since the stream began. A beat is final when the window is whose middle hop it lies
        in: 10 to 20 s after it, with 30 s windows every 10 s. `running` tells younger ones.
        """

    @property
    def seconds(self) -> float:
        """How much time has passed since the stream began, skipped time included."""

    @property
    def fs(self) -> float:
        """Sampling rate in Hz."""

    @property
    def window(self) -> float:
        """Seconds that a decision is on."""

    @property
    def hop(self) -> float:
        """Seconds from one decision to the next."""

    @property
    def finished(self) -> bool:
        """Whether it takes no more samples."""

def preprocess(
    x: ArrayLike | _Record, fs: float | None = None, *, metadata: str, unit: str = "uV"
) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Return what the network sees of a record, as :meth:`Classifier.predict` computes it.

    Parameters
    ----------
    x, fs, unit
        As of :meth:`Classifier.predict`.
    metadata
        The model's, as JSON.

    Returns
    -------
    signal
        Shape (n,): bridged over gaps, resampled, filtered, scaled, cut to whole segments.
    readable
        Shape (segments,): whether at least half of a segment can be read.
    """

def run_network(classifier: Classifier, signal: ArrayLike) -> NDArray[np.float32]:
    """Return what the network alone answers, for comparisons with other engines.

    Parameters
    ----------
    classifier
        Whose network it is.
    signal
        Shape (n,): as :func:`preprocess` returns it, whole segments, no more than a window.

    Returns
    -------
    numpy.ndarray
        Shape (segments, classes + evidence).

    Raises
    ------
    ValueError
        If it is empty, not of whole segments, or longer than a window.
    """

def band_pass(
    signal: ArrayLike, low: float, high: float, half_width: int, rate: float
) -> NDArray[np.float32]:
    """Return what the filter of a model's signal block makes of a whole signal.

    Parameters
    ----------
    signal
        Shape (n,). Before its start and behind its end it counts as its first and last value.
    low, high
        Band that passes, Hz; a `high` of 0: all from `low` on.
    half_width
        Samples on either side that the filter sees.
    rate
        Of the signal, Hz.

    Raises
    ------
    ValueError
        If the signal is empty or there is no such filter.
    """

def scale_locally(signal: ArrayLike, readable: ArrayLike, rate: float) -> NDArray[np.float32]:
    """Return a filtered signal divided by its running robust amplitude: the scale ``"local"``.

    Parameters
    ----------
    signal
        Shape (n,), filtered.
    readable
        Shape (n,), 0 for samples that do not count.
    rate
        Of both, Hz.
    """

def find_beats(x: ArrayLike, fs: float) -> NDArray[np.float64]:
    """Find the heartbeats of one lead.

    The method is that of Pan and Tompkins [1]_ and Hamilton [2]_, band and widths as Elgendi [3]_
    found them best: the slope of a band of 6 to 15 Hz, averaged over 135 ms, against a threshold
    between the level of the beats around and that of other waves. Unit, offset and polarity do not
    matter. Where nothing stands out, as in noise, there are no beats.

    Parameters
    ----------
    x
        Shape (n,): integers or floats in any unit. Where they are not finite, or beyond 1e12, is a
        gap: bridged by a straight line, and if it lasts 40 ms or more without a beat.
    fs
        Sampling rate in Hz, 10 to 100,000. Below some 60 Hz the QRS complex is not in the signal
        any more, and beats will be missed.

    Returns
    -------
    array of float64, shape (beats,)
        Times of the R peaks in seconds from the first sample, ascending. Where a QRS complex points
        down, of its lowest point.

    Raises
    ------
    ValueError
        Not one-dimensional, with masked samples, or an impossible ``fs``.
    TypeError
        Not an array of integers or floats.

    References
    ----------
    .. [1] J. Pan and W. J. Tompkins, "A real-time QRS detection algorithm", IEEE Trans.
       Biomed. Eng. 32(3), 1985.
    .. [2] P. Hamilton, "Open source ECG analysis", Computers in Cardiology 29, 2002.
    .. [3] M. Elgendi, "Fast QRS detection with an optimized knowledge-based method", PLoS ONE 8(9),
       2013.

    Examples
    --------
    >>> beats = ecgrt.find_beats(x, fs=300)
    >>> rate = 60 / np.median(np.diff(beats))
    """

def find_evidence(x: ArrayLike, fs: float) -> dict[str, str]:
    """Tell in words what beats and signal of one lead show: facts, no diagnosis.

    Parameters
    ----------
    x, fs
        As of :func:`find_beats`.

    Returns
    -------
    dict
        A sentence for each code. One of ``"rate"``, ``"slow"`` (below 50 a minute), ``"fast"``
        (above 100) and ``"no_beats"``, and of the others those that hold, each by a threshold on a
        rhythm feature: ``"regular"``, ``"irregular"``, ``"p_wave"``, ``"no_p_wave"``,
        ``"premature"``, ``"broad"``, ``"long_interval"``, ``"other_shapes"`` (of some complexes),
        ``"unlike"`` (so many that nothing is said of the others), ``"few_beats"``, ``"noise"``. How
        often each is said of which rhythm stands in docs/evidence.md.

    Raises
    ------
    ValueError, TypeError
        As of :func:`find_beats`.

    Examples
    --------
    >>> record = ecgrt.read_record("examples/records/S0006")
    >>> ecgrt.find_evidence(record.signal, record.fs)["irregular"]
    'irregular intervals: 73 % of them differ from the one before by more than a tenth'
    """

def rhythm_features(x: ArrayLike, fs: float) -> NDArray[np.float32]:
    """Return what beats and signal tell of the rhythm, for a model's record head.

    All are finite, hardly any larger than 3, and need neither the unit nor the polarity. What
    each is, and its value where beats are too few, stands in ``cpp/signal/rhythm_features.h``.
    """

def rhythm_feature_names() -> tuple[str, ...]:
    """Return the names of :func:`rhythm_features`, in order."""

CHANNEL_MULTIPLE: int
PLAN_FORMAT_VERSION: int
POOLING_FLOOR: float

def check_metadata(json: str) -> None:
    """Raise ValueError that names the field if a model's metadata is not valid."""

def decide(
    json: str,
    answers: ArrayLike,
    readable: ArrayLike | None = None,
    rhythm: ArrayLike | None = None,
    min_confidence: float = 0.0,
) -> tuple[str | None, NDArray[np.float32]]:
    """Return a record's label and probabilities from the answers of its segments.

    Parameters
    ----------
    json
        The model's metadata.
    answers
        Shape (segments, classes + evidence): what the network answers.
    readable
        Shape (segments,), 0 for those to leave out; None: all count.
    rhythm
        The features that the record head names, if the model has one.
    min_confidence
        As of :meth:`Classifier.predict`.
    """

def read_rows(
    text: bytes,
    first: int,
    delimiter: str | None,
    decimal: str,
    width: int,
    sample: int,
    time: int | None,
) -> tuple[NDArray[np.float64], int]:
    """Read the plain rows with which a part of a table of text begins.

    What is plain stands in ``cpp/number_rows.h``; what is not, ``ecgrt.records`` knows how to read.

    Parameters
    ----------
    text
        ASCII or UTF-8, in lines that end in a line feed.
    first
        Byte at which a line begins.
    delimiter
        Tab, semicolon or comma; None: blanks.
    decimal
        ``"."``, or ``","``, beside which points count too.
    width
        Cells of a row.
    sample, time
        Numbers of the cells to read, from 0.

    Returns
    -------
    table
        Shape (rows, 1), or (rows, 2) if there is a time.
    next
        Byte at which the first line begins that is not plain; or the text's length.
    """

AF: str
AF_CLASS: str
NOISE_CLASS: str
NOT_AF: str
NO_STATE: int
UNREADABLE: str

def states_of(classes: Sequence[str]) -> tuple[str, ...]:
    """Return what a model of these classes can say of a stretch, apart from unreadable."""

def state_probabilities(classes: Sequence[str], pooled: ArrayLike) -> NDArray[np.float64]:
    """Return the probability of each state, given that the signal can be read.

    Parameters
    ----------
    classes
        The model's.
    pooled
        Shape (steps, classes).

    Returns
    -------
    array of shape (steps, states)
        NaN where noise is the most probable class.
    """

def step_count(duration: float, hop: float) -> int:
    """Return how many steps a record has; the last may be shorter, but not under half a step."""

def windows_of_steps(steps: int, windows: int, window: float, hop: float) -> NDArray[np.intp]:
    """Return for each step the number of the window whose middle is nearest, (steps,)."""

def smooth(probabilities: ArrayLike, width: int) -> NDArray[np.float64]:
    """Return the running median over `width` (odd) answers, of those that are there.

    Where there is no answer, there is none afterwards either.
    """

def follow(probabilities: ArrayLike, margin: float) -> NDArray[np.intp]:
    """Return the state of each step: one stays until another is above it by `margin`.

    After a step without an answer the most probable state is taken.
    """

def runs_of(states: ArrayLike) -> NDArray[np.intp]:
    """Return where each run of equal states begins, and the end of the last, (runs + 1,)."""

def absorb_short(states: ArrayLike, shortest: int) -> NDArray[np.intp]:
    """Give runs of less than `shortest` steps, the shortest first, to their longer neighbour.

    Stretches without an answer are runs like any other. A run that is the whole record stays.
    """

def check_timeline_settings(
    window: float, hop: float, smoothing: float, margin: float, shortest: float
) -> None:
    """Raise ValueError for what no timeline can be made with."""

def find_episodes(
    states: ArrayLike,
    probabilities: ArrayLike,
    edges: ArrayLike,
    gaps: Sequence[tuple[float, float, str]],
) -> list[_Span]:
    """Divide a record into stretches of one state each; see :mod:`ecgrt.rhythm.episodes`."""

def readable_share(unreadable: Sequence[float], seconds: float) -> float:
    """Return the share of a record, 0 to 1, that stretches of so many seconds leave."""

def find_burden(
    states: ArrayLike, probabilities: ArrayLike, lengths: ArrayLike, state: int
) -> tuple[float, float, float]:
    """Return the share of a state, the expected one, and its seconds.

    See :class:`ecgrt.rhythm.burden.Burden`.
    """

def answers_of(states: ArrayLike, probabilities: ArrayLike, state: int) -> NDArray[np.float64]:
    """Return the probability of one state at each step, (steps,).

    A step without an answer of its own, in an episode, is as its episode is.
    """

def make_timeline(
    classes: Sequence[str],
    windows: Sequence[_Window],
    seconds: float,
    segment: float,
    window: float,
    hop: float,
    smoothing: float,
    margin: float,
    shortest: float,
) -> tuple[
    NDArray[np.intp],
    NDArray[np.float64],
    NDArray[np.float64],
    list[_Span],
    tuple[tuple[float, float, str], ...],
    list[str],
]:
    """Tell what a record was, all along, by the answers of its windows.

    Parameters
    ----------
    classes
        The model's.
    windows
        Of each its start, its probabilities, the share of it that can be read, its gaps in
        seconds from its start, and a code and a sentence for each of its warnings.
    seconds
        How long the record lasts.
    segment
        Seconds of one segment of the model's answer.
    window, hop, smoothing, margin, shortest
        As of :class:`ecgrt.rhythm.states.Settings`.

    Returns
    -------
    states, probabilities, edges
        As of :class:`ecgrt.rhythm.timeline.Timeline`.
    spans
        The whole record, divided: start, end, number of the state, probability, reason.
    gaps
        Start, end and reason.
    warnings
        What speaks against most windows, in sentences.
    """

def supported_isas() -> list[str]:
    """Return the instruction sets that this processor runs, the best first.

    But AMX comes last: it is for plans in bfloat16.
    """
