import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from fusebench.results.statistics.wins import mean_differences, rank_biserial, win_rates

scores = arrays(np.float64, st.tuples(st.integers(1, 8), st.just(3)), elements=st.integers(0, 5).map(float))


@given(scores)
def test_win_rates_count_data_sets(values):
    rates = win_rates(pd.DataFrame(values), 1).to_numpy()
    wins = [np.mean([(x > y) + 0.5 * (x == y) for x, y in zip(values[:, 0], values[:, 1], strict=True)])]
    assert rates[0, 1] == pytest.approx(wins[0])
    off = ~np.eye(3, dtype=bool)
    assert (rates + rates.T)[off] == pytest.approx(1)
    assert np.isnan(np.diag(rates)).all()


@given(scores)
def test_the_rank_biserial_correlation_follows_from_wilcoxons_statistic(values):
    """Scipy's statistic of the one-sided test is the sum of the ranks in favour."""
    differences = values[:, 0] - values[:, 1]
    effect = rank_biserial(pd.DataFrame(values), 1).to_numpy()
    n = np.count_nonzero(differences)
    if n == 0:
        assert effect[0, 1] == 0
        return
    kept = differences[differences != 0]
    favour = (
        stats.wilcoxon(kept, alternative="greater", method="asymptotic").statistic if n > 1 else kept[0] > 0
    )
    assert effect[0, 1] == pytest.approx(2 * favour / (n * (n + 1) / 2) - 1)
    assert effect[1, 0] == -effect[0, 1]


@given(scores)
def test_less_is_better_turns_the_matrices_round(values):
    means = pd.DataFrame(values)
    for matrix in (win_rates, mean_differences, rank_biserial):
        pd.testing.assert_frame_equal(matrix(means, -1), matrix(means, 1).T)


def test_differences_are_in_the_unit_of_the_metric():
    means = pd.DataFrame({"a": [0.9, 0.7], "b": [0.6, 0.5]})
    assert mean_differences(means, 1).loc["a", "b"] == pytest.approx(0.25)


@pytest.mark.parametrize("matrix", [win_rates, mean_differences, rank_biserial])
def test_who_lacks_a_data_set_is_compared_with_nobody(matrix):
    means = pd.DataFrame({"a": [0.9, 0.7], "b": [0.6, np.nan], "c": [0.1, 0.2]})
    found = matrix(means, 1)
    assert found["b"].isna().all()
    assert found.loc["b"].isna().all()
    assert np.isfinite(found.loc["a", "c"])
