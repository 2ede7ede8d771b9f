"""When something counts as slower or worse: the statistics, on plain numbers.

Two stages, because with many benchmarks no affordable number of rounds would let a test with Holm's
correction over all of them reject. First a few rounds of everything, from which suspects are chosen by size
alone. Then fresh rounds, or seeds, of the suspects only; the test looks at these and at nothing that chose
them, so that correcting for the number of suspects is enough.
"""

from collections.abc import Mapping, Sequence
from math import comb, isnan, sqrt
from statistics import median
from typing import TYPE_CHECKING

from .document import Score

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "ALPHA",
    "FACTOR",
    "MARGIN",
    "judge_scores",
    "judge_times",
    "rounds_needed",
    "screen_scores",
    "screen_times",
    "slower_p_value",
]

FACTOR = 1.25
MARGIN = 0.01
ALPHA = 0.01

_MIN_ROUNDS = 6
_MAX_ROUNDS = 60
_SPARE = 1000
_EQUAL = 1e-9


def slower_p_value(base: Sequence[float], head: Sequence[float]) -> float:
    """One-sided p-value of the exact Mann-Whitney test that `head` takes longer than `base`.

    Parameters
    ----------
    base, head : sequence of float
        Times, one for each independent process. Ties are counted for neither side.

    Returns
    -------
    float
        At least ``1 / comb(n + m, n)``.

    References
    ----------
    H. B. Mann, D. R. Whitney (1947). On a test of whether one of two random variables is stochastically
    larger than the other. Annals of Mathematical Statistics 18(1), 50-60.

    Examples
    --------
    >>> slower_p_value([1.0, 1.1, 1.2], [1.5, 1.6, 1.7])
    0.05
    """
    from scipy.stats import mannwhitneyu

    return float(mannwhitneyu(head, base, alternative="greater", method="exact").pvalue)


def rounds_needed(n_tests: int, n_base: int | None = None, alpha: float = ALPHA) -> int | None:
    """Count the rounds after which the test can reject for each of several benchmarks, with room to spare.

    The smallest p-value shall be a thousandth of what rejects: were it only just small enough, a single
    disturbed round would hide a slowdown.

    Parameters
    ----------
    n_tests : int
        Benchmarks that Holm's correction is for.
    n_base : int, optional
        Rounds that there are of the base; as many as of the head when left out.
    alpha : float
        Level of all tests together.

    Returns
    -------
    int or None
        Rounds of the head; None if no affordable number is enough.

    Examples
    --------
    >>> [rounds_needed(n_tests) for n_tests in (1, 10, 140)]
    [10, 12, 14]
    >>> rounds_needed(140, n_base=8), rounds_needed(140, n_base=4)
    (26, None)
    """
    for n in range(_MIN_ROUNDS, _MAX_ROUNDS + 1):
        m = n if n_base is None else n_base
        if n_tests / comb(n + m, n) <= alpha / _SPARE:
            return n
    return None


def screen_times(
    base: Mapping[str, Sequence[float]], head: Mapping[str, Sequence[float]], factor: float = FACTOR
) -> list[str]:
    """Name the benchmarks whose median grew by more than the square root of the factor.

    Parameters
    ----------
    base, head : mapping of str to sequence of float
        Times by benchmark; those that one of them lacks are passed over.
    factor : float
        What will count as slower. A benchmark that is slower by that much is missed only if the few rounds
        are wrong by as much again as is asked for here.

    Examples
    --------
    >>> screen_times({"a": [1.0], "b": [1.0]}, {"a": [1.3], "b": [1.05]})
    ['a']
    """
    return [name for name in base if name in head and _ratio(base[name], head[name]) > sqrt(factor)]


def judge_times(
    base: Mapping[str, Sequence[float]],
    head: Mapping[str, Sequence[float]],
    *,
    factor: float = FACTOR,
    alpha: float = ALPHA,
    n_tests: int | None = None,
) -> "pd.DataFrame":
    """Decide which benchmarks have become slower.

    Parameters
    ----------
    base, head : mapping of str to sequence of float
        Times of the same benchmarks, one for each process.
    factor : float
        A benchmark is slower only if the ratio of the medians is above this.
    alpha : float
        And only if the Mann-Whitney test, with Holm's correction, rejects at this level.
    n_tests : int, optional
        Tests to correct for; those in the table when left out.

    Returns
    -------
    pandas.DataFrame
        ``benchmark``, ``base`` and ``head`` (medians in seconds), ``ratio``, ``p_value``, ``p_holm``,
        ``slower``; the largest ratio first.

    Examples
    --------
    >>> base, head = {"a": [1.0, 1.01, 1.02, 1.03, 1.04]}, {"a": [1.4, 1.41, 1.42, 1.43, 1.44]}
    >>> judge_times(base, head)[["benchmark", "ratio", "slower"]].round(2)
      benchmark  ratio  slower
    0         a   1.39    True
    """
    import pandas as pd

    from ...results.statistics.ranks import adjust_holm

    rows = [
        {
            "benchmark": name,
            "base": median(base[name]),
            "head": median(head[name]),
            "ratio": _ratio(base[name], head[name]),
            "p_value": slower_p_value(base[name], head[name]),
        }
        for name in base
    ]
    table = pd.DataFrame(rows, columns=["benchmark", "base", "head", "ratio", "p_value"])
    others = max(n_tests or 0, len(table)) - len(table)
    table["p_holm"] = adjust_holm([*table["p_value"], *[1.0] * others])[: len(table)]
    table["slower"] = (table["ratio"] > factor) & (table["p_holm"] < alpha)
    return table.sort_values("ratio", ascending=False, kind="stable", ignore_index=True)


def screen_scores(
    base: Sequence[Score], head: Sequence[Score], margin: float = MARGIN
) -> list[tuple[str, str]]:
    """Name the (data set, fusion) whose mean score fell by more than half of the margin.

    Parameters
    ----------
    base, head : sequence of Score
        Those that one of them lacks are passed over.
    margin : float
        What will count as worse.
    """
    losses = _pair(base, head).groupby(level=["dataset", "fusion"])["loss"].mean()
    return [(str(dataset), str(fusion)) for dataset, fusion in losses[losses > margin / 2].index]


def judge_scores(
    base: Sequence[Score], head: Sequence[Score], *, margin: float = MARGIN, alpha: float = ALPHA
) -> "pd.DataFrame":
    """Decide which strategies have become worse, on which data set.

    The test is that of the leaderboard's intervals, `fusebench.results.statistics.stats.paired_intervals`:
    Student's on the differences between the scores with the same seed, and so on the same samples; here
    one-sided, with Holm's correction over all rows whose numbers differ. A row whose numbers agree to nine
    decimal places cannot be a false alarm, and is not counted. Where all seeds differ by the same amount
    there is no spread to go by, and the sign test takes its place.

    Parameters
    ----------
    base, head : sequence of Score
        Those that one of them lacks are passed over.
    margin : float
        A strategy is worse only if its mean loss is larger than this.
    alpha : float
        And only if the test rejects at this level.

    Returns
    -------
    pandas.DataFrame
        ``dataset``, ``fusion``, ``base``, ``head`` (means over the seeds of both), ``loss`` with its 95 %
        interval ``low``, ``high`` (positive if the head is worse), ``seeds``, ``p_value``, ``p_holm``,
        ``worse``; the largest loss first.

    Examples
    --------
    >>> def score(values):
    ...     return [Score(dataset="d", fusion="f", seed=seed, metric="accuracy", value=value)
    ...             for seed, value in enumerate(values)]
    >>> base = score([0.90, 0.91, 0.92, 0.90, 0.93, 0.91])
    >>> judge_scores(base, score([0.87, 0.87, 0.89, 0.88, 0.90, 0.88]))[["fusion", "loss", "worse"]]
      fusion  loss  worse
    0      f  0.03   True
    """
    import pandas as pd

    from ...results.statistics.ranks import adjust_holm
    from ...results.statistics.stats import paired_intervals

    rows = []
    for (dataset, fusion), pair in _pair(base, head).groupby(level=["dataset", "fusion"]):
        interval = paired_intervals(pair.droplevel("fusion")[["loss"]]).iloc[0]
        rows.append(
            {
                "dataset": str(dataset),
                "fusion": str(fusion),
                "base": pair["base"].mean(),
                "head": pair["head"].mean(),
                "loss": interval["mean"],
                "low": interval["low"],
                "high": interval["high"],
                "seeds": len(pair),
                "p_value": _test_worse(pair["loss"].tolist()),
            }
        )
    columns = ["dataset", "fusion", "base", "head", "loss", "low", "high", "seeds", "p_value"]
    table = pd.DataFrame(rows, columns=columns)
    differs = table["p_value"] < 1
    table["p_holm"] = 1.0
    table.loc[differs, "p_holm"] = adjust_holm(table.loc[differs, "p_value"])
    table["worse"] = (table["loss"] > margin) & (table["p_holm"] < alpha)
    return table.sort_values("loss", ascending=False, kind="stable", ignore_index=True)


def _ratio(base: Sequence[float], head: Sequence[float]) -> float:
    return median(head) / median(base)


def _pair(base: Sequence[Score], head: Sequence[Score]) -> "pd.DataFrame":
    """Give base, head and loss by (dataset, fusion, seed), for what both have."""
    import pandas as pd

    index = ["dataset", "fusion", "seed"]
    other = {(row.dataset, row.fusion, row.seed): row.value for row in head}
    rows = []
    for row in base:
        key = (row.dataset, row.fusion, row.seed)
        now = other.get(key)
        if row.value is not None and now is not None:
            loss = row.value - now if row.direction == "maximize" else now - row.value
            rows.append((*key, row.value, now, loss))
    return pd.DataFrame(rows, columns=[*index, "base", "head", "loss"]).set_index(index)


def _test_worse(losses: Sequence[float]) -> float:
    """One-sided p-value that the mean loss is above 0; 1 if every loss is 0."""
    from scipy.stats import ttest_1samp

    if max(map(abs, losses)) < _EQUAL:
        return 1.0
    if max(losses) - min(losses) < _EQUAL:
        return 0.5 ** len(losses) if losses[0] > 0 else 1.0
    p_value = float(ttest_1samp(losses, 0, alternative="greater").pvalue)
    return 1.0 if isnan(p_value) else p_value  # a single seed
