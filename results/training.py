"""Scores of strategies that learnt from faulty data are kept apart from the others."""

import pandas as pd

from ..errors import FusebenchError

__all__ = ["CLEAN", "LABEL", "label_training", "note_training", "select_ranked"]

CLEAN = "clean"

LABEL = " [train: "
"""Between the name of a data set and that of what was learnt from."""


def label_training(records: pd.DataFrame) -> pd.DataFrame:
    """Name what was learnt from in the data set, so that no average joins clean and faulty training.

    Parameters
    ----------
    records : pandas.DataFrame
        Validated records.

    Returns
    -------
    pandas.DataFrame
        The column ``dataset`` says ``digits [train: label-noise-3]`` where training was not clean.

    Examples
    --------
    >>> records = pd.DataFrame({"dataset": "digits", "training": ["clean", "label-noise-3"]})
    >>> label_training(records)["dataset"].tolist()
    ['digits', 'digits [train: label-noise-3]']
    """
    label = records["dataset"] + LABEL + records["training"] + "]"
    return records.assign(dataset=records["dataset"].where(records["training"] == CLEAN, label))


def select_ranked(records: pd.DataFrame) -> pd.DataFrame:
    """Keep the records that one leaderboard may be made of: those of clean training.

    Records of a single training scenario are kept whatever it is.

    Raises
    ------
    FusebenchError
        If there are several training scenarios and clean is not among them.
    """
    names = sorted(records["training"].unique())
    if len(names) == 1:
        return records
    if CLEAN not in names:
        raise FusebenchError(
            f"One leaderboard has one training scenario, however: {', '.join(names)}; choose one."
        )
    return records[records["training"] == CLEAN]


def note_training(records: pd.DataFrame) -> list[str]:
    """Say what a leaderboard leaves out; empty if nothing.

    Examples
    --------
    >>> note_training(pd.DataFrame({"training": ["clean", "unpaired-3", "label-noise-3"]}))
    ['Ranked after training on clean data. Beside it: label-noise-3, unpaired-3.']
    """
    others = sorted(set(records["training"].unique()) - set(select_ranked(records)["training"].unique()))
    if not others:
        return []
    return [f"Ranked after training on clean data. Beside it: {', '.join(others)}."]
