"""What the figures are made of: dots with intervals, reference lines, the legend of families."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from matplotlib.lines import Line2D
from numpy.typing import ArrayLike

from ..statistics.patterns import MAJORITY
from .palette import CONTROL, FAMILY_COLOURS, FAMILY_MARKERS, family_of
from .style import INK, LINE, PAPER

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure
    from matplotlib.transforms import Transform

__all__ = [
    "add_family_legend",
    "draw_curves",
    "draw_dots",
    "draw_markers",
    "mark_horizontal",
    "mark_vertical",
    "style_lines",
]

_DASHED = (0, (4, 2))
_LEGEND_COLUMNS = 7
_LEADERS = 4
_DASHES = ("-", (0, (5, 1.5)), (0, (1.5, 1)), (0, (6, 1.5, 1.5, 1.5)))


def draw_dots(
    axes: "Axes", rows: pd.DataFrame, mean: str, low: str, high: str, hollow: pd.Series | None = None
) -> None:
    """Draw a dot with its interval for each row, from top to bottom, named by the fusion."""
    rows = rows.assign(place=np.arange(len(rows)))
    axes.grid(visible=False, axis="y")
    across = axes.get_yaxis_transform()
    _draw_segments(
        axes, np.zeros(len(rows)), np.ones(len(rows)), rows["place"], across, color=LINE, linewidth=0.6
    )
    for family, own in rows.groupby(rows["family"].map(family_of)):
        colour = FAMILY_COLOURS[family]
        _draw_segments(axes, own[low], own[high], own["place"], axes.transData, color=colour, linewidth=1.6)
    draw_markers(axes, rows, mean, "place")
    if hollow is not None:
        unclear = rows[hollow]
        axes.plot(unclear[mean], unclear["place"], "o", color=PAPER, markersize=2.5, zorder=4)
    axes.set_yticks(rows["place"], rows["fusion"])
    axes.set(ylim=(len(rows) - 0.4, -0.6))


def draw_curves(axes: "Axes", rows: pd.DataFrame, **style: Any) -> None:
    """Draw the mean of each fusion against severity, all curves as one path with gaps, as segments are."""
    curves = rows.pivot(index="fusion", columns="severity", values="mean").sort_index(axis=1)
    gaps = np.full((len(curves), 1), np.nan)
    x = np.tile([*curves.columns, np.nan], len(curves))
    axes.plot(x, np.hstack([curves, gaps]).ravel(), **style)


def draw_markers(axes: "Axes", rows: pd.DataFrame, x: str, y: str) -> None:
    """Draw a marker for each row, in the colour and shape of its family."""
    for family, own in rows.groupby(rows["family"].map(family_of)):
        axes.plot(own[x], own[y], linestyle="", **_marker(family))


def mark_vertical(axes: "Axes", values: Iterable[float]) -> None:
    """Draw a dashed line up and down at each value that is known."""
    for value in values:
        if not np.isnan(value):
            axes.axvline(value, color=INK, linewidth=0.9, linestyle=_DASHED, zorder=1)


def mark_horizontal(axes: "Axes", values: Iterable[float], name: str) -> None:
    """Draw a named dashed line from left to right at each value that is known."""
    for value in values:
        if not np.isnan(value):
            axes.axhline(value, color=INK, linewidth=0.9, linestyle=_DASHED, zorder=1)
            coordinates = ("axes fraction", "data")
            axes.annotate(name, (1, value), (-2, 3), coordinates, "offset points", fontsize=8, ha="right")


def add_family_legend(figure: "Figure", families: Iterable[str]) -> None:
    """Explain colours and markers below the figure."""
    present = {family_of(family) for family in families}
    names = [name for name in FAMILY_COLOURS if name in present]
    handles = [Line2D([], [], linestyle="", label=name, **_marker(name)) for name in names]
    n_rows = -(-len(names) // _LEGEND_COLUMNS)
    figure.legend(handles=handles, loc="outside lower center", ncols=-(-len(names) // n_rows))


def style_lines(board: pd.DataFrame, baseline: str) -> dict[str, dict[str, Any]]:
    """Styles of the lines to be told apart: family gives the colour, a second of a family is dashed."""
    scored = board[board["score"].notna()]
    styles: dict[str, dict[str, Any]] = {}
    used: dict[str, int] = {}
    for row in scored[scored["family"] != CONTROL].head(_LEADERS).itertuples():
        family = family_of(str(row.family))
        dash = _DASHES[used.get(family, 0)]
        used[family] = used.get(family, 0) + 1
        styles[str(row.fusion)] = {"color": FAMILY_COLOURS[family], "linestyle": dash, "linewidth": 1.6}
    for name, colour, dash in (
        (baseline, INK, (0, (4, 2))),
        (MAJORITY, FAMILY_COLOURS[CONTROL], (0, (1, 1.5))),
    ):
        if name in set(scored["fusion"]):
            styles[name] = {"color": colour, "linestyle": dash, "linewidth": 1.4}
    return styles


def _marker(family: str) -> dict[str, Any]:
    colour, marker = FAMILY_COLOURS[family], FAMILY_MARKERS[family]
    return {"color": colour, "marker": marker, "markersize": 6, "markeredgewidth": 0, "clip_on": False}


def _draw_segments(
    axes: "Axes", start: ArrayLike, end: ArrayLike, place: pd.Series, transform: "Transform", **style: Any
) -> None:
    """Draw all horizontal segments as one path with gaps, which keeps the SVG small."""
    gap = np.full(len(place), np.nan)
    x = np.column_stack([start, end, gap]).ravel()
    axes.plot(x, np.repeat(place, 3), transform=transform, **style)
