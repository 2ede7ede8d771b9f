"""One's own run among published results: what can stand in one table, and what cannot."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from ..errors import FusebenchError
from .figures.palette import CONTROL
from .publications import Publication, round_scores
from .records import validate
from .training import label_training

__all__ = ["Placed", "place_among"]

_SLOT = ["dataset", "training", "seed"]
_CONDITION = ["dataset", "training", "scenario", "modality", "severity"]
_TIMES = ["fit_seconds", "predict_seconds", "fit_bytes"]
_TOLERANCE = 1e-6  # of a score: more is no rounding

_ASPECTS = {
    "protocol": "were made by another version of the protocol",
    "data": "are of other data (their fingerprints differ)",
    "sizes": "are of splits of other sizes (quick mode?)",
}


class Placed(NamedTuple):
    """A run with published strategies beside its own.

    Parameters
    ----------
    records : pandas.DataFrame
        Both, as far as they can be compared: the same data sets, seeds and conditions. Published rows have
        no times.
    fusions : list of str
        The published strategies.
    notices : list of str
        What the published results are, and what was left out.
    """

    records: pd.DataFrame
    fusions: list[str]
    notices: list[str]


def place_among(
    records: pd.DataFrame, provenance: Mapping[str, Any], publications: Iterable[Publication]
) -> Placed:
    """Put published strategies beside those of a run, without running them.

    Of several publications that one is taken which has most data sets in common with the run, then most
    conditions, then most strategies. A strategy that is in both is shown once, as the run has it. Generators
    are keyed by names, so that own and published scores of one seed share splits and corruption and are
    paired. Scores of the run are rounded as the published ones are.

    Parameters
    ----------
    records : pandas.DataFrame
        Of the run.
    provenance : mapping
        What its ``run.json`` says.
    publications : iterable of Publication
        From `fusebench.results.publications.read_publication`.

    Returns
    -------
    Placed

    Raises
    ------
    FusebenchError
        If there is nothing that can be compared; the message says why.
    """
    told = provenance.get("data")
    if not told:
        raise FusebenchError(
            "The run.json does not say of which data the scores are, as those of older versions do not; "
            "remove it and give the command of the run again."
        )
    own = round_scores(validate(records))
    names = sorted(own["dataset"].unique())
    candidates = []
    for publication in publications:
        obstacles = {name: _find_obstacle(told.get(name, {}), publication, name) for name in names}
        shared = [name for name, obstacle in obstacles.items() if not obstacle]
        parts = [part[part["dataset"].isin(shared)] for part in (own, publication.records)]
        both = _conditions(parts[0]).merge(_conditions(parts[1]))
        order = (len(shared), len(both), publication.records["fusion"].nunique())
        candidates.append((order, publication, obstacles, parts))
    if not candidates:
        raise FusebenchError("No results are published.")
    _, publication, obstacles, parts = max(candidates, key=lambda candidate: candidate[0])
    left_out = [f"{name} is left out: {obstacle}." for name, obstacle in obstacles.items() if obstacle]
    if len(left_out) == len(names):
        raise FusebenchError(f"Nothing of this run can stand beside published results: {' '.join(left_out)}")
    notices = [*left_out, *_compare_settings(provenance, publication)]
    for restrict in (_restrict_slots, _restrict_conditions):
        parts, notice = restrict(*parts)
        notices += notice
    mine, theirs = parts
    notices += _compare_controls(mine, theirs)
    theirs = theirs[~theirs["fusion"].isin(own["fusion"].unique())].assign(
        **dict.fromkeys(_TIMES, float("nan"))
    )
    fusions = sorted(theirs["fusion"].unique())
    about = (
        f"Beside {len(fusions)} published {'strategy' if len(fusions) == 1 else 'strategies'} of the suite "
        f"{publication.describe()}. Their times are not shown: they were measured on another machine."
    )
    if not fusions:
        about = f"The run has every published strategy of the suite {publication.describe()}: none is added."
    return Placed(validate(pd.concat([mine, theirs], ignore_index=True)), fusions, [about, *notices])


def _find_obstacle(told: Mapping[str, Any], publication: Publication, dataset: str) -> str:
    """Say why scores on a data set cannot be compared; "" if they can."""
    published = publication.provenance["data"].get(dataset)
    if published is None:
        return f"it is not in the published suite {publication.name}"
    for aspect, meaning in _ASPECTS.items():
        if told.get(aspect) != published[aspect]:
            return f"its published scores {meaning}"
    return ""


def _compare_settings(provenance: Mapping[str, Any], publication: Publication) -> list[str]:
    """Say which options of the suite, that change every strategy, differ."""
    own, published = provenance.get("suite", {}), publication.provenance["suite"]
    return [
        f"Strategies were run with {name} = {own.get(name)} here, with {published.get(name)} when published."
        for name in ("temper", "tune")
        if (own.get(name) or None) != (published.get(name) or None)
    ]


def _restrict_slots(own: pd.DataFrame, theirs: pd.DataFrame) -> tuple[list[pd.DataFrame], list[str]]:
    """Keep the seeds that both have, on each data set and training scenario."""
    slots = [part[_SLOT].drop_duplicates() for part in (own, theirs)]
    shared = slots[0].merge(slots[1])
    if shared.empty:
        raise FusebenchError(
            "The run and the published results have no seed and training scenario in common."
        )
    notices = []
    if len(shared) < max(map(len, slots)):
        seeds = label_training(shared).groupby("dataset")["seed"].agg(lambda some: ", ".join(map(str, some)))
        told = "; ".join(f"{both} on {_join(seeds.index[seeds == both])}" for both in seeds.unique())
        notices.append(f"Only seeds that both have are compared: {told}.")
    return [part.merge(shared, on=_SLOT) for part in (own, theirs)], notices


def _restrict_conditions(own: pd.DataFrame, theirs: pd.DataFrame) -> tuple[list[pd.DataFrame], list[str]]:
    """Keep the conditions that both have with the same levels, and the cells that have no scores."""
    tables = [_conditions(part) for part in (own, theirs)]
    shared = tables[0].merge(tables[1])  # levels that are both missing, as of clean data, are the same
    either = pd.concat(tables)[_CONDITION].drop_duplicates()
    both = tables[0][_CONDITION].merge(tables[1][_CONDITION])
    notices = []
    for left_out, reason in (
        (_subtract(either, both), "only one of them has it"),
        (_subtract(both, shared), "other levels"),
    ):
        if not left_out.empty:
            scenarios = sorted(left_out["scenario"].unique())
            notices.append(f"Left out, since {reason}: {_join(scenarios)} ({len(left_out)} conditions).")
    kept = []
    for part in (own, theirs):
        known = part.merge(shared[_CONDITION], on=_CONDITION)
        kept.append(pd.concat([known, part[part["status"] != "done"]], ignore_index=True))
    return kept, notices


def _conditions(records: pd.DataFrame) -> pd.DataFrame:
    """List the conditions that were scored, with their levels."""
    return records.loc[records["status"] == "done", [*_CONDITION, "level"]].drop_duplicates()


def _subtract(some: pd.DataFrame, others: pd.DataFrame) -> pd.DataFrame:
    """Keep the conditions that are not among others."""
    marked = some.merge(others[_CONDITION].drop_duplicates(), on=_CONDITION, how="left", indicator=True)
    return marked[marked["_merge"] == "left_only"]


def _compare_controls(own: pd.DataFrame, theirs: pd.DataFrame) -> list[str]:
    """Say by how much the controls, which both have run, differ."""
    keys = [*_CONDITION, "fusion", "seed", "metric"]
    pairs = own[own["family"] == CONTROL].merge(theirs, on=keys, suffixes=("", "_published"))
    difference = (pairs["value"] - pairs["value_published"]).abs().max()
    if not difference > _TOLERANCE:
        return []
    return [
        f"The same controls score differently by up to {difference:.2g} here and in the published results: "
        "other versions or another machine. Smaller differences mean nothing."
    ]


def _join(names: Sequence[str] | pd.Index) -> str:
    return ", ".join(map(str, names))
