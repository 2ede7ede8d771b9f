"""The figures of the report, drawn from tables of means and intervals."""

from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, NullLocator

from ..records import MAX_SEVERITY
from ..statistics.patterns import MAJORITY, PATTERNS
from ..tables.formatting import ABSENT, format_number, format_seconds, format_signed
from ..training import LABEL
from .labels import label_points
from .marks import (
    add_family_legend,
    draw_curves,
    draw_dots,
    draw_markers,
    mark_horizontal,
    mark_vertical,
    style_lines,
)
from .palette import CONTROL
from .style import FAINT, INK, drawing_style
from .svg import Drawing, finish, slug

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["draw_clean", "draw_cost", "draw_gain", "draw_missing", "draw_severity"]

_WIDTH = 12.4  # inches: fills the page's column
_ROW = 0.2
_CURVE = ["scenario", "modality", "severity", "level", "fusion", "mean", "low", "high"]


def draw_clean(intervals: pd.DataFrame, board: pd.DataFrame, baseline: str) -> Drawing | None:
    """Draw the score of every fusion on the clean data of each data set, beside the best single modality.

    Parameters
    ----------
    intervals : pandas.DataFrame
        From `fusebench.results.statistics.stats.condition_intervals`.
    board : pandas.DataFrame
        The leaderboard; its order is that of the rows.
    baseline : str
        Where the vertical lines are.
    """
    metric = board["metric"].iloc[0]
    clean = intervals[(intervals["mechanism"] == "clean") & intervals["mean"].notna()]
    unscored = board.loc[~board["fusion"].isin(clean["fusion"]), "fusion"]
    board = board[board["fusion"].isin(clean["fusion"]) & (board["fusion"] != MAJORITY)]
    if board.empty:  # the majority, far below the others, would squeeze them together
        return None
    datasets = list(clean["dataset"].unique())
    n_columns = len(datasets) if len(datasets) <= 4 else min(4, -(-len(datasets) // 2))
    n_rows = -(-len(datasets) // n_columns)
    with drawing_style():
        figure = Figure(figsize=(_WIDTH, n_rows * (_ROW * len(board) + 0.7) + 0.5), layout="constrained")
        grid = figure.subplots(n_rows, n_columns, sharey=True, squeeze=False)
        for axes, dataset in zip(grid.flat, datasets, strict=False):
            own = clean.loc[clean["dataset"] == dataset, ["fusion", "mean", "low", "high"]]
            rows = board[["fusion", "family"]].merge(own, on="fusion", how="left")
            draw_dots(axes, rows, "mean", "low", "high")
            mark_vertical(axes, rows.loc[rows["fusion"] == baseline, "mean"])
            axes.set(xlabel=metric, xlim=_limit(rows))
            title = dataset.replace(LABEL, f"\n{LABEL.lstrip()}")
            axes.set_title(title, size=7.5 if LABEL in dataset else None)
        for axes in grid.flat[len(datasets) :]:
            axes.set_axis_off()
        add_family_legend(figure, board["family"])
        alt = (
            f"Dot plot: {metric} of {len(board)} fusions and controls on the clean data of "
            f"{_list(datasets)}, each with its 95 % interval over seeds; a dashed line marks {baseline}. "
            "The tables hold the numbers."
        )
        data = clean.loc[clean["fusion"].isin(board["fusion"]), ["dataset", "fusion", "mean", "low", "high"]]
        note = f"Lines are 95 % intervals for new seeds, cut where they are very long. {_explain_gaps(data)}"
        if baseline in data["fusion"].values:
            note = f"{note.strip()} Dashed: {baseline}."
        if len(unscored):
            note = f"{note.strip()} Without any score: {_list(unscored)}."
        note = note.strip()
        return finish(figure, "figure-clean", f"{metric.capitalize()} on clean data", alt, data, note)


def draw_gain(board: pd.DataFrame) -> Drawing | None:
    """Draw the gain of every ranked fusion over the best single modality; None if there is no gain."""
    rows = board[board["gain"].notna() & (board["family"] != CONTROL)]
    rows = rows.sort_values(["gain", "fusion"], ascending=[False, True], ignore_index=True)
    if rows.empty:
        return None
    metric, basis = board["metric"].iloc[0], board["gain_basis"].iloc[0]
    with drawing_style():
        figure = Figure(figsize=(_WIDTH * 0.65, _ROW * len(rows) + 1.3), layout="constrained")
        axes = figure.subplots()
        draw_dots(axes, rows, "gain", "gain_low", "gain_high", hollow=rows["beats_unimodal"] == "unclear")
        mark_vertical(axes, [0.0])
        axes.set(xlabel=f"gain in {metric} over the best single modality (right is better)")
        add_family_legend(figure, rows["family"])
        first, last = rows.iloc[0], rows.iloc[-1]
        counts = rows["beats_unimodal"].value_counts()
        alt = (
            f"Forest plot: gain in {metric} over the best single modality, with 95 % intervals ({basis}), "
            f"from {first['fusion']} ({format_signed(first['gain'])}) to {last['fusion']} "
            f"({format_signed(last['gain'])}); {counts.get('yes', 0)} above 0, {counts.get('no', 0)} below, "
            f"{counts.get('unclear', 0)} unclear (hollow)."
        )
        data = rows[["fusion", "family", "gain", "gain_low", "gain_high", "gain_basis", "beats_unimodal"]]
        ends = rows[["gain", "gain_low"]].set_axis(["mean", "low"], axis=1)
        note = f"Lines are 95 % intervals ({basis}). Hollow: the interval includes 0. {_explain_gaps(ends)}"
        title = "Gain over the best single modality"
        return finish(figure, "figure-gain", title, alt, data, note.strip())


def draw_cost(board: pd.DataFrame, sign: int, baseline: str) -> Drawing | None:
    """Draw the score against the time of a fit; None if no time is known.

    The fusions that no other beats in both are named first, others as far as there is room.
    """
    rows = board[board["score"].notna() & (board["fit_seconds"] > 0) & (board["family"] != CONTROL)]
    if rows.empty:
        return None
    metric = board["metric"].iloc[0]
    rows = rows.assign(gain=rows["score"] * sign).sort_values(
        ["fit_seconds", "gain"], ascending=[True, False]
    )
    front = rows[rows["gain"] > rows["gain"].cummax().shift(fill_value=-np.inf)]
    with drawing_style():
        figure = Figure(figsize=(_WIDTH * 0.65, 4.2), layout="constrained")
        axes = figure.subplots()
        draw_markers(axes, rows, "fit_seconds", "score")
        axes.step(front["fit_seconds"], front["score"], where="post", color=FAINT, linewidth=1, zorder=1)
        mark_horizontal(axes, board.loc[board["fusion"] == baseline, "score"], baseline)
        axes.set(xscale="log", xlabel="mean time of a fit", ylabel=metric)
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
        axes.xaxis.set_major_formatter(lambda value, _: format_seconds(value))
        axes.xaxis.set_minor_locator(NullLocator())
        axes.margins(x=0.12, y=0.1)
        add_family_legend(figure, rows["family"])
        others = rows.drop(front.index).sort_values("gain", ascending=False)
        points = pd.concat([front, others]).rename(
            columns={"fusion": "name", "fit_seconds": "x", "score": "y"}
        )
        written = label_points(figure, axes, points, len(front))
        alt = (
            f"Scatter plot: mean {metric} against the time of a fit (logarithmic) of {len(rows)} fusions. "
            f"No other is both faster and better than {_list(front['fusion'])}."
        )
        note = f"The line joins the fusions that no other beats in both: {_list(front['fusion'])}."
        if len(written) < len(rows):
            note += " Others have no name where there is no room for it; the file of numbers has them."
        data = rows[["fusion", "family", "fit_seconds", "score"]].assign(front=rows.index.isin(front.index))
        title = f"{metric.capitalize()} against the time of a fit"
        return finish(figure, "figure-cost", title, alt, data, note)


def draw_missing(relative: pd.DataFrame, board: pd.DataFrame, dataset: str) -> Drawing | None:
    """Draw what every fusion keeps of its score on one data set for each pattern of absent modalities.

    Parameters
    ----------
    relative : pandas.DataFrame
        From `fusebench.results.statistics.robustness.relative_scores`.
    board : pandas.DataFrame
        The leaderboard of the data set; its order is that of the rows.
    dataset : str
        Which data set.
    """
    levels = relative.index.to_frame(index=False)
    whole = levels["scenario"].isin(PATTERNS) & (levels["severity"] == MAX_SEVERITY)
    chosen = levels[(levels["dataset"] == dataset) & whole]
    chosen = chosen.drop_duplicates("modality").sort_values(
        "modality", key=lambda names: names.str.count(r"\+")
    )
    table = relative.iloc[chosen.index].T.reindex(board["fusion"])
    if chosen.empty or table.isna().all(axis=None):
        return None
    table.columns = pd.Index([f"without {name.replace('+', ' + ')}" for name in chosen["modality"]])
    long = max(map(len, table.columns)) > 20
    with drawing_style():
        size = (2.4 + (0.5 if long else 1.2) * table.shape[1], _ROW * len(table) + (1.8 if long else 0.5))
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots()
        sns.heatmap(
            table,
            ax=axes,
            vmin=0,
            vmax=1,
            cmap="cividis",
            cbar=False,
        )
        axes.collections[0].set_clip_on(False)  # nothing lies outside, and a clip of each cell is long
        for (row, column), value in np.ndenumerate(table.to_numpy()):
            # Black or white, whichever stands out more; on paper where there is no colour.
            ink = INK if np.isnan(value) else "white" if value < 0.47 else "black"
            text = ABSENT if np.isnan(value) else f"{value:.2f}"
            place = (column + 0.5, row + 0.5)  # inside, so that the layout need not measure it
            axes.text(*place, text, ha="center", va="center", size=8, color=ink, in_layout=False)
        axes.set(xlabel="", ylabel="")
        axes.grid(visible=False)
        axes.tick_params(axis="x", top=True, labeltop=True, bottom=False, labelbottom=False)
        if long:
            axes.set_xticklabels(table.columns, rotation=40, ha="left", rotation_mode="anchor")
        axes.tick_params(axis="y", rotation=0)
        worst = table.min()
        low = ", ".join(f"{format_number(worst[name])} ({name})" for name in table.columns)
        alt = (
            f"Heat map: share of its clean score that each fusion keeps on {dataset} with modalities absent; "
            f"the lowest are {low}."
        )
        title = f"{dataset}: what is left without a modality"
        data = table.rename_axis("fusion").reset_index()
        note = "Share of its clean score that each fusion keeps when no test sample has the modality."
        return finish(figure, f"figure-missing-{slug(dataset)}", title, alt, data, note)


def draw_severity(
    intervals: pd.DataFrame, levels: pd.DataFrame, board: pd.DataFrame, dataset: str, baseline: str
) -> Drawing | None:
    """Draw the score against severity on one data set, a panel for each scenario of several severities.

    Parameters
    ----------
    intervals : pandas.DataFrame
        From `fusebench.results.statistics.stats.condition_intervals`.
    levels : pandas.DataFrame
        Columns ``dataset``, ``scenario``, ``modality``, ``severity``, ``level``, ``level_name``.
    board : pandas.DataFrame
        The leaderboard of the data set; its first fusions, the baseline and the majority are drawn in
        colour, the others in grey.
    dataset : str
        Which data set.
    baseline : str
        Drawn in black.
    """
    own = intervals[(intervals["dataset"] == dataset) & intervals["mean"].notna()]
    own = own.merge(levels, on=["dataset", "scenario", "modality", "severity"])
    clean = own[own["mechanism"] == "clean"]
    damaged = own[own["mechanism"] != "clean"]
    panels = [
        (key, pd.concat([clean, panel]))
        for key, panel in damaged.groupby(["scenario", "modality"])
        if panel["severity"].nunique() > 1
    ]
    if not panels:
        return None
    metric = board["metric"].iloc[0]
    styles = style_lines(board, baseline)
    banded = [name for name in dict.fromkeys([next(iter(styles), ""), baseline]) if name in styles]
    n_columns = min(3, len(panels))
    n_rows = -(-len(panels) // n_columns)
    with drawing_style():
        figure = Figure(figsize=(_WIDTH, 2.5 * n_rows + 0.5), layout="constrained")
        grid = figure.subplots(n_rows, n_columns, sharey=True, squeeze=False)
        for axes, ((scenario, modality), panel) in zip(grid.flat, panels, strict=False):
            _curves(axes, panel, styles, banded)
            ticks = panel.drop_duplicates("severity").set_index("severity").sort_index()
            labels = [
                "clean" if severity == 0 else f"{ticks['level'][severity]:g}" for severity in ticks.index
            ]
            axes.set_xticks(ticks.index, labels)
            axes.set(title=f"{scenario} {modality}".strip(), xlabel=ticks["level_name"].iloc[-1])
        for axes in grid.flat[len(panels) :]:
            axes.set_axis_off()
        for axes in grid[:, 0]:
            axes.set_ylabel(metric)
        low, high = own["mean"].min(), own["mean"].max()
        margin = 0.08 * (high - low) or 0.05
        grid[0, 0].set_ylim(low - margin, high + margin)  # wide bands of few seeds would flatten the lines
        handles = [Line2D([], [], label=name, **style) for name, style in styles.items()]
        handles.append(Line2D([], [], color=FAINT, linewidth=0.8, label="others"))
        figure.legend(handles=handles, loc="outside lower center", ncols=4)
        alt = (
            f"Line plots: {metric} on {dataset} against severity under "
            f"{_list(' '.join(map(str, key)).strip() for key, _ in panels)}. "
            f"In colour: {_list(styles)}; the others in grey."
        )
        note = f"Bands are 95 % intervals for new seeds, of {' and '.join(banded)}. {_explain_gaps(own)}"
        data = pd.concat([clean, *(panel[panel["severity"] > 0] for _, panel in panels)])[_CURVE]
        name, title = f"figure-severity-{slug(dataset)}", f"{dataset}: rising severity"
        return finish(figure, name, title, alt, data, note.strip())


def _curves(
    axes: "Axes", panel: pd.DataFrame, styles: dict[str, dict[str, Any]], banded: Collection[str]
) -> None:
    draw_curves(axes, panel[~panel["fusion"].isin(list(styles))], color=FAINT, linewidth=0.8, zorder=1)
    for name, style in styles.items():
        line = panel[panel["fusion"] == name].sort_values("severity")
        axes.plot(line["severity"], line["mean"], **style)
        if name in banded and line["low"].notna().any():
            axes.fill_between(
                line["severity"], line["low"], line["high"], color=style["color"], alpha=0.15, linewidth=0
            )


def _limit(rows: pd.DataFrame) -> tuple[float, float]:
    """Choose the limits of an axis so that intervals of few seeds do not squeeze the means together."""
    low, high = rows["mean"].min(), rows["mean"].max()
    span = high - low or 0.05
    lowest = max(rows["low"].fillna(low).min(), low - span)
    highest = min(rows["high"].fillna(high).max(), high + span)
    return lowest - 0.05 * span, highest + 0.05 * span


def _explain_gaps(rows: pd.DataFrame) -> str:
    """Say why a mean has no interval, if one has none."""
    lacking = rows["mean"].notna() & rows["low"].isna()
    if lacking.all():
        return "There are none: one seed has no spread."
    return "What has none was run with one seed." if lacking.any() else ""


def _list(names: Iterable[str]) -> str:
    return ", ".join(names)
