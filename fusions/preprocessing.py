"""Standardisation that looks at what is present only."""

from collections.abc import Callable
from dataclasses import replace
from typing import Self

import numpy as np
from numpy.typing import NDArray

from ..datasets.data import MultimodalData
from ..datasets.large import make_like, pieces

__all__ = ["Standardizer"]


class Standardizer:
    """Centre and scale every feature by its training samples that are present.

    Features on a common scale are all divided by one number, the root of their mean variance. Absent samples
    and padding become exactly 0, so that their content reaches nobody; for a vector this is mean imputation.
    Constant features become 0.

    Attributes
    ----------
    mean_, scale_ : dict of str to numpy.ndarray of shape (d,)
        By modality. A modality that is never present has mean 0 and scale 1.

    Examples
    --------
    >>> from fusebench.datasets.data import Kind, Modality
    >>> x = np.array([[1.0], [3.0], [np.nan]], np.float32)
    >>> data = MultimodalData({"a": Modality(Kind.VECTOR, x)}, present=np.array([[True], [True], [False]]))
    >>> Standardizer().fit(data).transform(data).modalities["a"].values.ravel()
    array([-1.,  1.,  0.], dtype=float32)
    """

    mean_: dict[str, NDArray[np.float64]]
    scale_: dict[str, NDArray[np.float64]]

    def fit(self, data: MultimodalData) -> Self:
        """Learn mean and spread of every feature."""
        self.mean_, self.scale_ = {}, {}
        for name, modality in data.modalities.items():
            self.mean_[name], spread = _measure(modality.values, data.valid(name))
            # Rounding gives a constant feature a spread of about 1e-8 of its size, which means nothing.
            varies = spread > 1e-6 * np.abs(self.mean_[name]) + 1e-12
            if modality.common_scale:
                spread = np.full_like(spread, np.sqrt((spread**2).mean()))
            self.scale_[name] = np.where(varies, spread, np.inf)
        return self

    def transform(self, data: MultimodalData) -> MultimodalData:
        """Standardise; float32, the same shapes."""
        modalities = {}
        for name, modality in data.modalities.items():
            valid, old = data.valid(name), modality.values
            values = make_like(old, old.shape)
            for part in pieces(old):
                rows = valid[part]
                values[part][rows] = (old[part][rows] - self.mean_[name]) / self.scale_[name]
            modalities[name] = replace(modality, values=values)
        return replace(data, modalities=modalities)


def _measure(values: NDArray, valid: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean and standard deviation of every feature where it may be read, shape (d,).

    NumPy adds rows one after the other, so that the sums are the same numbers however many pieces there are;
    of a single feature, which it adds in another way, up to rounding.
    """
    count = int(valid.sum())
    if count == 0:
        return np.zeros(values.shape[-1]), np.zeros(values.shape[-1])
    parts = list(pieces(values))

    def average(change: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> NDArray[np.float64]:
        total = None
        for part in parts:
            rows = change(values[part][valid[part]].astype(np.float64))
            if total is not None:
                rows = np.concatenate([total, rows])
            total = rows.sum(axis=0, keepdims=True)
        assert total is not None  # noqa: S101  (there are rows; for the type checker)
        averages: NDArray[np.float64] = total[0] / count
        return averages

    mean = average(lambda rows: rows)
    return mean, np.sqrt(average(lambda rows: np.square(rows - mean)))
