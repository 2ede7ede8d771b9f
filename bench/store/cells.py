"""Finished cells on disk: one JSON file each, with its predictions beside it."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import Any, Protocol
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from ...errors import FusebenchError, StorageError
from ...results.files import write_atomically
from ...results.location import is_remote, open_folder
from ..planning.plan import Bundle, Cell

__all__ = ["CellResult", "DamagedCellError", "Named", "Store", "has_failed"]

_PROBE_BYTES = 2**20  # a disk that has no room for these has none for a run


class DamagedCellError(FusebenchError):
    """The file of a cell is torn or was changed by hand."""


@dataclass(frozen=True)
class CellResult:
    """What came of a cell.

    Parameters
    ----------
    status : str
        ``done``, ``skipped``, ``failed`` or ``diverged``, ``out-of-memory``, ``timeout``.
    reason : str
        One line, for a cell that is not done.
    traceback : str
        For a failure.
    scores : list of dict
        For every condition: scenario, modality, severity, the seconds of prediction, and a value for
        every metric.
    fit_seconds : float
        Wall time of ``fit`` on one thread; NaN if not done.
    fit_bytes : float
        Memory that ``fit`` took at its peak, see `fusebench.bench.cost.read_peak`; NaN if not known.
    n_parameters : float
        From `fusebench.bench.cost.count_parameters`; NaN if not known.
    n_test : int
        Number of test samples.
    warnings : list of str
        Messages that libraries gave during the fit.
    history : dict
        The learning curve of a network, see `fusebench.bench.store.fits.find_history`; empty without one.
    not_scored : dict of str to str
        Slugs of the conditions that the data cannot be put under, with the reasons.
    trials : list of dict
        What tuning tried, see `fusebench.bench.store.fits.list_trials`; empty without it.
    """

    status: str
    reason: str = ""
    traceback: str = ""
    scores: list[dict[str, Any]] = field(default_factory=list)
    fit_seconds: float = float("nan")
    fit_bytes: float = float("nan")  # cells of older versions have neither this nor the next
    n_parameters: float = float("nan")
    n_test: int = 0
    warnings: list[str] = field(default_factory=list)
    history: dict[str, Any] = field(default_factory=dict)  # nor these
    not_scored: dict[str, str] = field(default_factory=dict)
    trials: list[dict[str, Any]] = field(default_factory=list)

    @property
    def failed(self) -> bool:
        """Whether it should have scores and has none."""
        return has_failed(self.status)


def has_failed(status: str) -> bool:
    """Tell whether a cell of this status should have scores and has none; what is skipped should not."""
    return status not in ("done", "skipped")


class Named(Protocol):
    """What the files of a cell are named by: the cell, or its line in a plan."""

    @property
    def dataset(self) -> str:
        """Name of the data set."""

    @property
    def fusion(self) -> str:
        """Name of the strategy."""

    @property
    def seed(self) -> int:
        """The seed."""

    @property
    def key(self) -> str:
        """Hash of all that its numbers depend on."""


class Store:
    """The folder of a run.

    Parameters
    ----------
    folder : path
        Holds ``cells/DATASET/FUSION/seedN-KEY.json`` and, with the same name, ``.npz`` under
        ``predictions/``: for every condition the class or label probabilities as float16 of shape
        (n, n_classes), or values as float32 of shape (n, 1). ``masks/DATASET/TRAINING/seedN-KEY.npz``
        tells what was present, and the same name under ``labels/`` what was right; its KEY is that of
        the features.
    """

    def __init__(self, folder: str | Path) -> None:
        self.folder = open_folder(folder)

    def check_writable(self) -> None:
        """Make the folder and try it, so that a run does not find out at its end.

        Raises
        ------
        StorageError
            If it cannot be written to, is a file, or the disk is full.
        """
        if not is_remote(self.folder) and self.folder.is_file():
            raise StorageError(f"{str(self.folder)!r} is a file; a run needs a folder.")
        probe = self.folder / f".{uuid4().hex[:8]}.probe.tmp"
        write_atomically(probe, bytes(_PROBE_BYTES))
        probe.unlink(missing_ok=True)

    def path(self, cell: Named, kind: str = "cells", suffix: str = ".json") -> Path:
        """Where a cell's file is, or will be."""
        return self.folder / kind / cell.dataset / cell.fusion / f"seed{cell.seed}-{cell.key}{suffix}"

    def list_remote_cells(self) -> set[str] | None:
        """List the files of cells behind a URL, a thousand with a request; None for a local folder."""
        if not is_remote(self.folder):
            return None
        return {str(path) for path in (self.folder / "cells").rglob("*.json")}

    def load(self, cell: Named) -> CellResult | None:
        """Read a cell's result; None if it was not run.

        Raises
        ------
        DamagedCellError
            If the file is not what was written.
        """
        path = self.path(cell)
        try:
            content = path.read_bytes()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise DamagedCellError(
                f"The cell file {path} cannot be read: {error.strerror or error}."
            ) from error
        try:
            document = json.loads(content)
            if document.pop("checksum") != _checksum(document):
                raise ValueError("its checksum does not fit its content")
            return CellResult(**document["result"])
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DamagedCellError(
                f"The cell file {path} is damaged ({error}); it will be run again."
            ) from error

    def save(self, cell: Cell, result: CellResult, predictions: Mapping[str, NDArray]) -> None:
        """Write a cell, the predictions first, so that a cell that is there has them.

        Parameters
        ----------
        predictions : dict of str to numpy.ndarray of shape (n, n_outputs)
            By the slug of the condition.
        """
        if predictions:
            write_atomically(self.path(cell, "predictions", ".npz"), _pack(predictions))
        document: dict[str, Any] = {"ingredients": cell.ingredients, "result": asdict(result)}
        document = json.loads(json.dumps(document, default=str))
        document["checksum"] = _checksum(document)
        write_atomically(self.path(cell), json.dumps(document, indent=1).encode())

    def save_masks(self, bundle: Bundle, masks: Mapping[str, NDArray[np.bool_]]) -> None:
        """Write what was present, beside the name of each column.

        Parameters
        ----------
        masks : mapping of str to numpy.ndarray of bool, shape (n, M)
            For training and validation, and by the slug of each condition that differs from clean data.
        """
        names = np.array(list(bundle.dataset.card.modalities))
        self._save_arrays("masks", bundle, {"modalities": names, **masks})

    def save_labels(self, bundle: Bundle, labels: Mapping[str, NDArray]) -> None:
        """Write what the predictions are to be compared with.

        Parameters
        ----------
        labels : mapping of str to numpy.ndarray
            By the slug of each condition that differs from clean data; ``samples`` of shape (n,) tells
            which test sample is which.
        """
        self._save_arrays("labels", bundle, labels)

    def _save_arrays(self, kind: str, bundle: Bundle, arrays: Mapping[str, NDArray]) -> None:
        folder = self.folder / kind / bundle.dataset.name / bundle.training.label
        path = folder / f"seed{bundle.seed}-{bundle.key}.npz"
        if not path.exists():
            write_atomically(path, _pack(arrays))


def _pack(arrays: Mapping[str, NDArray]) -> bytes:
    """Make the content of an ``.npz`` file."""
    buffer = BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def _checksum(document: dict[str, Any]) -> str:
    return sha256(json.dumps(document, sort_keys=True).encode()).hexdigest()
