import numpy as np
import pandas as pd
import pytest
import scikit_posthocs
from autorank import autorank
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from statsmodels.stats.multitest import multipletests

from fusebench.results.statistics.ranks import (
    adjust_holm,
    compare_ranks,
    datasets_needed,
    find_cliques,
    signed_rank,
)

whole_numbers = st.lists(st.integers(-6, 6), min_size=1, max_size=10)


def table(n_datasets, levels, noise=1.0, seed=0) -> pd.DataFrame:
    """Scores of fusions a, b, c, ... of which the data set makes up the larger part."""
    rng = np.random.default_rng(seed)
    scores = (
        10 * rng.normal(size=(n_datasets, 1)) + levels + noise * rng.normal(size=(n_datasets, len(levels)))
    )
    return pd.DataFrame(scores, columns=list("abcdefgh"[: len(levels)]))


@given(st.lists(st.floats(-5, 5).map(lambda x: round(x, 4)), min_size=1, max_size=14))
def test_without_ties_it_is_scipys_exact_test(differences):
    values = np.array(differences)
    if len(set(np.abs(values))) < len(values) or not values.all():
        return
    assert signed_rank(values) == pytest.approx(stats.wilcoxon(values, method="exact").pvalue)


@given(whole_numbers)
def test_with_ties_it_is_the_share_of_all_changes_of_sign(differences):
    """Two-sided: as far from the middle as observed, over the signs of all differences that are not 0."""
    values = np.array([value for value in differences if value])
    if not len(values):
        assert signed_rank(differences) == 1
        return
    ranks = stats.rankdata(np.abs(values))
    signs = np.array(np.meshgrid(*[[-1, 1]] * len(values))).reshape(len(values), -1)
    everything = ranks @ signs
    observed = ranks @ np.sign(values)
    assert signed_rank(differences) == pytest.approx(np.mean(np.abs(everything) >= abs(observed) - 1e-9))


@given(whole_numbers, st.floats(0.01, 100))
def test_neither_the_unit_nor_the_direction_matters(differences, unit):
    values = np.array(differences, dtype=float)
    assert signed_rank(values * 3) == signed_rank(values) == signed_rank(-values)
    assert signed_rank(np.sort(values)) == signed_rank(values)


def test_a_tie_up_to_rounding_is_a_tie():
    assert 0.3 - 0.2 != 0.2 - 0.1
    assert signed_rank([0.3 - 0.2, 0.1 - 0.2, 0.5]) == signed_rank([1, -1, 5])


@pytest.mark.parametrize("seed", range(5))
def test_holm_is_that_of_statsmodels(seed):
    p_values = np.random.default_rng(seed).beta(0.2, 1, size=8)
    assert adjust_holm(p_values) == pytest.approx(multipletests(p_values, method="holm")[1])


def test_friedman_and_pairs_are_those_of_scipy_and_scikit_posthocs():
    means = table(9, [0.0, 0.5, 2.0, 2.1])
    found = compare_ranks(means, 1)
    assert found.p_value == pytest.approx(stats.friedmanchisquare(*means.to_numpy().T).pvalue)
    expected = scikit_posthocs.posthoc_wilcoxon(means.to_numpy().T, p_adjust="holm")
    expected.index = expected.columns = means.columns
    for row in found.pairs.itertuples():
        assert row.p_holm == pytest.approx(expected.loc[row.first, row.second])
        assert row.difference == pytest.approx((means[row.first] - means[row.second]).mean())
    assert len(found.pairs) == 6


def test_mean_ranks_are_those_of_autorank():
    rng = np.random.default_rng(1)  # heavy tails, so that autorank takes ranks
    means = table(20, [0.0, 0.5, 3.0]) + rng.standard_cauchy((20, 3))
    expected = autorank(means, alpha=0.05, verbose=False, force_mode="nonparametric")
    found = compare_ranks(means, 1)
    assert found.ranks.to_dict() == pytest.approx(expected.rankdf["meanrank"].to_dict())
    assert found.p_value == pytest.approx(expected.pvalue)


def test_a_metric_of_which_less_is_better_turns_everything_round():
    means = table(8, [0.0, 0.5, 3.0])
    up, down = compare_ranks(means, 1), compare_ranks(-means, -1)
    pd.testing.assert_frame_equal(up.pairs, down.pairs)
    assert list(up.ranks.index) == list(down.ranks.index) == ["c", "b", "a"]


def test_what_is_clearly_apart_is_separated():
    found = compare_ranks(table(10, [0.0, 0.1, 8.0]), 1)
    apart = found.pairs[found.pairs["separable"]]
    assert {*zip(apart["first"], apart["second"], strict=True)} == {("c", "a"), ("c", "b")}
    assert (apart["difference"] > 0).all()
    assert "separates 2 of 3 pairs" in found.describe()


def test_friedman_guards_the_pairs():
    """Pairs count only if not all can be equal."""
    means = table(20, [0.0] * 8)
    means["b"] = means["a"] - 1e-3
    found = compare_ranks(means, 1)
    pair = found.pairs[(found.pairs["first"] == "a") & (found.pairs["second"] == "b")]
    assert pair["p_holm"].item() < 0.001
    assert found.p_value > 0.05
    assert not found.pairs["separable"].any()


def test_two_fusions_are_compared_by_wilcoxon_alone():
    means = table(7, [0.0, 9.0])
    found = compare_ranks(means, 1)
    assert found.p_value == signed_rank(means["a"] - means["b"]) == 2 / 2**7
    assert found.pairs["separable"].all()
    assert "Wilcoxon's signed-rank test over 7 data sets" in found.describe()


def test_fewer_than_six_data_sets_are_not_testable():
    found = compare_ranks(table(5, [0.0, 9.0, 18.0]), 1)
    assert not found.testable
    assert found.pairs.empty
    assert np.isnan(found.p_value)
    assert found.ranks.to_list() == [1, 2, 3]
    assert found.describe() == (
        "Not testable with 5 data sets: the smallest p-value that Wilcoxon's signed-rank test can give is "
        "then 0.062; 6 are needed for one pair, 7 for all pairs of these 3 with Holm's correction."
    )


def test_it_says_how_many_data_sets_the_correction_needs():
    found = compare_ranks(table(6, [0.0, 9.0, 18.0]), 1)
    assert found.p_value < 0.05
    assert not found.pairs["separable"].any()
    assert "7 are needed before the first can be separated" in found.describe()
    assert compare_ranks(table(7, [0.0, 9.0, 18.0]), 1).pairs["separable"].all()


@pytest.mark.parametrize("n_fusions", [2, 3, 7, 20])
def test_needed_is_the_first_number_that_can_reject(n_fusions):
    n_pairs = n_fusions * (n_fusions - 1) // 2
    needed = datasets_needed(n_fusions)
    assert signed_rank(np.arange(1, needed + 1)) * n_pairs < 0.05
    assert needed == 6 or signed_rank(np.arange(1, needed)) * n_pairs >= 0.05


def test_who_lacks_a_data_set_is_left_out():
    means = table(8, [0.0, 9.0, 18.0])
    holed = means.assign(d=means["a"].where(means.index > 0))
    assert compare_ranks(holed, 1).ranks.to_dict() == compare_ranks(means, 1).ranks.to_dict()
    assert "fewer than two fusions are done" in compare_ranks(holed[["a", "d"]], 1).describe()


def test_equal_scores_are_not_separated():
    means = pd.DataFrame(dict.fromkeys("abc", np.arange(8.0)))
    found = compare_ranks(means, 1)
    assert found.p_value == 1
    assert found.ranks.to_list() == [2, 2, 2]


@given(st.data())
def test_cliques_are_the_longest_runs_without_a_separable_pair(data):
    names = list("abcdef"[: data.draw(st.integers(2, 6))])
    rows = [(a, b, data.draw(st.booleans())) for i, a in enumerate(names) for b in names[i + 1 :]]
    pairs = pd.DataFrame(rows, columns=["first", "second", "separable"])
    apart = {(a, b) for a, b, separable in rows if separable}
    runs = [
        tuple(names[i:j])
        for i in range(len(names))
        for j in range(i + 2, len(names) + 1)
        if not any((a, b) in apart for a in names[i:j] for b in names[i:j])
    ]
    longest = [run for run in runs if not any(set(run) < set(other) for other in runs)]
    ranks = pd.Series(np.arange(1.0, len(names) + 1), index=names)
    assert find_cliques(ranks, pairs) == sorted(longest)
