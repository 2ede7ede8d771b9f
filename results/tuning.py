"""What a table must say of the tuning behind it."""

import pandas as pd

from .tables.formatting import count_noun

__all__ = ["note_tuning"]

_NOTHING = "nothing to tune"


def note_tuning(records: pd.DataFrame) -> list[str]:
    """Say with how many trials fusions were tuned, and whether it was the same for all; empty if none was.

    Examples
    --------
    >>> records = pd.DataFrame({"fusion": ["majority", "early-mlp"], "trials": 8,
    ...                         "chosen": ["nothing to tune", "hidden=64"]})
    >>> note_tuning(records)  # doctest: +NORMALIZE_WHITESPACE
    ['Tuned on validation, each fusion and control with 8 trials, the first: defaults; 1 of 2 have
      nothing to tune. The time of a fit is that of all its trials.']
    >>> note_tuning(records.assign(trials=[0, 8]))
    ['Not the same budget of tuning for all: none for majority; 8 trials for early-mlp.']
    """
    pairs = records[["trials", "fusion"]].drop_duplicates()
    budgets = {n: sorted(pairs.loc[pairs["trials"] == n, "fusion"]) for n in sorted(set(pairs["trials"]))}
    if set(budgets) <= {0}:
        return []
    if len(budgets) > 1:
        parts = [f"{_count(n)} for {', '.join(names)}" for n, names in budgets.items()]
        return [f"Not the same budget of tuning for all: {'; '.join(parts)}."]
    [(budget, names)] = budgets.items()
    fixed = records.loc[records["chosen"] == _NOTHING, "fusion"].nunique()
    return [
        f"Tuned on validation, each fusion and control with {_count(budget)}, the first: defaults; "
        f"{fixed} of {len(names)} have nothing to tune. The time of a fit is that of all its trials."
    ]


def _count(trials: int) -> str:
    return count_noun(trials, "trial") if trials else "none"
