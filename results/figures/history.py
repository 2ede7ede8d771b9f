"""The figures of the history: a row of small panels for each strategy, in the colour of its family."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure

from ..tables.formatting import format_number, format_seconds, join_words
from .palette import FAMILY_COLOURS, family_of
from .style import drawing_style
from .svg import Drawing, finish, slug

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_family"]

_WIDTH, _ROW = 12.4, 1.25  # inches
_MAX_LABELS = 12  # on the axis of a panel
_MIN_SPAN = 0.05  # of a score axis: what is smaller than this should not look large
_TIMES = ("fit", "predict", "time")
_DASHES = ("-", (0, (4, 2)), (0, (1.5, 1)), (0, (6, 1.5, 1.5, 1.5)))


def draw_family(drawn: pd.DataFrame, entries: pd.DataFrame, family: str) -> Drawing:
    """Draw each quantity of each strategy of a family over the measurements.

    Parameters
    ----------
    drawn : pandas.DataFrame
        From `fusebench.results.report.history.tabulate_history`, of one family.
    entries : pandas.DataFrame
        Columns of `fusebench.results.report.history.ENTRY_COLUMNS`.
    family : str
        The family, for colour and title.
    """
    quantities = sorted(drawn["quantity"].unique(), key=lambda name: (name not in _TIMES, name))
    names = sorted(drawn["name"].unique())
    colour = FAMILY_COLOURS[family_of(family)]
    with drawing_style():
        figure = Figure(figsize=(_WIDTH, _ROW * len(names) + 0.7), layout="constrained")
        grid = figure.subplots(len(names), len(quantities), sharex=True, squeeze=False)
        for row, name in zip(grid, names, strict=True):
            for axes, quantity in zip(row, quantities, strict=True):
                own = drawn[(drawn["name"] == name) & (drawn["quantity"] == quantity)]
                _draw_panel(axes, own, entries, colour, quantity)
                axes.set_title(f"{name}: {quantity}")
        for axes in grid[-1]:
            _label_commits(axes, entries)
        alt = (
            f"Small multiples: {join_words(quantities)} of {len(names)} of {family} over "
            f"{len(entries)} measurements, from {entries['label'].iloc[0]} to {entries['label'].iloc[-1]}. "
            "The numbers are in the CSV."
        )
        data = drawn.merge(entries[["entry", "label", "date", "machine"]], on="entry")
        title = f"{family.capitalize()}: {join_words(quantities)} over commits"
        return finish(figure, f"figure-{slug(family)}", title, alt, data)


def _draw_panel(axes: "Axes", own: pd.DataFrame, entries: pd.DataFrame, colour: str, quantity: str) -> None:
    """Draw a line with its band; times of different machines are not joined."""
    is_time = quantity in _TIMES
    machines = entries.set_index("entry")["machine"] if is_time else pd.Series("", index=entries["entry"])
    for dash, machine in zip(_cycle(machines.nunique()), machines.unique(), strict=True):
        where = machines.index[machines == machine]
        line = own.set_index("entry").reindex(where).rename_axis("entry").reset_index()
        axes.fill_between(line["entry"], line["low"], line["high"], color=colour, alpha=0.2, linewidth=0)
        sns.lineplot(
            x=line["entry"],
            y=line["mean"],
            ax=axes,
            color=colour,
            linestyle=dash,
            linewidth=1.4,
            marker="o",
            markersize=4,
            markeredgewidth=0,
            errorbar=None,
        )
    axes.set(xlabel="", ylabel="", xlim=(-0.5, len(entries) - 0.5))
    if is_time:
        axes.set_ylim(0, 1.15 * float(np.nanmax([*own["high"], *own["mean"], 1e-9])))
        axes.yaxis.set_major_formatter(lambda value, _: format_seconds(value) if value else "0")
    elif not own.empty:
        ends = own[["mean", "low", "high"]].to_numpy()
        low, high = float(np.nanmin(ends)), float(np.nanmax(ends))
        pad = max(0.1 * (high - low), (_MIN_SPAN - (high - low)) / 2)
        axes.set_ylim(low - pad, high + pad)
        axes.yaxis.set_major_formatter(lambda value, _: format_number(value))
    axes.locator_params(axis="y", nbins=4)


def _cycle(n: int) -> list[object]:
    return [_DASHES[place % len(_DASHES)] for place in range(n)]


def _label_commits(axes: "Axes", entries: pd.DataFrame) -> None:
    step = -(-len(entries) // _MAX_LABELS)
    shown = entries.iloc[::step]
    axes.set_xticks(shown["entry"], shown["label"], rotation=45, ha="right", rotation_mode="anchor")
