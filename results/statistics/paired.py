"""Scores of single samples: means and paired differences whose intervals cover seeds and test samples.

The table has one row for each prediction: ``dataset``, ``training``, ``fusion``, ``scenario``, ``modality``,
``severity``, ``seed``, ``sample`` (which test sample it was; the same one has the same number under every
seed) and ``score`` (such as 1 if right and 0 if wrong).
"""

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import stdtrit

from ...errors import FusebenchError, did_you_mean
from ...seeding import make_generator
from .intervals import LEVEL, Interval

__all__ = [
    "SAMPLE_COLUMNS",
    "SEEDS_AND_SAMPLES",
    "TEST_SAMPLES",
    "bootstrap_means",
    "compare_paired",
    "pool_conditions",
    "sample_intervals",
]

_CONDITION = ["dataset", "training", "scenario", "modality", "severity"]
SAMPLE_COLUMNS = (*_CONDITION, "fusion", "seed", "sample", "score")

SEEDS_AND_SAMPLES = "new seeds and test samples"
TEST_SAMPLES = "new test samples, the same seed"


def bootstrap_means(scores: pd.DataFrame, n_resamples: int = 1000) -> Interval:
    """Average scores over samples, then over seeds, with a 95 % interval for new seeds and test samples.

    A hierarchical bootstrap: each resample draws seeds, and draws test samples, with replacement. A sample
    that was tested under several seeds is drawn for all of them at once, since those scores are not
    independent (Owen's pigeonhole bootstrap [1]_, which counts twice or three times what neither seed nor
    sample explains, and so errs to the safe side). Resampled seed means are spread by
    ``sqrt(S / (S - 1))``, which makes up for few seeds. The interval is the mean, plus and minus the
    bootstrap's standard error times a quantile of Student's t with Satterthwaite's degrees of freedom.

    Parameters
    ----------
    scores : pandas.DataFrame
        Rows ``(seed, sample)``; each of k columns is averaged by itself, with the same resamples.
    n_resamples : int
        Resamples. They are the same for all tables of one size.

    Returns
    -------
    Interval
        Arrays of shape (k,). A NaN in a column makes its results NaN. With a single seed the interval
        covers test samples alone.

    References
    ----------
    .. [1] A. B. Owen (2007). The pigeonhole bootstrap. Annals of Applied Statistics 1(2), 386-411.

    Examples
    --------
    >>> index = pd.MultiIndex.from_product([range(3), range(50)], names=["seed", "sample"])
    >>> right = pd.DataFrame({"a": ([1.0] * 40 + [0.0] * 10) * 3}, index)
    >>> mean, low, high = bootstrap_means(right)
    >>> f"{mean[0]:.2f} from {low[0]:.2f} to {high[0]:.2f}"
    '0.80 from 0.69 to 0.91'
    """
    values, tested = _cube(scores)
    n_seeds, n_samples, _ = values.shape
    means = values.sum(axis=1) / tested.sum(axis=1)[:, None]
    rng = make_generator("hierarchical-bootstrap", n_seeds, n_samples)
    drawn = np.array([_resample(values, tested, rng) for _ in range(n_resamples)])
    total = drawn.var(axis=0, ddof=1)
    mean = means.mean(axis=0)
    if n_samples < 2:
        return Interval(mean, np.full_like(mean, np.nan), np.full_like(mean, np.nan))
    by_seeds = means.var(axis=0, ddof=1) / n_seeds if n_seeds > 1 else np.zeros_like(mean)
    by_samples = np.maximum(total - by_seeds, 0)
    spread = by_seeds**2 / max(n_seeds - 1, 1) + by_samples**2 / (n_samples - 1)
    with np.errstate(invalid="ignore"):  # 0 / 0 where nothing varies
        freedom = np.where(spread > 0, total**2 / spread, 1)
    half = stdtrit(freedom, (1 + LEVEL) / 2) * np.sqrt(total)
    return Interval(mean, mean - half, mean + half)


def sample_intervals(samples: pd.DataFrame, n_resamples: int = 1000) -> pd.DataFrame:
    """Mean score of each fusion under each condition of each data set, with its interval.

    Parameters
    ----------
    samples : pandas.DataFrame
        Columns of `SAMPLE_COLUMNS`.
    n_resamples : int
        For `bootstrap_means`.

    Returns
    -------
    pandas.DataFrame
        Columns ``dataset``, ``training``, ``scenario``, ``modality``, ``severity``, ``fusion``, ``mean``,
        ``low``, ``high``, ``basis`` (what the interval covers), ``n_seeds``, ``n_samples`` (different ones).
        NaN for a fusion that lacks a prediction that others have.

    Raises
    ------
    FusebenchError
        If a column lacks or a score occurs twice.
    """
    parts = []
    for key, table in _tables(samples):
        interval = pd.DataFrame(bootstrap_means(table, n_resamples)._asdict(), index=table.columns)
        parts.append(_label(interval.rename_axis("fusion").reset_index(), key, table))
    return pd.concat(parts, ignore_index=True)


def compare_paired(samples: pd.DataFrame, first: str, second: str, n_resamples: int = 1000) -> pd.DataFrame:
    """Mean of ``first - second`` on the same samples and seeds, under each condition of each data set.

    Parameters
    ----------
    samples : pandas.DataFrame
        Columns of `SAMPLE_COLUMNS`.
    first, second : str
        Two fusions.
    n_resamples : int
        For `bootstrap_means`.

    Returns
    -------
    pandas.DataFrame
        As from `sample_intervals`, with columns ``first`` and ``second`` in place of ``fusion``.

    Raises
    ------
    FusebenchError
        If there is no such fusion, a column lacks or a score occurs twice.

    Examples
    --------
    >>> rows = [("digits", "clean", "clean", "", 0, fusion, seed, sample, score)
    ...         for seed in range(3) for sample in range(40)
    ...         for fusion, score in (("a", 1.0), ("b", float(sample % 4 > 0)))]
    >>> samples = pd.DataFrame(rows, columns=SAMPLE_COLUMNS)
    >>> compare_paired(samples, "a", "b")[["first", "second", "mean", "basis"]]
      first second  mean                       basis
    0     a      b  0.25  new seeds and test samples
    """
    known = set(samples["fusion"]) if "fusion" in samples else set()
    for name in (first, second):
        if name not in known:
            raise FusebenchError(f"There are no predictions of {name!r}; {did_you_mean(name, known)}")
    parts = []
    for key, table in _tables(samples[samples["fusion"].isin([first, second])]):
        both = table.reindex(columns=[first, second])
        difference = (both[first] - both[second]).to_frame()
        interval = pd.DataFrame(bootstrap_means(difference, n_resamples)._asdict())
        parts.append(_label(interval.assign(first=first, second=second), key, table))
    return pd.concat(parts, ignore_index=True)


def pool_conditions(samples: pd.DataFrame, parts: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Average the scores of each sample over modalities and severities, then over the scenarios of a part.

    The conditions of a sample are no independent samples, so that they are averaged before anything is drawn.

    Parameters
    ----------
    samples : pandas.DataFrame
        Columns of `SAMPLE_COLUMNS`.
    parts : mapping of str to str, optional
        By scenario, the name of the part; each scenario is one when left out.

    Returns
    -------
    pandas.DataFrame
        Columns of `SAMPLE_COLUMNS`; ``scenario`` names the part, ``modality`` is "" and ``severity`` 0. The
        score is NaN where a fusion lacks a condition under which others have one.

    Examples
    --------
    >>> rows = [("digits", "clean", "noise", "", severity, "a", 0, 7, score)
    ...         for severity, score in ((1, 1.0), (2, 0.0))]
    >>> pool_conditions(pd.DataFrame(rows, columns=SAMPLE_COLUMNS))["score"].to_list()
    [0.5]
    """
    one = ["dataset", "training", "fusion", "seed", "sample"]
    part = samples["scenario"] if parts is None else samples["scenario"].map(parts)
    pooled = samples.assign(part=part)
    for levels in ([*one, "part", "scenario"], [*one, "part"]):
        grouped = pooled.groupby(levels, observed=True)["score"]
        found = pd.DataFrame({"score": grouped.mean(), "n": grouped.size()}).reset_index()
        most = found.groupby(levels[:2] + levels[5:])["n"].transform("max")
        pooled = found.assign(score=found["score"].where(found["n"] == most))
    named = pooled.rename(columns={"part": "scenario"}).assign(modality="", severity=0)
    return named[list(SAMPLE_COLUMNS)]


def _tables(samples: pd.DataFrame) -> Iterator[tuple[tuple, pd.DataFrame]]:
    """Give a table of rows (seed, sample) and a column for each fusion, for each condition."""
    for name in SAMPLE_COLUMNS:
        if name not in samples:
            raise FusebenchError(f"The table of samples lacks the column {name!r}.")
    if samples.empty:
        raise FusebenchError("There are no predictions: the table of samples has no rows.")
    keys = [*_CONDITION, "fusion", "seed", "sample"]
    for row in samples[samples.duplicated(keys)].to_dict("records"):
        raise FusebenchError(
            f"{row['fusion']} on {row['dataset']}, seed {row['seed']}, has two scores for the sample "
            f"{row['sample']} under {row['scenario']!r}."
        )
    for key, rows in samples.groupby(_CONDITION, observed=True):
        yield key, rows.set_index(["seed", "sample", "fusion"])["score"].astype(float).unstack("fusion")


def _label(intervals: pd.DataFrame, key: tuple, table: pd.DataFrame) -> pd.DataFrame:
    n_seeds, n_samples = (table.index.get_level_values(name).nunique() for name in ("seed", "sample"))
    basis = SEEDS_AND_SAMPLES if n_seeds > 1 else TEST_SAMPLES
    labels = dict(zip(_CONDITION, key, strict=True))
    labelled = intervals.assign(**labels, basis=basis, n_seeds=n_seeds, n_samples=n_samples)
    names = [name for name in ("fusion", "first", "second") if name in intervals]
    return labelled[[*_CONDITION, *names, "mean", "low", "high", "basis", "n_seeds", "n_samples"]]


def _cube(scores: pd.DataFrame) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Spread to shape (n_seeds, n_samples, k), 0 where not tested; and where tested, (n_seeds, n_samples)."""
    seeds, n_seeds = _encode(scores, "seed")
    samples, n_samples = _encode(scores, "sample")
    values = np.zeros((n_seeds, n_samples, scores.shape[1]))
    tested = np.zeros((n_seeds, n_samples))
    values[seeds, samples] = scores.to_numpy()
    tested[seeds, samples] = 1
    return values, tested


def _encode(scores: pd.DataFrame, level: str) -> tuple[NDArray[np.intp], int]:
    codes, names = pd.factorize(scores.index.get_level_values(level), sort=True)
    return codes, len(names)


def _resample(
    values: NDArray[np.float64], tested: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float64]:
    """Draw seeds and samples, and average; shape (k,)."""
    n_seeds, n_samples, _ = values.shape
    often = np.bincount(rng.integers(n_samples, size=n_samples), minlength=n_samples)
    with np.errstate(invalid="ignore"):  # 0 / 0 if none of the samples of a seed is drawn
        means: NDArray[np.float64] = np.einsum("i,sik->sk", often, values) / (tested @ often)[:, None]
    drawn = np.bincount(rng.integers(n_seeds, size=n_seeds), minlength=n_seeds)
    weights = 1 + np.sqrt(n_seeds / max(n_seeds - 1, 1)) * (drawn - 1)  # 1 for a single seed
    mean: NDArray[np.float64] = weights @ means / n_seeds
    return mean
