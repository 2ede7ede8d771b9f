import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy import stats

from fusebench.results.statistics.intervals import mean_interval

samples = arrays(np.float64, st.integers(2, 9), elements=st.floats(-10, 10).map(lambda x: round(x, 3)))


@given(samples.filter(lambda values: values.std() > 0))
def test_one_block_is_students_interval(values):
    mean, low, high = mean_interval([values[:, None]])
    expected = stats.t.interval(0.95, len(values) - 1, loc=values.mean(), scale=stats.sem(values))
    assert mean[0] == pytest.approx(values.mean())
    assert (low[0], high[0]) == pytest.approx(expected)


def test_two_blocks_are_welchs_interval():
    """The mean of two means is half the difference between one sample and the other one negated."""
    rng = np.random.default_rng(0)
    first, second = rng.normal(0, 1, 4), rng.normal(2, 5, 7)
    welch = stats.ttest_ind(first, -second, equal_var=False).confidence_interval(0.95)
    interval = mean_interval([first[:, None], second[:, None]])
    assert (interval.low[0] * 2, interval.high[0] * 2) == pytest.approx(tuple(welch))


def test_blocks_weigh_the_same_whatever_their_size():
    blocks = [np.zeros((2, 1)), np.ones((8, 1))]
    assert mean_interval(blocks).mean[0] == 0.5


def test_a_single_row_gives_no_interval_rather_than_one_of_no_width():
    mean, low, high = mean_interval([np.array([[0.5, 0.6]]), np.array([[0.7, 0.8], [0.7, 0.8]])])
    assert mean == pytest.approx([0.6, 0.7])
    assert np.isnan([low, high]).all()


def test_a_missing_value_is_not_averaged_away():
    block = np.array([[0.5, 0.5], [np.nan, 0.7], [0.9, 0.9]])
    interval = mean_interval([block])
    assert np.isnan([end[0] for end in interval]).all()
    assert np.isfinite([end[1] for end in interval]).all()


def test_what_does_not_vary_has_an_interval_of_no_width():
    assert [end[0] for end in mean_interval([np.full((3, 1), 0.5)])] == [0.5, 0.5, 0.5]


@pytest.mark.parametrize(
    ("sizes", "spreads", "lowest", "highest"),
    [((5,), (1,), 0.94, 0.96), ((3, 3, 3), (1, 1, 1), 0.94, 0.98), ((3, 3, 3, 5), (1, 4, 2, 1), 0.93, 0.98)],
)
def test_the_interval_covers_the_truth_as_often_as_it_says(sizes, spreads, lowest, highest):
    """With few rows in several blocks Satterthwaite's degrees of freedom err to the safe side."""
    rng = np.random.default_rng(0)
    truth = np.arange(len(sizes))
    blocks = [
        rng.normal(mean, spread, (size, 20_000))
        for mean, spread, size in zip(truth, spreads, sizes, strict=True)
    ]
    _, low, high = mean_interval(blocks)
    covered = np.mean((low <= truth.mean()) & (truth.mean() <= high))
    assert lowest < covered < highest
