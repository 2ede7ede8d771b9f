from itertools import combinations

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from fusebench.results.figures.labels import label_points
from fusebench.seeding import make_generator


def label(x, y, wanted):
    figure = Figure(figsize=(8, 4.2), layout="constrained")
    axes = figure.subplots()
    axes.plot(x, y, "o")
    points = pd.DataFrame({"name": [f"strategy-{k}" for k in range(len(x))], "x": x, "y": y})
    written = label_points(figure, axes, points, wanted)
    return axes, points, written


def test_no_name_covers_another_or_a_point():
    rng = make_generator("labels")
    axes, points, written = label(rng.uniform(size=60), rng.uniform(size=60), 5)
    assert 10 < len(written) <= 60
    assert [text.get_text() for text in axes.texts] == written
    boxes = [text.get_window_extent() for text in axes.texts]
    assert not any(first.overlaps(second) for first, second in combinations(boxes, 2))
    pixels = axes.transData.transform(points[["x", "y"]])
    assert not any(box.contains(*pixel) for box in boxes for pixel in pixels)
    frame = axes.get_window_extent()
    assert all(frame.x0 <= box.x0 and box.x1 <= frame.x1 for box in boxes)


def test_the_first_have_the_first_choice():
    x = np.array([0.5, 0.5, 0.5, 0.0, 1.0])
    y = np.array([0.5, 0.501, 0.499, 0.0, 1.0])
    assert label(x, y, 1)[2][0] == "strategy-0"
    assert label(x, y, 3)[2][:3] == ["strategy-0", "strategy-1", "strategy-2"]


def test_names_do_not_change_the_layout():
    axes, _, _ = label(np.array([0.0, 1.0]), np.array([0.0, 1.0]), 2)
    before = axes.get_position().bounds
    axes.figure.draw_without_rendering()
    np.testing.assert_allclose(axes.get_position().bounds, before)
