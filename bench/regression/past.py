"""Many stored measurements as the tables that the history is drawn from."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from ...errors import FusebenchError
from .document import Document, read_document

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["read_past"]


def read_past(places: Iterable[str | Path]) -> "tuple[pd.DataFrame, pd.DataFrame, pd.DataFrame]":
    """Read measurements, in the order of their commits.

    Parameters
    ----------
    places : iterable of path
        Files that ``fusebench track`` wrote, or folders of such.

    Returns
    -------
    times, scores, entries : pandas.DataFrame
        For `fusebench.results.report.history.write_history`.

    Raises
    ------
    FusebenchError
        If a file is no measurement, or there is none.
    """
    import pandas as pd

    from ...results.report.history import ENTRY_COLUMNS, SCORE_COLUMNS, TIME_COLUMNS

    documents = sorted(
        map(read_document, _find(places)), key=lambda one: (one.committed or one.created, one.created)
    )
    times, scores, entries = [], [], []
    for entry, document in enumerate(documents):
        date = f"{document.committed or document.created:%Y-%m-%d %H:%M}"
        entries.append((entry, document.label, date, document.subject, _machine(document), document.version))
        for benchmark in document.benchmarks:
            about = (entry, benchmark.name, benchmark.group, benchmark.fusion, benchmark.family)
            times += [(*about, seconds) for seconds in benchmark.fastest]
        scores += [
            (entry, row.dataset, row.fusion, row.family, row.seed, row.metric, row.value)
            for row in document.scores
        ]
    return (
        pd.DataFrame(times, columns=list(TIME_COLUMNS)),
        pd.DataFrame(scores, columns=list(SCORE_COLUMNS)).astype({"value": float}),
        pd.DataFrame(entries, columns=list(ENTRY_COLUMNS)),
    )


def _find(places: Iterable[str | Path]) -> list[Path]:
    files: list[Path] = []
    for place in map(Path, places):
        files += sorted(place.glob("*.json")) if place.is_dir() else [place]
    if not files:
        raise FusebenchError("There is no measurement there; `fusebench track` writes them into track/.")
    return files


def _machine(document: Document) -> str:
    told = document.machine
    return ", ".join(
        filter(None, [str(told.get("host", "")), str(told.get("processor", "")), f"Python {document.python}"])
    )
