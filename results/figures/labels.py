"""Names beside points, where they cover nothing."""

from typing import TYPE_CHECKING

import pandas as pd
from matplotlib.transforms import Bbox

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["label_points"]

_SIZE = 8  # points
_GAP = 5  # points between a marker's middle and its name
_CORNERS = [(1, 0.8), (1, -0.8), (-1, 0.8), (-1, -0.8)]  # in gaps from the point
_FURTHER = [(0, 1.6), (0, -1.6), (2.2, 1.8), (2.2, -1.8), (-2.2, 1.8), (-2.2, -1.8), (0, 3.2), (0, -3.2)]


def label_points(figure: "Figure", axes: "Axes", points: pd.DataFrame, wanted: int) -> list[str]:
    """Write names beside points, as far as there is room.

    The layout of the figure is done first, and the names do not change it.

    Parameters
    ----------
    figure : matplotlib.figure.Figure
        All that changes its layout is done.
    axes : matplotlib.axes.Axes
        Its points are drawn and its scales are set.
    points : pandas.DataFrame
        Columns ``name``, ``x``, ``y`` in the units of the data; the first names have the first choice.
    wanted : int
        So many of the first names may also stand further from their points.

    Returns
    -------
    list of str
        The names that are written: no two overlap, and none lies on a point or leaves the axes.
    """
    figure.draw_without_rendering()  # puts the axes in their place
    pixels = axes.transData.transform(points[["x", "y"]].to_numpy())
    radius = 3.5 * figure.dpi / 72
    taken = [Bbox.from_extents(x - radius, y - radius, x + radius, y + radius) for x, y in pixels]
    # What is written already, such as the name of a line.
    taken += [text.get_window_extent() for text in axes.texts]
    frame = axes.get_window_extent()
    written = []
    for number, row in enumerate(points.itertuples()):
        for dx, dy in [*_CORNERS, *_FURTHER] if number < wanted else _CORNERS:
            label = axes.annotate(
                str(row.name),
                (row.x, row.y),
                (_GAP * dx, _GAP * dy),
                textcoords="offset points",
                ha={1: "left", 0: "center", -1: "right"}[(dx > 0) - (dx < 0)],
                va="center",
                fontsize=_SIZE,
            )
            box = label.get_window_extent()
            inside = frame.x0 <= box.x0 and box.x1 <= frame.x1 and frame.y0 <= box.y0 and box.y1 <= frame.y1
            if inside and not box.count_overlaps(taken):
                taken.append(box)
                written.append(str(row.name))
                break
            label.remove()
    return written
