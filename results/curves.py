"""How networks were trained: losses of every epoch, over the seeds of a data set."""

import numpy as np
import pandas as pd

__all__ = ["CURVE_COLUMNS", "average_curves", "describe_limits", "find_kept"]

CURVE_COLUMNS = ("dataset", "fusion", "seed", "epoch", "part", "loss", "max_epochs")
"""One row a loss: of which epoch of which fit, from 1; of ``train`` or ``validation``; the epochs allowed."""

_FIT = ["fusion", "seed"]


def average_curves(curves: pd.DataFrame) -> pd.DataFrame:
    """Average the losses of an epoch over the seeds that reached it.

    Parameters
    ----------
    curves : pandas.DataFrame
        Columns of `CURVE_COLUMNS`, of one data set.

    Returns
    -------
    pandas.DataFrame
        Columns ``fusion``, ``part``, ``epoch``, ``mean``, ``low``, ``high`` (the lowest and the highest
        seed), ``fits``: fewer in late epochs, as fits stop.

    Examples
    --------
    >>> losses = {"seed": [0, 0, 1], "epoch": [1, 2, 1], "loss": [0.9, 0.7, 0.5]}
    >>> average_curves(pd.DataFrame(losses).assign(fusion="gmu", part="train"))
      fusion   part  epoch  mean  low  high  fits
    0    gmu  train      1   0.7  0.5   0.9     2
    1    gmu  train      2   0.7  0.7   0.7     1
    """
    grouped = curves.groupby(["fusion", "part", "epoch"])["loss"]
    return grouped.agg(mean="mean", low="min", high="max", fits="size").reset_index()


def find_kept(curves: pd.DataFrame) -> pd.DataFrame:
    """Find the epoch of each fit whose weights were kept: that of the least validation loss.

    Parameters
    ----------
    curves : pandas.DataFrame
        As for `average_curves`.

    Returns
    -------
    pandas.DataFrame
        A row a fit: ``fusion``, ``seed``, ``epoch``, ``loss``, and ``at_limit``: whether training ended
        because there were no more epochs, when the loss might have fallen further.
    """
    validation = curves[curves["part"] == "validation"].reset_index(drop=True)
    kept = validation.loc[validation.groupby(_FIT)["loss"].idxmin()]
    last = validation.groupby(_FIT)["epoch"].max()
    ended = last.reindex(pd.MultiIndex.from_frame(kept[_FIT])).to_numpy()
    at_limit = np.asarray(ended == kept["max_epochs"])
    return kept[[*_FIT, "epoch", "loss"]].assign(at_limit=at_limit).reset_index(drop=True)


def describe_limits(kept: pd.DataFrame) -> str:
    """Say which fits ended at the limit of epochs.

    Examples
    --------
    >>> describe_limits(pd.DataFrame({"fusion": ["gmu", "gmu", "film"], "at_limit": [True, False, False]}))
    'Stopped by the limit of epochs, not by the validation loss: gmu (1 of 2 fits).'
    """
    counts = kept.groupby("fusion")["at_limit"].agg(["sum", "size"])
    ended = [f"{name} ({n} of {of} fits)" for name, n, of in counts.itertuples() if n]
    if not ended:
        return "Every fit ended because its validation loss had stopped falling."
    return f"Stopped by the limit of epochs, not by the validation loss: {', '.join(ended)}."
