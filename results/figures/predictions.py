"""Figures of what was predicted: reliability diagrams and confusion matrices."""

import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from ..outcomes import confusion, reliability
from ..statistics.patterns import MAJORITY
from .marks import style_lines
from .palette import CONTROL
from .style import LINE, drawing_style
from .svg import Drawing, finish, slug

__all__ = ["draw_confusion", "draw_reliability"]

_MOST_CLASSES = 20  # more cannot be read
_MOST_NUMBERS = 10
_LEAST_SHARE = 0.005  # rounds to 0 %
_FEWEST_SAMPLES = 10  # a share of fewer says nothing


def draw_reliability(
    outcomes: pd.DataFrame, board: pd.DataFrame, dataset: str, baseline: str
) -> Drawing | None:
    """Draw how often the first fusions of a data set are right, against how sure they are.

    Parameters
    ----------
    outcomes : pandas.DataFrame
        Columns of `fusebench.results.outcomes.OUTCOME_COLUMNS`.
    board : pandas.DataFrame
        The leaderboard of the data set.
    dataset : str
        Which data set.
    baseline : str
        Drawn in black.
    """
    own = outcomes[outcomes["dataset"] == dataset]
    styles = {name: style for name, style in style_lines(board, baseline).items() if name != MAJORITY}
    bins = {name: reliability(own[own["fusion"] == name]) for name in styles}
    bins = {name: table[table["samples"] >= _FEWEST_SAMPLES] for name, table in bins.items()}
    bins = {name: table for name, table in bins.items() if not table.empty}
    if not bins:
        return None
    with drawing_style():
        figure = Figure(figsize=(4.6, 4.6 + 0.2 * len(bins)), layout="constrained")
        axes = figure.subplots()
        axes.plot([0, 1], [0, 1], color=LINE, linewidth=2, zorder=1)
        for name, table in bins.items():
            axes.plot(table["confidence"], table["accuracy"], marker="o", markersize=3.5, **styles[name])
            axes.lines[-1].set_label(name)
        axes.set(
            xlim=(0, 1.02), ylim=(0, 1.02), xlabel="probability of the class predicted", ylabel="share right"
        )
        figure.legend(loc="outside lower center", ncols=2)
        alt = (
            f"Reliability diagram of {dataset}: share of clean test samples that are right against the "
            f"probability given to the class predicted, in ten bins, of {', '.join(bins)}; on the diagonal "
            "they agree, below it a fusion is too sure."
        )
        data = pd.concat([table.assign(fusion=name) for name, table in bins.items()])
        title = f"{dataset}: are the probabilities right?"
        note = (
            "On the diagonal probabilities are right; below it a fusion is too sure, above it not sure "
            f"enough. Points are tenths of the probability with at least {_FEWEST_SAMPLES} samples."
        )
        return finish(figure, f"figure-reliability-{slug(dataset)}", title, alt, data, note)


def draw_confusion(
    outcomes: pd.DataFrame, board: pd.DataFrame, dataset: str, baseline: str
) -> Drawing | None:
    """Draw which class is taken for which by the first fusion of a data set, and by the baseline.

    Parameters are those of `draw_reliability`; None for more classes than can be read.
    """
    own = outcomes[outcomes["dataset"] == dataset]
    ranked = board[board["score"].notna() & (board["family"] != CONTROL)]
    names = [*ranked["fusion"].head(1), baseline]
    tables = {name: confusion(own[own["fusion"] == name]) for name in names if name in set(own["fusion"])}
    n_classes = max((len(table) for table in tables.values()), default=0)
    if not 0 < n_classes <= _MOST_CLASSES:
        return None
    side = 1.2 + 0.36 * n_classes
    with drawing_style():
        figure = Figure(figsize=(max(side, 2.6) * len(tables), max(side, 2.6) + 0.3), layout="constrained")
        grid = figure.subplots(1, len(tables), squeeze=False)[0]
        for axes, (name, table) in zip(grid, tables.items(), strict=True):
            numbers = n_classes <= _MOST_NUMBERS
            shown = {"fmt": ".0f", "annot": 100 * table if numbers else None, "annot_kws": {"size": 7.5}}
            shown["mask"] = table < _LEAST_SHARE
            sns.heatmap(table, ax=axes, vmin=0, vmax=1, cmap="Greys", cbar=False, square=True, **shown)
            axes.set_facecolor("white")  # the colour of none, in the dark theme too
            axes.spines[["left", "bottom", "right", "top"]].set_visible(True)
            axes.set(title=name, xlabel="predicted", ylabel="true class")
            axes.grid(visible=False)
            axes.tick_params(axis="y", rotation=0)
        alt = (
            f"Confusion matrices of {dataset} on clean data: share (in percent) of the samples of each true "
            f"class (rows) that is taken for each class (columns), over all seeds, of {', '.join(tables)}."
        )
        parts = [
            table.reset_index().melt("label", value_name="share").assign(fusion=name)
            for name, table in tables.items()
        ]
        data = pd.concat(parts)
        title = f"{dataset}: which class is taken for which"
        note = "Percent of the samples of the true class, over all seeds; clean data. Empty: less than 0.5."
        return finish(figure, f"figure-confusion-{slug(dataset)}", title, alt, data[data["share"] > 0], note)
