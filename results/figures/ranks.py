"""Figures over data sets: the critical-difference diagram and the matrix of wins."""

import matplotlib as mpl
import pandas as pd
import seaborn as sns
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from ..statistics.evidence import Evidence
from ..statistics.ranks import find_cliques
from .marks import add_family_legend
from .palette import FAMILY_COLOURS, family_of
from .style import INK, drawing_style
from .svg import Drawing, finish

__all__ = ["draw_ranks", "draw_wins"]

_WIDTH = 8.1  # inches
_ROW = 0.2
_BAR = 0.5  # rows between two bars
_MOST = 20  # fusions in the matrix: more could not be read
_COLOURS = 41  # from 50 on matplotlib makes an image of the colour bar


def draw_ranks(evidence: Evidence, families: pd.Series) -> Drawing | None:
    """Draw mean ranks on a line; a bar joins fusions of which no pair is separable. None if not testable.

    Parameters
    ----------
    evidence : Evidence
        From `fusebench.results.statistics.evidence.weigh_evidence`.
    families : pandas.Series
        Family of each fusion.
    """
    test = evidence.test
    if not test.testable:
        return None
    ranks = test.ranks
    cliques = find_cliques(ranks, test.pairs)
    half = -(-len(ranks) // 2)
    names_from = 1.5 + _BAR * len(cliques)
    low, high = ranks.min(), ranks.max()
    margin = 0.03 * (high - low) or 0.5
    with drawing_style():
        figure = Figure(figsize=(_WIDTH, _ROW * (half + names_from + 4)), layout="constrained")
        axes = figure.subplots()
        for place, name in enumerate(ranks.index):
            rank = ranks[name]
            # The better half is named on the left from top to bottom, the others on the right from below.
            left = place < half
            height = names_from + (place if left else len(ranks) - 1 - place)
            edge = low - margin if left else high + margin
            colour = FAMILY_COLOURS[family_of(families[name])]
            axes.plot([rank, rank, edge], [0, height, height], color=colour, linewidth=0.9)
            axes.annotate(
                f"{name}  {rank:.2f}" if left else f"{rank:.2f}  {name}",
                (edge, height),
                (-4 if left else 4, 0),
                textcoords="offset points",
                ha="right" if left else "left",
                va="center",
                fontsize=8,
            )
        for number, clique in enumerate(cliques):
            ends = [ranks[clique[0]] - margin / 3, ranks[clique[-1]] + margin / 3]
            axes.plot(ends, [0.8 + _BAR * number] * 2, color=INK, linewidth=2.5, solid_capstyle="butt")
        axes.set(xlim=(low - margin, high + margin), ylim=(names_from + half - 0.4, 0))
        axes.set_xlabel("mean rank over data sets (1 is best)")
        axes.xaxis.set_label_position("top")
        axes.xaxis.tick_top()
        axes.xaxis.set_major_locator(MaxNLocator("auto", integer=True))
        axes.grid(visible=False)
        axes.spines[["left", "bottom"]].set_visible(False)
        axes.spines["top"].set_visible(True)
        axes.set_yticks([])
        add_family_legend(figure, families[ranks.index])
        alt = (
            f"Critical-difference diagram: mean ranks of {len(ranks)} fusions over {test.n_datasets} data "
            f"sets, from {ranks.index[0]} ({ranks.iloc[0]:.2f}) to {ranks.index[-1]} ({ranks.iloc[-1]:.2f}). "
            f"{len(cliques)} bars join fusions that Wilcoxon's test with Holm's correction does not separate."
        )
        title = "Mean ranks, and what they do not separate"
        return finish(figure, "figure-ranks", title, alt, test.pairs)


def draw_wins(evidence: Evidence, baseline: str) -> Drawing | None:
    """Draw on how many data sets each fusion beats each other, and the effect size; None for a single one.

    Parameters
    ----------
    evidence : Evidence
        From `fusebench.results.statistics.evidence.weigh_evidence`.
    baseline : str
        Shown whatever its rank; otherwise the best 20 are.
    """
    order = evidence.wins.index
    shown = [name for place, name in enumerate(order) if place < _MOST or name == baseline]
    if len(shown) < 2 or evidence.test.n_datasets < 2:
        return None
    wins, effects = evidence.wins.loc[shown, shown], evidence.effects.loc[shown, shown]
    with drawing_style():
        size = (2.2 + 0.42 * len(shown), 1.6 + _ROW * 1.2 * len(shown))
        figure = Figure(figsize=size, layout="constrained")
        axes = figure.subplots()
        sns.heatmap(
            effects,
            ax=axes,
            vmin=-1,
            vmax=1,
            cmap=mpl.colormaps["PuOr_r"].resampled(_COLOURS),
            annot=100 * wins,
            fmt=".0f",
            annot_kws={"size": 7.5},
            cbar_kws={"label": "rank-biserial correlation", "shrink": 0.6},
        )
        axes.set(xlabel="", ylabel="")
        axes.grid(visible=False)
        axes.tick_params(axis="x", top=True, labeltop=True, bottom=False, labelbottom=False, rotation=90)
        axes.tick_params(axis="y", rotation=0)
        best = wins.mean(axis=1).idxmax()
        alt = (
            f"Heat map: share of {evidence.test.n_datasets} data sets, in percent, on which the fusion of "
            f"the row beats that of the column (a tie counts half), for {len(shown)} of {len(order)} "
            f"fusions. Colour: matched-pairs rank-biserial correlation. {best} wins most."
        )
        title = "Who beats whom, on what share of data sets (%)"
        data = wins.rename_axis("fusion").reset_index()
        return finish(figure, "figure-wins", title, alt, data)
