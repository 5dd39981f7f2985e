"""Classifiers of records for scikit-learn; needs the extra ``sklearn``.

They take a list of :class:`ecgrt.Record`, of any lengths and rates, or an array of records in rows.
As they expect signals and come trained, those of scikit-learn's checks that hand in a few columns
of numbers, or that train, do not apply; ``tests/test_sklearn.py`` runs the others.
"""

from __future__ import annotations

from collections.abc import Iterable
from os import PathLike
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from . import _core
from ._extras import require

_base = require("sklearn.base", extra="sklearn")
_Classifier: Any = _base.ClassifierMixin
_Estimator: Any = _base.BaseEstimator
_Transformer: Any = _base.TransformerMixin

if TYPE_CHECKING:
    from .records import Record

    Records = Iterable[Record] | npt.ArrayLike

__all__ = ["EcgClassifier", "EcgFeatures"]


class EcgClassifier(_Classifier, _Estimator):  # type: ignore[misc]
    """A plan as an estimator: for pipelines, scorers and whatever else asks ``predict``.

    Parameters
    ----------
    plan
        As of :class:`ecgrt.Classifier`; None: the compact model.
    fs
        Sampling rate of the rows of an array in Hz; None: the model's own. Records tell theirs.
    unit
        What the rows are in: ``"uV"``, ``"mV"``, ``"V"`` or ``"nV"``.
    threads
        As of :class:`ecgrt.Classifier`.

    Attributes
    ----------
    classes_
        Labels in the order of the probabilities, shape (classes,).
    """

    def __init__(
        self,
        plan: str | PathLike[str] | None = None,
        *,
        fs: float | None = None,
        unit: str = "uV",
        threads: int | None = None,
    ) -> None:
        self.plan = plan
        self.fs = fs
        self.unit = unit
        self.threads = threads

    def fit(self, X: Records | None = None, y: Any = None) -> EcgClassifier:  # noqa: N803
        """Load the plan. It is trained already: records and labels are not looked at."""
        del X, y
        self._classifier = _core.Classifier(self.plan, threads=self.threads)
        self.classes_ = np.array(self._classifier.classes)
        return self

    def predict_proba(self, X: Records) -> npt.NDArray[np.float32]:  # noqa: N803
        """Return the records' calibrated probabilities, shape (records, classes).

        NaN where a record cannot be read.

        Raises
        ------
        ValueError
            If a record is no signal that can be classified; its number is told.
        """
        _validation().check_is_fitted(self)
        found = self._classifier.predict_batch(_rows(X), self.fs, unit=self.unit)
        return np.array([p.probabilities for p in found]).reshape(len(found), self.classes_.size)

    def predict(self, X: Records) -> npt.NDArray[np.str_]:  # noqa: N803
        """Return the records' labels, shape (records,); empty where none can be given.

        Raises
        ------
        ValueError
            As of :meth:`predict_proba`.
        """
        _validation().check_is_fitted(self)
        found = self._classifier.predict_batch(_rows(X), self.fs, unit=self.unit)
        return np.array([p.label or "" for p in found], dtype=np.str_)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "_classifier")


class EcgFeatures(_Transformer, _Estimator):  # type: ignore[misc]
    """What beats and signal tell of the rhythm, as columns for a model of your own.

    Parameters
    ----------
    fs
        Sampling rate of the rows of an array in Hz. Records tell theirs.
    """

    def __init__(self, fs: float | None = None) -> None:
        self.fs = fs

    def fit(self, X: Records | None = None, y: Any = None) -> EcgFeatures:  # noqa: N803
        """Do nothing: there is nothing to learn."""
        del X, y
        return self

    def transform(self, X: Records) -> npt.NDArray[np.float32]:  # noqa: N803
        """Return the features, shape (records, features); all are finite.

        Raises
        ------
        ValueError
            If an array is given and `fs` is not, or a record is no signal.
        """
        return np.array([self._features(row) for row in _rows(X)])

    def _features(self, row: Any) -> npt.NDArray[np.float32]:
        fs = getattr(row, "fs", self.fs)
        if fs is None:
            raise ValueError("fs is None; give the sampling rate of the array's rows in Hz")
        return _core.rhythm_features(getattr(row, "signal", row), fs)

    def get_feature_names_out(self, input_features: Any = None) -> npt.NDArray[np.object_]:
        """Return the columns' names, shape (features,)."""
        del input_features
        return np.array(_core.rhythm_feature_names(), dtype=object)

    def __sklearn_is_fitted__(self) -> bool:
        return True


def _validation() -> Any:
    return require("sklearn.utils.validation", extra="sklearn")


def _rows(records: Any) -> list[Any]:
    # One of objects holds records, as scikit-learn's splits of them do.
    if isinstance(records, np.ndarray) and records.dtype != object and records.ndim != 2:
        raise ValueError(f"X has {records.ndim} dimensions; it must have records in rows")
    return list(records)
