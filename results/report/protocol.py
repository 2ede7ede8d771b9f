"""What was run, as the records and the provenance tell it."""

from collections.abc import Mapping
from typing import Any

import pandas as pd

__all__ = ["describe_metrics", "describe_runs", "describe_scenarios", "flatten"]


_SCENARIO = ["mechanism", "scenario", "modality", "severity", "level", "level_name"]


def describe_runs(records: pd.DataFrame) -> list[tuple[str, str, str]]:
    """Name, seeds and number of test samples of each data set."""
    rows = []
    for dataset, own in records.groupby("dataset"):
        seeds = ", ".join(map(str, sorted(own["seed"].unique())))
        samples = sorted(set(own.loc[own["status"] == "done", "n_test"]) - {0})
        rows.append((str(dataset), seeds, ", ".join(map(str, samples)) or "not known"))
    return rows


def describe_scenarios(records: pd.DataFrame) -> list[tuple[str, str, str, str]]:
    """Name, kind of fault, modalities and levels of each scenario."""
    rows = []
    done = records.loc[(records["status"] == "done") & (records["mechanism"] != "clean"), _SCENARIO]
    done = done.drop_duplicates()
    for (mechanism, scenario), own in done.groupby(["mechanism", "scenario"]):
        # Levels are calibrated to data set and modality, so that a severity has several.
        levels = own.groupby("severity")["level"]
        amounts = ", ".join(f"{severity}: {_describe_span(found)}" for severity, found in levels)
        name = own["level_name"].iloc[0]
        modalities = ", ".join(sorted(filter(None, own["modality"].unique()))) or "all together"
        rows.append((str(scenario), str(mechanism), modalities, f"{amounts}{name and f' ({name})'}"))
    return rows


def _describe_span(levels: pd.Series) -> str:
    low, high = levels.min(), levels.max()
    return f"{high:g}" if low == high else f"{low:g} to {high:g}"


def describe_metrics(records: pd.DataFrame) -> list[tuple[str, str]]:
    """Name of each metric, and which way is better."""
    pairs = records.loc[records["metric"] != "", ["metric", "direction"]].drop_duplicates("metric")
    better = {"maximize": "higher is better", "minimize": "lower is better"}
    return sorted(zip(pairs["metric"], pairs["direction"].map(better), strict=True))


def flatten(tree: Mapping[str, Any]) -> list[tuple[str, list[str]]]:
    """Turn nested JSON into lines: each top-level key with what is below it.

    Examples
    --------
    >>> flatten({"dirty": False, "packages": {"numpy": "2.4", "torch": None}, "options": {}})
    [('dirty', ['no']), ('packages', ['numpy: 2.4', 'torch: not given']), ('options', ['none'])]
    """
    return [(str(key), _lines(value)) for key, value in tree.items()]


def _lines(value: Any) -> list[str]:
    if value is None or value == "":
        return ["not given"]
    if isinstance(value, Mapping):
        return [f"{key}: {'; '.join(_lines(below))}" for key, below in value.items()] or ["none"]
    if isinstance(value, list | tuple):
        return [", ".join("; ".join(_lines(below)) for below in value) or "none"]
    if isinstance(value, bool):
        return ["yes" if value else "no"]
    return [str(value)]
