"""What data sets made of files share: a fingerprint, and a part of the training samples for validation."""

import json
from collections.abc import Iterable
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import FusebenchError, did_you_mean
from ..seeding import derive_seed
from .registry import Dataset
from .storage import hash_files

__all__ = ["check_choice", "fingerprint_files", "fingerprint_folder", "hold_out"]

MEDIA = (".jpg", ".jpeg", ".png", ".gif", ".bmp", ".webp", ".wav")


def check_choice(option: str, value: object, choices: tuple[str, ...]) -> str:
    """Return the value of an option if it is one of the choices.

    Raises
    ------
    FusebenchError
        If it is not.

    Examples
    --------
    >>> check_choice("split", "speaker", ("repetitions", "speakers"))
    Traceback (most recent call last):
    ...
    fusebench.errors.FusebenchError: There is no split 'speaker'; did you mean speakers?
    """
    if value not in choices:
        raise FusebenchError(f"There is no {option} {value!r}; {did_you_mean(str(value), choices)}")
    return str(value)


def fingerprint_files(dataset: Dataset, paths: Iterable[Path]) -> str:
    """Hash the options of a data set and the content of its files."""
    options = json.dumps({option: getattr(dataset, option) for option in dataset.options()})
    return sha256(f"{hash_files(paths)} {options}".encode()).hexdigest()


def fingerprint_folder(dataset: Dataset, folder: Path) -> str:
    """Hash the options, the names and sizes of all files, and the content of those that are no media."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    names = [f"{path.relative_to(folder).as_posix()} {path.stat().st_size}" for path in files]
    content = fingerprint_files(dataset, (path for path in files if path.suffix.lower() not in MEDIA))
    return sha256(f"{content} {names}".encode()).hexdigest()


def hold_out(labels: NDArray, share: float, *keys: str | int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Divide samples at random into training and validation, each class in the same proportion.

    Parameters
    ----------
    labels : numpy.ndarray of shape (n,)
        Classes.
    share : float
        Share of the samples for validation.
    *keys : str or int
        What the random numbers depend on: the name of the data set and the seed.

    Returns
    -------
    train, validation : numpy.ndarray of int64
        Rows, both sorted.

    Raises
    ------
    ValueError
        If a class has fewer than two samples, or a part would lack one.

    Examples
    --------
    >>> train, validation = hold_out(np.arange(8) % 2, 0.25, "mine", 0)
    >>> len(train), len(validation)
    (6, 2)
    """
    from sklearn.model_selection import train_test_split

    train, validation = train_test_split(
        np.arange(len(labels)),
        test_size=share,
        stratify=labels,
        random_state=derive_seed(*keys, "validation"),
    )
    return np.sort(train), np.sort(validation)
