"""The data that strategies are checked with."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from numpy.typing import NDArray

from ...datasets import large
from ...datasets.data import Kind, Modality, MultimodalData, Splits, Task
from ...seeding import make_generator

__all__ = ["ask", "drop", "fill_absent", "make_data", "on_disk"]


def make_data(n_modalities: int = 2, views: tuple[str, ...] = ("vector",)) -> Splits:
    """Make separable data of three classes: 150 training, 60 validation and 60 test samples.

    Where sequences are taken, the first modality is one, of different lengths; all are where vectors
    are not.
    """
    names = [chr(ord("a") + place) for place in range(n_modalities)]
    rng = make_generator("conformance", n_modalities, *views)
    centres = {name: 1.5 * rng.standard_normal((3, 4 + place)) for place, name in enumerate(names)}

    def draw(n: int) -> MultimodalData:
        y = np.arange(n) % 3
        modalities = {}
        for place, name in enumerate(names):
            sequence = "sequence" in views and (place == 0 or "vector" not in views)
            modalities[name] = _draw(centres[name][y], sequence, rng)
        return MultimodalData(modalities, y)

    return Splits(draw(150), draw(60), draw(60))


def _draw(centres: NDArray, sequence: bool, rng: np.random.Generator) -> Modality:
    n, d = centres.shape
    if not sequence:
        return Modality(Kind.VECTOR, (centres + rng.standard_normal((n, d))).astype(np.float32))
    frames = centres[:, None] * np.linspace(0.5, 1.5, 6)[:, None] + rng.standard_normal((n, 6, d))
    return Modality(Kind.SEQUENCE, frames.astype(np.float32), np.asarray(rng.integers(4, 7, size=n)))


def ask(data: MultimodalData, task: Task) -> MultimodalData:
    """Turn three classes into labels, of which class 1 has none and class 2 both, or into values."""
    labels = np.array([[1, 0], [0, 0], [1, 1]]) if task is Task.MULTILABEL else np.array([10.0, 11.0, 13.0])
    return MultimodalData(data.modalities, labels[data.labels], data.mask)


def drop(data: MultimodalData, share: float) -> MultimodalData:
    """Make a share of the entries absent, one a sample at most."""
    rng = make_generator("conformance absence", len(data))
    present = np.ones_like(data.mask)
    rows = rng.permutation(len(data))[: round(share * len(data))]
    present[rows, rng.integers(present.shape[1], size=len(rows))] = False
    return data.with_present(present)


def fill_absent(data: MultimodalData, garbage: float) -> MultimodalData:
    """Put a number where nothing is present."""
    for name, modality in data.modalities.items():
        values = modality.values.copy()
        values[~data.has(name)] = garbage
        data = data.with_modality(name, Modality(modality.kind, values, modality.lengths))
    return data


@contextmanager
def on_disk(parts: Sequence[MultimodalData]) -> Iterator[list[MultimodalData]]:
    """Map data from temporary files, and let all that is mapped count as too large for memory."""
    limit = large.LIMIT
    with TemporaryDirectory() as folder:

        def save(place: str, modality: Modality) -> Modality:
            path = Path(folder) / f"{place}.npy"
            np.save(path, modality.values)
            return replace(modality, values=np.load(path, mmap_mode="r"))

        mapped = [
            replace(data, modalities={name: save(f"{part}-{name}", m) for name, m in data.modalities.items()})
            for part, data in enumerate(parts)
        ]
        large.LIMIT = 0
        try:
            yield mapped
        finally:
            large.LIMIT = limit
