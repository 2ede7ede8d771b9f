"""UCI Multiple Features: six descriptions of handwritten digits."""

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ..errors import FusebenchError
from ._files import check_choice, fingerprint_files, hold_out
from .data import Kind, Modality, MultimodalData, Splits
from .features.base import Featurizer
from .features.vector import Passthrough
from .fetching import Download
from .registry import Card, Dataset, register_dataset
from .storage import find_data, read_data

if TYPE_CHECKING:
    from sklearn.utils import Bunch

__all__ = ["MultipleFeatures"]

URL = "https://archive.ics.uci.edu/ml/machine-learning-databases/mfeat"
SOURCE = (
    f"{URL} (the six files mfeat-fou, mfeat-fac, "
    "mfeat-kar, mfeat-pix, mfeat-zer and mfeat-mor, 7 MB, in the folder mfeat), or take the option "
    "source=openml"
)
N_CLASSES, N_EACH = 10, 200
MOST_BYTES = 20_000_000
# By the name of the file: columns, number on openml.org.
VIEWS = {
    "fou": (76, 14),
    "fac": (216, 12),
    "kar": (64, 16),
    "pix": (240, 20),
    "zer": (47, 22),
    "mor": (6, 18),
}


@register_dataset("mfeat")
class MultipleFeatures(Dataset):
    """Six views of 2,000 handwritten digits of Dutch utility maps, 200 of each.

    Parameters
    ----------
    source : {"files", "openml"}
        Read the files of UCI in the folder mfeat, or download the views from openml.org through
        `sklearn.datasets.fetch_openml`, which keeps them in its own cache.

    References
    ----------
    A. K. Jain, R. P. W. Duin and J. Mao, "Statistical pattern recognition: a review", IEEE Transactions on
    Pattern Analysis and Machine Intelligence 22(1), 2000.
    """

    downloads = tuple(Download(f"{URL}/mfeat-{view}", f"mfeat/mfeat-{view}") for view in VIEWS)

    def __init__(self, *, source: str = "files") -> None:
        self.source = check_choice("source", source, ("files", "openml"))

    @property
    def card(self) -> Card:
        """Say what the six views are."""
        return Card(
            title="UCI Multiple Features: handwritten digits in six views",
            description=(
                "2,000 handwritten digits, 200 of each, cut from Dutch utility maps and described in six "
                "ways: 76 Fourier coefficients of the shape (fou), 216 profile correlations (fac), 64 "
                "Karhunen-Loeve coefficients (kar), 240 averages of 2 x 3 pixels (pix), 47 Zernike moments "
                "(zer) and 6 morphological features (mor). There is no published split: the seed draws 1,120 "
                "for training, 280 for validation and 600 for test, stratified by digit."
            ),
            modalities=dict.fromkeys(VIEWS, Kind.VECTOR),
            classes=tuple(str(digit) for digit in range(N_CLASSES)),
            views=dict.fromkeys(VIEWS, ("vector",)),
            embedded=False,
            licence="CC BY 4.0",
            citation="R. Duin (1998). Multiple Features. UCI Machine Learning Repository.",
            source=SOURCE,
        )

    def load(self, seed: int = 0) -> Splits:
        """Read the six views and draw the splits.

        Raises
        ------
        DataNotFoundError
            If a file is missing.
        FusebenchError
            If one is damaged, or openml.org gives something else than expected.
        """
        read = self._read if self.source == "files" else _download
        # The rows are 200 of each digit, from 0 to 9, in every view.
        y = np.repeat(np.arange(N_CLASSES), N_EACH)
        data = MultimodalData({view: Modality(Kind.VECTOR, read(view)) for view in VIEWS}, y)
        rest, test = hold_out(y, 0.3, self.name, "test", seed)
        train, validation = hold_out(y[rest], 0.2, self.name, "validation", seed)
        return Splits(data.take(rest[train]), data.take(rest[validation]), data.take(test))

    def featurizer(self) -> Featurizer:
        """Take the views as they are."""
        return Featurizer({view: Passthrough() for view in VIEWS})

    def fingerprint(self) -> str:
        """Hash the files, or name what is downloaded: openml.org never changes a numbered data set."""
        if self.source == "openml":
            return "openml-" + "-".join(str(number) for _, number in VIEWS.values())
        paths = [find_data(_file(view), data_dir=self.data_dir, source=SOURCE) for view in VIEWS]
        return fingerprint_files(self, paths)

    def _read(self, view: str) -> NDArray[np.float32]:
        return read_data(
            _file(view), lambda path: _read_table(path, view), data_dir=self.data_dir, source=SOURCE
        )


def _file(view: str) -> str:
    return f"mfeat/mfeat-{view}"


def _read_table(path: Path, view: str) -> NDArray[np.float32]:
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(f"it has more than {MOST_BYTES} bytes")
    numbers = np.array(path.read_bytes().split(), np.float32)
    return _check(numbers.reshape(N_CLASSES * N_EACH, -1) if numbers.size else numbers, view)


def _download(view: str) -> NDArray[np.float32]:
    from sklearn.datasets import fetch_openml

    number = VIEWS[view][1]
    try:
        found: Bunch = fetch_openml(data_id=number, as_frame=False, parser="liac-arff")
        values = _check(np.asarray(found.data, np.float32), view)
        if len(set(found.target.tolist())) != N_CLASSES or (np.diff(_codes(found.target)) != 0).sum() != 9:
            raise ValueError("its rows are not ordered by digit")
    except (OSError, ValueError) as error:
        raise FusebenchError(f"openml.org data set {number} ({view}) cannot be used: {error}.") from error
    return values


def _codes(target: NDArray) -> NDArray[np.int64]:
    codes: NDArray[np.int64] = np.unique(target, return_inverse=True)[1]
    return codes


def _check(values: NDArray[np.float32], view: str) -> NDArray[np.float32]:
    expected = (N_CLASSES * N_EACH, VIEWS[view][0])
    if values.shape != expected or not np.isfinite(values).all():
        raise ValueError(f"it must hold finite numbers of shape {expected}, however: {values.shape}")
    return values
