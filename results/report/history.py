"""The history: times and scores over the measurements of a project, as one page that opens offline."""

from pathlib import Path

import pandas as pd

from ...errors import FusebenchError
from ..figures.palette import FAMILY_COLOURS, family_of
from ..figures.svg import slug
from ..files import write_atomically
from ..statistics.stats import seed_intervals
from .jinja import make_environment

__all__ = ["ENTRY_COLUMNS", "SCORE_COLUMNS", "TIME_COLUMNS", "tabulate_history", "write_history"]

ENTRY_COLUMNS = ("entry", "label", "date", "subject", "machine", "version")
TIME_COLUMNS = ("entry", "benchmark", "group", "fusion", "family", "seconds")
SCORE_COLUMNS = ("entry", "dataset", "fusion", "family", "seed", "metric", "value")

OTHERS = "other benchmarks"


def tabulate_history(times: pd.DataFrame, scores: pd.DataFrame) -> pd.DataFrame:
    """Give what is drawn: a row for each quantity of each strategy at each measurement.

    Parameters
    ----------
    times : pandas.DataFrame
        Columns of `TIME_COLUMNS`: a row for each process that timed a benchmark.
    scores : pandas.DataFrame
        Columns of `SCORE_COLUMNS`: a row for each data set and seed.

    Returns
    -------
    pandas.DataFrame
        ``family`` (`OTHERS` for benchmarks of no strategy), ``name`` (of the strategy or benchmark),
        ``quantity`` (the group of a benchmark, or the metric), ``entry``, ``mean``, ``low``, ``high``. Of
        times the median with the fastest and slowest process. Of scores the mean over data sets with the 95 %
        interval "same data sets, new seeds".

    Examples
    --------
    >>> times = pd.DataFrame([(0, "test_fit[a]", "fit", "a", "late", seconds) for seconds in (1.0, 1.2, 1.1)],
    ...                      columns=TIME_COLUMNS)
    >>> tabulate_history(times, pd.DataFrame(columns=SCORE_COLUMNS))
      family name quantity  entry  mean  low  high
    0   late    a      fit      0   1.1  1.0   1.2
    """
    parts = [pd.DataFrame(columns=["family", "name", "quantity", "entry", "mean", "low", "high"])]
    if not times.empty:
        of_none = times["fusion"] == ""
        named = times.assign(
            name=times["fusion"].where(~of_none, times["benchmark"]),
            family=times["family"].where(~of_none, OTHERS),
            quantity=times["group"].where((times["group"] != "") & ~of_none, "time"),
        )
        grouped = named.groupby(["family", "name", "quantity", "entry"])["seconds"]
        spread = grouped.agg(mean="median", low="min", high="max")
        parts.append(spread.reset_index())
    for _, own in scores.groupby(["metric", "entry"]):
        table = own.set_index(["dataset", "seed", "fusion"])["value"].astype(float).unstack("fusion")
        about = own.drop_duplicates("fusion")[["fusion", "family", "metric", "entry"]]
        means = seed_intervals(table).rename_axis("fusion").reset_index().merge(about, on="fusion")
        parts.append(means.rename(columns={"fusion": "name", "metric": "quantity"}))
    drawn = pd.concat([part for part in parts if not part.empty] or parts, ignore_index=True)
    return drawn[list(parts[0].columns)]


def write_history(times: pd.DataFrame, scores: pd.DataFrame, entries: pd.DataFrame, path: str | Path) -> None:
    """Write the page. The same input gives the same bytes.

    Parameters
    ----------
    times, scores : pandas.DataFrame
        As of `tabulate_history`.
    entries : pandas.DataFrame
        Columns of `ENTRY_COLUMNS`, in the order in which they are drawn: ``entry`` counts from 0, ``label``
        names the commit, ``machine`` tells machines apart whose times are not joined.
    path : str or pathlib.Path
        The HTML file; replaced as a whole.

    Raises
    ------
    FusebenchError
        If there is no measurement.
    """
    from ..figures.history import draw_family  # here, because matplotlib takes most of a second

    if entries.empty:
        raise FusebenchError("There is no measurement to draw: `fusebench track` makes some.")
    drawn = tabulate_history(times, scores)
    found = set(drawn["family"])
    families = [family for family in FAMILY_COLOURS if family in found]
    families += sorted(found - set(families) - {OTHERS}) + [OTHERS] * (OTHERS in found)
    sections = [
        {
            "name": family,
            "id": f"family-{slug(family)}",
            "colour": family_of(family),
            "drawing": draw_family(drawn[drawn["family"] == family], entries, family),
        }
        for family in families
    ]
    page = (
        make_environment()
        .get_template("history.html.j2")
        .render(
            sections=sections,
            entries=entries.to_dict("records"),
            n_machines=entries["machine"].nunique(),
            colours=FAMILY_COLOURS,
        )
    )
    write_atomically(Path(path), page.encode())
