"""The featurizer of a data set: one extractor a modality, fitted on the training split only."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Protocol, Self

import numpy as np
from numpy.typing import NDArray

from ...errors import FusebenchError
from ..data import Modality, MultimodalData
from ..large import draw_piece, is_large, make_like, pieces

__all__ = ["Extractor", "Featurizer", "Views"]


class Extractor(Protocol):
    """Makes the views of one modality.

    ``fit`` sees present training samples only; ``transform`` may see any content in samples that are
    absent and gives features of the same length there, which nobody reads. The features of a sample do not
    depend on the others, save for the padding of sequences to the longest.
    """

    def fit(self, modality: Modality) -> Self:
        """Learn from raw training samples."""

    def transform(self, modality: Modality) -> dict[str, Modality]:
        """Give every view that the extractor offers, by name."""


@dataclass(frozen=True, eq=False)
class Views:
    """Featurised data: every view of every modality.

    Parameters
    ----------
    modalities : mapping of str to mapping of str to Modality
        By modality, then by view.
    y : numpy.ndarray of shape (n,) or None
        Labels.
    present : numpy.ndarray of bool, shape (n, M)
        As in `MultimodalData`.
    """

    modalities: Mapping[str, Mapping[str, Modality]]
    y: NDArray | None
    present: NDArray[np.bool_]

    def choose(self, preferences: Iterable[str]) -> MultimodalData:
        """Pick one view a modality: the first of `preferences` that it offers.

        Raises
        ------
        FusebenchError
            If a modality offers none of them.
        """
        wanted = tuple(preferences)
        chosen = {}
        for name, views in self.modalities.items():
            view = next((view for view in wanted if view in views), None)
            if view is None:
                raise FusebenchError(
                    f"The modality {name!r} offers {' and '.join(views)}, not {' or '.join(wanted)}."
                )
            chosen[name] = views[view]
        return MultimodalData(chosen, self.y, self.present)


class Featurizer:
    """One extractor for each modality.

    Parameters
    ----------
    extractors : mapping of str to Extractor
        By modality, in the order of the data.

    Examples
    --------
    >>> from fusebench.datasets.data import Kind
    >>> from fusebench.datasets.features.vector import Passthrough
    >>> data = MultimodalData({"a": Modality(Kind.VECTOR, np.ones((3, 2), np.float32))})
    >>> Featurizer({"a": Passthrough()}).fit(data).transform(data).choose(["vector"]).names
    ['a']
    """

    def __init__(self, extractors: Mapping[str, Extractor]) -> None:
        self.extractors = dict(extractors)

    def fit(self, train: MultimodalData) -> Self:
        """Fit every extractor on the training samples that have its modality.

        Of a modality that is too large for memory as many are drawn as make one piece of it.
        """
        for name, extractor in self.extractors.items():
            modality = train.modalities[name]
            rows = draw_piece(modality.values, np.flatnonzero(train.has(name)))
            extractor.fit(modality.take(rows))
        return self

    def transform(self, data: MultimodalData) -> Views:
        """Compute every view of every modality."""
        return Views(
            {name: self.transform_modality(name, modality) for name, modality in data.modalities.items()},
            data.y,
            data.mask,
        )

    def transform_modality(self, name: str, modality: Modality) -> dict[str, Modality]:
        """Compute every view of one modality, so that a change to it recomputes nothing else."""
        extractor = self.extractors[name]
        return (
            _transform_pieces(extractor, modality)
            if is_large(modality.values)
            else extractor.transform(modality)
        )


def _transform_pieces(extractor: Extractor, modality: Modality) -> dict[str, Modality]:
    """Compute every view piece by piece; what is too large for memory goes to disk."""
    n = len(modality)
    longest = 0 if modality.lengths is None else int(modality.lengths.argmax())
    views = {}
    for name, one in extractor.transform(modality.take(np.array([longest]))).items():
        values = make_like(modality.values, (n, *one.values.shape[1:]), one.values.dtype)
        lengths = None if one.lengths is None else np.ones(n, np.int64)
        views[name] = replace(one, values=values, lengths=lengths)
    for part in pieces(modality.values):
        for name, piece in extractor.transform(modality.take(np.arange(part.start, part.stop))).items():
            view = views[name]
            if view.lengths is not None and piece.lengths is not None:
                view.lengths[part] = piece.lengths
                view.values[part, : piece.values.shape[1]] = piece.values
            else:
                view.values[part] = piece.values
    return views
