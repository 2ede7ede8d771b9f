"""What a row of the leaderboard is made of: configuration, cells, log, and the command that repeats it."""

import shlex
from collections.abc import Mapping
from typing import Any, NamedTuple

import pandas as pd

from ..figures.palette import CONTROL, family_of
from ..figures.svg import slug
from ..records import CELL
from ..statistics.patterns import MAJORITY
from ..tables.formatting import ABSENT, format_bytes, format_count, format_number, format_seconds

__all__ = ["Details", "describe_fusions", "identify", "list_headings", "repeat_command"]

_HEADINGS = ("data set", "seed", "score", "fit", "predict", "memory", "learnt", "status", "cell")

_SEQUENTIAL = "--sequential"  # with one fusion seeds would stop elsewhere
_OTHERS = {"--fusion", "-f", "--out", "-o"}  # options that the repeated command has of its own


class Details(NamedTuple):
    """What a fusion's row of the leaderboard opens.

    Parameters
    ----------
    id : str
        Its address in the page.
    name, family : str
        As registered.
    colour : str
        The family whose colour it has.
    absence : str
        How an absent modality is handled.
    parameters : dict of str to str
        Its configuration; empty if not known.
    seeds : str
        Those that it was run with.
    cells : list of tuple of str
        A text for each of `list_headings`, for each cell.
    messages : list of (str, str)
        Where and what its fits warned of.
    command : str
        Repeats it; "" if not known.
    """

    id: str
    name: str
    family: str
    colour: str
    absence: str
    parameters: dict[str, str]
    seeds: str
    cells: list[tuple[str, ...]]
    messages: list[tuple[str, str]]
    command: str


def describe_fusions(
    records: pd.DataFrame,
    order: pd.Series,
    provenance: Mapping[str, Any],
    metric: str,
    messages: Mapping[str, list[tuple[str, str]]],
) -> list[Details]:
    """Tell of each fusion how it was run.

    Parameters
    ----------
    records : pandas.DataFrame
        Validated records; the data set says what was learnt from.
    order : pandas.Series of str
        The fusions, best first.
    provenance : mapping
        ``strategies`` may hold the parameters of each fusion, ``command`` the command of the run.
    metric : str
        Whose scores on clean data are told.
    messages : mapping of str to list of (str, str)
        From `fusebench.results.logs.group_messages`.
    """
    shown = (records["status"] != "done") | (
        (records["metric"] == metric) & (records["mechanism"] == "clean")
    )
    by_fusion = dict(list(records[shown].drop_duplicates(CELL).groupby("fusion")))
    families = records.drop_duplicates("fusion").set_index("fusion")["family"]
    parameters = provenance.get("strategies")
    known = parameters if isinstance(parameters, Mapping) else {}
    found, tuned = [], bool(records["trials"].any())
    for name in order:
        own = by_fusion.get(name, records.iloc[:0])
        family = families[name]
        found.append(
            Details(
                identify(name),
                name,
                family,
                family_of(family),
                next(filter(None, own["absence"]), ABSENT),
                {str(key): str(value) for key, value in dict(known.get(name) or {}).items()},
                ", ".join(map(str, sorted(own["seed"].unique()))),
                [_describe_cell(row, tuned) for row in own.to_dict("records")],
                messages.get(name, []),
                # Controls are run with every strategy, whatever was asked for.
                repeat_command(str(provenance.get("command")), MAJORITY if family == CONTROL else name),
            )
        )
    return found


def identify(fusion: str) -> str:
    """Give the address of a fusion's details in the page.

    Examples
    --------
    >>> identify("late-mean")
    'fusion-late-mean'
    """
    return f"fusion-{slug(fusion)}"


def repeat_command(command: str, fusion: str) -> str:
    """Change the command of a run so that it runs one fusion, in a folder of its own.

    Returns
    -------
    str
        "" if the run was not started by ``fusebench run``.

    Examples
    --------
    >>> repeat_command("fusebench run --suite noise -f 'late-*' --seeds 3 --out runs/noise", "late-mean")
    'fusebench run --suite noise --seeds 3 --fusion late-mean --out repeat-late-mean'
    >>> repeat_command("python my_script.py", "late-mean")
    ''
    """
    try:
        words = iter(shlex.split(command))
    except ValueError:  # a quotation that does not end
        return ""
    kept = []
    for word in words:
        if word in _OTHERS:
            next(words, None)
        elif word != _SEQUENTIAL and not word.startswith(("-f", "-o", "--fusion=", "--out=")):
            kept.append(word)
    rest = kept[1:]
    while rest and rest[0].startswith("--plugin"):  # it may stand before the name of the command
        del rest[: 1 if "=" in rest[0] else 2]
    if kept[:1] not in (["fusebench"], ["__main__.py"]) or rest[:1] != [
        "run"
    ]:  # the latter: python -m fusebench
        return ""
    return shlex.join(["fusebench", *kept[1:], "--fusion", fusion, "--out", f"repeat-{slug(fusion)}"])


def list_headings(records: pd.DataFrame) -> tuple[str, ...]:
    """Name what is told of a cell; what it was tuned to only if any was tuned."""
    return (*_HEADINGS, "tuned to") if records["trials"].any() else _HEADINGS


def _describe_cell(row: Mapping[Any, Any], tuned: bool) -> tuple[str, ...]:
    told = (
        row["dataset"],
        str(row["seed"]),
        format_number(row["value"]),
        format_seconds(row["fit_seconds"]),
        format_seconds(row["predict_seconds"]),
        format_bytes(row["fit_bytes"]),
        format_count(row["n_parameters"]),
        row["status"],
        row["key"] or ABSENT,
    )
    return (*told, row["chosen"] or ABSENT) if tuned else told
