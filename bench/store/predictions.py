"""Kept predictions as a table of per-sample scores, for intervals and comparisons that cover test samples."""

import json
import zlib
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import BadZipFile

import numpy as np
from numpy.typing import NDArray

from ...errors import FusebenchError, did_you_mean
from ...results.location import open_folder
from ..planning.fingerprint import hash_json
from ..scenarios.registry import Condition, scenarios

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_outcomes", "read_samples"]


def _is_right(y: NDArray, probabilities: NDArray) -> NDArray[np.float64]:
    right: NDArray[np.bool_] = probabilities.argmax(axis=1) == y
    return right.astype(np.float64)


def _absolute_error(y: NDArray, values: NDArray) -> NDArray[np.float64]:
    error: NDArray[np.float64] = np.abs(values[:, 0].astype(np.float64) - y)
    return error


# What reading an .npz file raises, depending on which of its bytes are wrong.
_DAMAGED = (OSError, ValueError, LookupError, EOFError, RuntimeError, BadZipFile, zlib.error)

# Metrics that are means over samples of something that half precision suffices for.
_SCORES: dict[str, Callable[[NDArray, NDArray], NDArray[np.float64]]] = {
    "accuracy": _is_right,
    "mae": _absolute_error,
}


def read_samples(folder: str | Path, records: "pd.DataFrame", metric: str = "accuracy") -> "pd.DataFrame":
    """Score every kept prediction.

    Parameters
    ----------
    folder : path
        Of a run.
    records : pandas.DataFrame
        From `fusebench.results.records.read_records`; what is left of them is what is read, so choose the
        data sets, fusions and scenarios of interest first.
    metric : {"accuracy", "mae"}
        1 if the most probable class is right and 0 if not; or the absolute error. Class probabilities are
        kept in half precision, in which the two most probable classes may be equal; the first then counts.

    Returns
    -------
    pandas.DataFrame
        Columns of `fusebench.results.statistics.paired.SAMPLE_COLUMNS`, a row for each test sample of each
        condition of each cell that is done.

    Raises
    ------
    FusebenchError
        If the metric is no mean over samples, no cell is done, or a file lacks.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> from fusebench.bench.run import run
    >>> with TemporaryDirectory() as folder:
    ...     summary = run(datasets=["synth-xor"], fusions=[], scenarios=[], seeds=1, quick=True, out=folder)
    ...     samples = read_samples(folder, summary.records)
    >>> len(samples) == samples["fusion"].nunique() * samples["sample"].nunique()
    True
    """
    import pandas as pd

    from ...results.statistics.paired import SAMPLE_COLUMNS

    if metric not in _SCORES:
        raise FusebenchError(f"{metric!r} is no mean over samples; {did_you_mean(metric, _SCORES)}")
    done = records[(records["status"] == "done") & (records["metric"] == metric)]
    if done.empty:
        raise FusebenchError(f"No cell with the metric {metric!r} is done, so there are no predictions.")
    folder, parts = open_folder(folder), []
    for _, rows in done.groupby(["dataset", "training", "fusion", "seed", "key"]):
        cell = rows.iloc[0].to_dict()
        labels, predictions = _read_cell(folder, cell)
        for row in rows.to_dict("records"):
            slug = Condition(scenarios[row["scenario"]], row["modality"], row["severity"]).slug
            score = _SCORES[metric](labels.get(slug, labels["clean-0"]), predictions[slug])
            about = {name: row[name] for name in SAMPLE_COLUMNS if name in row}
            parts.append(pd.DataFrame({**about, "sample": labels["samples"], "score": score}))
    return pd.concat(parts, ignore_index=True)[list(SAMPLE_COLUMNS)]


def read_outcomes(folder: str | Path, records: "pd.DataFrame") -> "pd.DataFrame":
    """Read what was predicted for clean samples with one of several classes, and how sure.

    Parameters
    ----------
    folder : path
        Of a run.
    records : pandas.DataFrame
        As for `read_samples`.

    Returns
    -------
    pandas.DataFrame
        Columns of `fusebench.results.outcomes.OUTCOME_COLUMNS`. Cells whose predictions or labels are not
        there are left out: a folder may hold the records alone.
    """
    import pandas as pd

    from ...results.outcomes import OUTCOME_COLUMNS

    chosen = (
        (records["metric"] == "accuracy")
        & (records["mechanism"] == "clean")
        & (records["training"] == "clean")
    )
    folder, parts = open_folder(folder), [pd.DataFrame(columns=list(OUTCOME_COLUMNS))]
    for cell in records[chosen].to_dict("records"):
        try:
            labels, predictions = _read_cell(folder, cell, "clean-0")
        except FusebenchError:
            continue
        outputs = predictions["clean-0"].astype(np.float64)
        about = {name: cell[name] for name in ("dataset", "fusion", "seed")}
        told = {
            "label": labels["clean-0"],
            "predicted": outputs.argmax(axis=1),
            "confidence": outputs.max(axis=1),
        }
        parts.append(pd.DataFrame({**about, **told}))
    return pd.concat(parts[1:] or parts, ignore_index=True)


def _read_cell(
    folder: Path, cell: Mapping[Any, Any], *conditions: str
) -> tuple[dict[str, NDArray], dict[str, NDArray]]:
    """Read labels, and predictions by condition: those named, or all."""
    place = Path(cell["dataset"]) / cell["fusion"] / f"seed{cell['seed']}-{cell['key']}"
    try:
        document = json.loads((folder / "cells" / f"{place}.json").read_bytes())
        bundle = f"seed{cell['seed']}-{hash_json(document['ingredients']['features'])}.npz"
        labels = _unpack(folder / "labels" / cell["dataset"] / cell["training"] / bundle)
        return labels, _unpack(folder / "predictions" / f"{place}.npz", *conditions)
    except _DAMAGED as error:
        raise FusebenchError(
            f"The predictions or labels of {cell['fusion']} on {cell['dataset']}, seed {cell['seed']}, are "
            f"not in {str(folder)!r} or damaged ({error}); remove what is damaged and the cell, "
            f"cells/{place.as_posix()}.json, and repeat the run."
        ) from error


def _unpack(path: Path, *names: str) -> dict[str, NDArray]:
    with np.load(BytesIO(path.read_bytes()), allow_pickle=False) as arrays:
        return {name: arrays[name] for name in names or arrays.files}
