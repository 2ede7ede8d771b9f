"""The figure of how networks were trained."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from ..curves import average_curves, describe_limits, find_kept
from .palette import FAMILY_COLOURS, family_of
from .style import INK, drawing_style
from .svg import Drawing, finish, slug

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_curves"]

_COLUMNS = 4
_WIDTH = 12.4  # inches
_ROW = 1.9
_MOST = 20  # networks: more panels could not be compared, and make the page large
_MOST_EPOCHS = 20  # so would more points, and no curve clearer
_DASHED = (0, (3, 1.5))


def draw_curves(curves: pd.DataFrame, board: pd.DataFrame, dataset: str) -> Drawing | None:
    """Draw the losses of every network on one data set against the epoch, a panel for each strategy.

    Parameters
    ----------
    curves : pandas.DataFrame
        Columns of `fusebench.results.curves.CURVE_COLUMNS`.
    board : pandas.DataFrame
        The leaderboard of the data set; its order is that of the panels.
    dataset : str
        Which data set.
    """
    own = curves[curves["dataset"] == dataset]
    families = board.set_index("fusion")["family"]
    trained = [name for name in board["fusion"] if name in set(own["fusion"])]
    names = trained[:_MOST]
    if not names:
        return None
    kept = find_kept(own)
    means = _thin(average_curves(own), kept)
    n_columns = min(_COLUMNS, len(names))
    n_rows = -(-len(names) // n_columns)
    with drawing_style():
        figure = Figure(figsize=(_WIDTH * n_columns / _COLUMNS, _ROW * n_rows + 0.7), layout="constrained")
        grid = figure.subplots(n_rows, n_columns, squeeze=False)
        for axes, name in zip(grid.flat, names, strict=False):
            colour = FAMILY_COLOURS[family_of(families[name])]
            _draw_panel(axes, means[means["fusion"] == name], kept[kept["fusion"] == name], colour)
            axes.set(title=name)
        for axes in grid.flat[len(names) :]:
            axes.set_axis_off()
        for column in range(n_columns):
            last = max(row for row in range(n_rows) if row * n_columns + column < len(names))
            grid[last, column].set_xlabel("epoch")
        for axes in grid[:, 0]:
            axes.set_ylabel("loss")
        handles = [
            Line2D([], [], color=INK, label="validation, mean over seeds"),
            Patch(color=INK, alpha=0.15, label="lowest to highest seed"),
            Line2D([], [], color=INK, linestyle=_DASHED, label="training, mean over seeds"),
            Line2D([], [], color=INK, linestyle="", marker="o", markersize=3.5, label="kept, each seed"),
        ]
        figure.legend(handles=handles, loc="outside lower center", ncols=len(handles) if n_columns > 2 else 1)
        alt = (
            f"Line plots: loss of {len(names)} networks on {dataset} against the epoch, each with a dot "
            "where the weights of a seed were kept."
        )
        note = (
            "The loss is the cross-entropy in nats (of values: the squared error in units of their spread); "
            "that of training has what a strategy adds to it, and dropout, and is cut where it is higher. "
            f"Means are over the seeds that were still training. {describe_limits(kept)}"
        )
        if len(names) < len(trained):
            note += f" Drawn are the best {_MOST} of {len(trained)}; the file of numbers has all."
        title = f"{dataset}: how the networks learnt"
        return finish(figure, f"figure-curves-{slug(dataset)}", title, alt, _widen(means), note)


def _draw_panel(axes: "Axes", means: pd.DataFrame, kept: pd.DataFrame, colour: str) -> None:
    """Draw one strategy, on the scale of its validation loss."""
    for part, line in means.groupby("part"):
        dash = "-" if part == "validation" else _DASHED
        axes.plot(line["epoch"], line["mean"], color=colour, linestyle=dash, linewidth=1.4)
    validation = means[means["part"] == "validation"]
    ends = validation["low"], validation["high"]
    axes.fill_between(validation["epoch"], *ends, color=colour, alpha=0.15, linewidth=0)
    axes.plot(kept["epoch"], kept["loss"], "o", color=INK, markersize=3.5, clip_on=False)
    axes.set(ylim=(min(means["low"].min(), 0), 1.1 * max(validation["mean"].max(), 0) or 1))
    axes.grid(visible=False)
    axes.xaxis.set_major_locator(MaxNLocator(3, integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(3))


def _thin(means: pd.DataFrame, kept: pd.DataFrame) -> pd.DataFrame:
    """Choose epochs evenly where there are many: the first, the last and those that were kept stay."""
    parts = []
    for fusion, rows in means.groupby("fusion"):
        some: NDArray = np.linspace(1, rows["epoch"].max(), _MOST_EPOCHS).round()
        parts.append(rows[rows["epoch"].isin([*some, *kept.loc[kept["fusion"] == fusion, "epoch"]])])
    return pd.concat(parts)


def _widen(means: pd.DataFrame) -> pd.DataFrame:
    """Put training and validation of an epoch into one row."""
    rows = means.drop(columns="fits").set_index(["fusion", "epoch"])
    train, validation = (
        rows[rows["part"] == part].drop(columns="part").add_prefix(f"{part}_")
        for part in ("train", "validation")
    )
    return train.join(validation).round(4).reset_index()
