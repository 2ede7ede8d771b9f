"""The data container: modalities, labels, and which of them are there.

What is absent is absent: the content of an absent entry means nothing and nobody reads it.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import FusebenchError
from .large import take_rows

__all__ = ["Kind", "Modality", "MultimodalData", "Splits", "Task"]


class Kind(StrEnum):
    """What one sample of a modality looks like."""

    VECTOR = "vector"
    SEQUENCE = "sequence"
    IMAGE = "image"
    AUDIO = "audio"
    TEXT = "text"


class Task(StrEnum):
    """What is to be predicted."""

    CLASSIFICATION = "classification"
    MULTILABEL = "multilabel"
    REGRESSION = "regression"


_NDIM = {Kind.VECTOR: 2, Kind.SEQUENCE: 3, Kind.IMAGE: 4, Kind.AUDIO: 2, Kind.TEXT: 1}
_SHAPE = {
    Kind.VECTOR: "(n, d)",
    Kind.SEQUENCE: "(n, T, d)",
    Kind.IMAGE: "(n, c, h, w)",
    Kind.AUDIO: "(n, T)",
    Kind.TEXT: "(n,)",
}


@dataclass(frozen=True, eq=False)
class Modality:
    """One input channel of n samples.

    Parameters
    ----------
    kind : Kind
        How `values` is to be read.
    values : numpy.ndarray
        ========  ============  ===================================================
        kind      shape         content
        ========  ============  ===================================================
        vector    (n, d)        float32 features
        sequence  (n, T, d)     float32 features, padded at the end to T frames
        image     (n, c, h, w)  uint8 pixels
        audio     (n, T)        float32 waveform in [-1, 1], padded at the end
        text      (n,)          unicode strings
        ========  ============  ===================================================
    lengths : numpy.ndarray of shape (n,), optional
        Valid frames or samples of a sequence or audio; all of them when left out.
    rate : float, optional
        Samples per second, for audio.
    common_scale : bool
        Whether the features are in one unit, as coordinates on principal axes are, so that their spreads
        say which of them matter. A strategy then scales them all alike instead of each to spread 1.

    Raises
    ------
    FusebenchError
        If the shape does not fit the kind or the lengths do not fit the shape.

    Examples
    --------
    >>> Modality(Kind.SEQUENCE, np.zeros((2, 5, 3), np.float32)).lengths
    array([5, 5])
    >>> Modality(Kind.VECTOR, np.zeros(3, np.float32))
    Traceback (most recent call last):
    ...
    fusebench.errors.FusebenchError: A vector modality has shape (n, d), however: (3,).
    """

    kind: Kind
    values: NDArray
    lengths: NDArray[np.int64] | None = None
    rate: float | None = None
    common_scale: bool = False

    def __post_init__(self) -> None:
        shape = self.values.shape
        if len(shape) != _NDIM[self.kind]:
            raise FusebenchError(
                f"A {self.kind.value} modality has shape {_SHAPE[self.kind]}, however: {shape}."
            )
        if self.kind not in (Kind.SEQUENCE, Kind.AUDIO):
            if self.lengths is not None:
                raise FusebenchError(f"A {self.kind.value} modality has no lengths.")
            return
        lengths = np.full(shape[0], shape[1]) if self.lengths is None else np.asarray(self.lengths)
        if lengths.shape != shape[:1]:
            raise FusebenchError(f"lengths must have shape ({shape[0]},), however: {lengths.shape}.")
        if len(lengths) and not (lengths.min() >= 1 and lengths.max() <= shape[1]):
            raise FusebenchError(
                f"lengths must lie between 1 and {shape[1]}, however: {lengths.min()} to {lengths.max()}."
            )
        object.__setattr__(self, "lengths", lengths.astype(np.int64))

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Restore saved state, in which the kind may have become a plain string."""
        self.__dict__.update(state, kind=Kind(state["kind"]))

    def __len__(self) -> int:
        return len(self.values)

    def take(self, index: NDArray) -> "Modality":
        """Select samples by an integer or boolean index; what is too large for memory goes to disk."""
        lengths = None if self.lengths is None else self.lengths[index]
        return replace(self, values=take_rows(self.values, index), lengths=lengths)

    def frame_mask(self) -> NDArray[np.bool_]:
        """Tell valid frames from padding, shape (n, T); for sequences and audio."""
        if self.lengths is None:
            raise FusebenchError(f"A {self.kind.value} modality has no frames.")
        return np.arange(self.values.shape[1]) < self.lengths[:, None]


@dataclass(frozen=True, eq=False)
class MultimodalData:
    """Samples with several modalities and a label.

    Parameters
    ----------
    modalities : mapping of str to Modality
        All of the same length n; M of them.
    y : numpy.ndarray, optional
        Class labels of shape (n,); or floats of shape (n,) to regress on; or 0 and 1 of shape (n, k), which
        of k labels apply.
    present : numpy.ndarray of bool, shape (n, M), optional
        Which entries are there, columns in the order of `modalities`; all of them when left out.

    Raises
    ------
    FusebenchError
        If lengths or shapes do not agree.

    Examples
    --------
    >>> data = MultimodalData(
    ...     {"audio": Modality(Kind.VECTOR, np.ones((4, 2), np.float32)),
    ...      "video": Modality(Kind.VECTOR, np.ones((4, 3), np.float32))},
    ...     y=np.array([0, 1, 0, 1]),
    ... )
    >>> data.without("video").present.mean(axis=0)
    array([1., 0.])
    >>> len(data.take(data.y == 1))
    2
    """

    modalities: Mapping[str, Modality]
    y: NDArray | None = None
    present: NDArray[np.bool_] | None = None

    def __post_init__(self) -> None:
        if not self.modalities:
            raise FusebenchError("Data needs at least one modality.")
        sizes = {name: len(modality) for name, modality in self.modalities.items()}
        n = next(iter(sizes.values()))
        if len(set(sizes.values())) > 1:
            raise FusebenchError(f"Modalities must have the same number of samples, however: {sizes}.")
        if self.y is not None:
            _check_targets(self.y, n)
        mask = np.ones((n, len(sizes)), bool) if self.present is None else np.asarray(self.present)
        if mask.shape != (n, len(sizes)) or mask.dtype != bool:
            raise FusebenchError(
                f"present must be boolean of shape ({n}, {len(sizes)}), however: {mask.dtype} {mask.shape}."
            )
        object.__setattr__(self, "present", mask)
        object.__setattr__(self, "modalities", dict(self.modalities))

    def __len__(self) -> int:
        return len(self.mask)

    @property
    def names(self) -> list[str]:
        """Names of the modalities, in the order of the columns of `present`."""
        return list(self.modalities)

    @property
    def mask(self) -> NDArray[np.bool_]:
        """`present`, which is never None once made."""
        assert self.present is not None  # noqa: S101  (set by __post_init__; for the type checker)
        return self.present

    @property
    def labels(self) -> NDArray:
        """`y`, or an error that says that labels are needed.

        Raises
        ------
        FusebenchError
            If there are none.
        """
        if self.y is None:
            raise FusebenchError("This needs labels: y is None.")
        return self.y

    @property
    def task(self) -> Task:
        """What the labels ask for: two dimensions are labels of which several apply, floats are values.

        Raises
        ------
        FusebenchError
            If there are no labels.
        """
        if self.labels.ndim == 2:
            return Task.MULTILABEL
        return Task.REGRESSION if self.labels.dtype.kind == "f" else Task.CLASSIFICATION

    def has(self, name: str) -> NDArray[np.bool_]:
        """Which samples have this modality, shape (n,)."""
        return self.mask[:, self.names.index(name)]

    def valid(self, name: str) -> NDArray[np.bool_]:
        """Tell what of a modality may be read: shape (n,), or (n, T) where it has frames."""
        modality, present = self.modalities[name], self.has(name)
        return present if modality.lengths is None else modality.frame_mask() & present[:, None]

    def take(self, index: NDArray) -> "MultimodalData":
        """Select samples by an integer or boolean index."""
        return MultimodalData(
            {name: modality.take(index) for name, modality in self.modalities.items()},
            None if self.y is None else self.y[index],
            self.mask[index],
        )

    def select(self, names: Iterable[str]) -> "MultimodalData":
        """Keep these modalities only, in this order."""
        kept = list(names)
        columns = [self.names.index(name) for name in kept]
        return MultimodalData({name: self.modalities[name] for name in kept}, self.y, self.mask[:, columns])

    def with_present(self, present: NDArray[np.bool_]) -> "MultimodalData":
        """Replace the mask, shape (n, M)."""
        return replace(self, present=present)

    def with_modality(self, name: str, modality: Modality) -> "MultimodalData":
        """Replace the content of one modality."""
        return replace(self, modalities={**self.modalities, name: modality})

    def without(self, *names: str) -> "MultimodalData":
        """Mark modalities as absent for every sample."""
        present = self.mask.copy()
        present[:, [self.names.index(name) for name in names]] = False
        return self.with_present(present)


def _check_targets(y: NDArray, n: int) -> None:
    if y.ndim not in (1, 2) or len(y) != n:
        raise FusebenchError(f"y must have shape ({n},) or ({n}, number of labels), however: {y.shape}.")
    if y.ndim == 2 and not np.isin(y, (0, 1)).all():
        raise FusebenchError("Where several labels may apply, y holds 0 and 1 only.")
    if y.dtype.kind == "f" and not np.isfinite(y).all():
        row = int(np.flatnonzero(~np.isfinite(y))[0])
        raise FusebenchError(f"y must be finite, however: {y[row]} in row {row}.")


@dataclass(frozen=True, eq=False)
class Splits:
    """Training, validation and test data: fitted on, tuned on, scored.

    Parameters
    ----------
    train, validation, test : MultimodalData
        Disjoint samples.
    """

    train: MultimodalData
    validation: MultimodalData
    test: MultimodalData
