"""When something counts as slower or worse, on simulated numbers whose truth is known."""

from itertools import combinations
from math import comb, sqrt

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fusebench.bench.regression.decide import (
    ALPHA,
    judge_scores,
    judge_times,
    rounds_needed,
    screen_scores,
    screen_times,
    slower_p_value,
)
from fusebench.bench.regression.document import Score
from fusebench.results.statistics.stats import find_side, paired_intervals


def scores(values, fusion="f", dataset="d", direction="maximize"):
    return [
        Score(dataset=dataset, fusion=fusion, seed=seed, metric="m", direction=direction, value=value)
        for seed, value in enumerate(values)
    ]


different = st.lists(st.integers(0, 10_000), min_size=6, max_size=9, unique=True)


@given(different, st.integers(2, 4))
def test_mann_whitney_counts_all_splits(values, n_base):
    """Against the definition: of all splits, how many have as many pairs in which the head is slower?"""
    base, head = values[:n_base], values[n_base:]

    def pairs(first):
        return sum(b > a for a in first for b in set(values) - set(first))

    observed = pairs(base)
    splits = [pairs(split) for split in combinations(values, n_base)]
    expected = np.mean([count >= observed for count in splits])
    assert slower_p_value(base, head) == pytest.approx(expected)


@given(st.integers(1, 2000))
def test_the_rounds_that_are_needed_can_reject(n_tests):
    rounds = rounds_needed(n_tests)
    assert n_tests / comb(2 * rounds, rounds) <= ALPHA / 1000
    assert rounds == 6 or n_tests / comb(2 * rounds - 2, rounds - 1) > ALPHA / 1000


def test_five_rounds_could_never_decide_over_all_benchmarks():
    apart = [1.0, 1.1, 1.2, 1.3, 1.4], [2.0, 2.1, 2.2, 2.3, 2.4]
    alone = judge_times({"a": apart[0]}, {"a": apart[1]})
    of_many = judge_times({"a": apart[0]}, {"a": apart[1]}, n_tests=130)
    assert alone["slower"].all()
    assert of_many["p_holm"].item() == pytest.approx(130 / 252)
    assert not of_many["slower"].any()


@given(st.integers(1, 60), st.integers(3, 20))
def test_stored_rounds_are_too_few_or_enough(n_tests, n_base):
    rounds = rounds_needed(n_tests, n_base)
    if rounds is None:
        assert n_tests / comb(60 + n_base, n_base) > ALPHA / 1000
    else:
        assert n_tests / comb(rounds + n_base, n_base) <= ALPHA / 1000


def test_both_the_test_and_the_factor_must_agree():
    rng = np.random.default_rng(0)
    base = list(1 + 0.001 * rng.random(9))
    clear_but_small = [1.2 * time for time in base]
    large_but_unclear = [1.0, 1.0, 1.0, 1.0, 1.4, 1.4, 1.4, 1.4, 1.4]
    table = judge_times(
        {"small": base, "unclear": base, "both": base},
        {"small": clear_but_small, "unclear": large_but_unclear, "both": [1.3 * time for time in base]},
    ).set_index("benchmark")
    assert table.loc["small", "p_holm"] < ALPHA < table.loc["unclear", "p_holm"]
    assert table["slower"].to_dict() == {"small": False, "unclear": False, "both": True}


def test_a_faster_head_is_no_regression():
    base = [1.0, 1.1, 1.2, 1.3, 1.4, 1.5]
    assert not judge_times({"a": base}, {"a": [time / 2 for time in base]})["slower"].any()


@given(st.floats(1.01, 4))
def test_the_screen_lets_through_more_than_the_root_of_the_factor(ratio):
    found = screen_times({"a": [1.0, 1.0, 5.0], "gone": [1.0]}, {"a": [ratio, ratio, ratio]}, factor=1.44)
    assert found == (["a"] if ratio > 1.2 else [])


def simulate(rng, n_rounds, factor=1.0):
    """Times of one benchmark in fresh processes: skewed noise, and one in twenty takes half as long again."""
    times = factor * (1 + 0.05 * rng.gamma(1.0, 1.0, n_rounds))
    return list(times * np.where(rng.random(n_rounds) < 0.05, 1.5, 1.0))


def two_stages(rng, factors):
    names = [f"b{i}" for i in range(len(factors))]

    def sides(chosen, n_rounds):
        base = {name: simulate(rng, n_rounds) for name in chosen}
        head = {name: simulate(rng, n_rounds, factors[int(name[1:])]) for name in chosen}
        return base, head

    suspects = screen_times(*sides(names, 3))
    if not suspects:
        return set()
    table = judge_times(*sides(suspects, rounds_needed(len(suspects))))
    return set(table.loc[table["slower"], "benchmark"])


def test_planted_slowdowns_are_found_among_many_and_nothing_else():
    rng = np.random.default_rng(1)
    factors = np.ones(130)
    factors[[3, 40, 77]] = 1.4
    found = [two_stages(rng, factors) for _ in range(20)]
    hits = sum(len(names & {"b3", "b40", "b77"}) for names in found)
    assert hits >= 48  # of 60
    assert not any(names - {"b3", "b40", "b77"} for names in found)


def test_identical_revisions_stay_silent():
    rng = np.random.default_rng(2)
    assert not any(two_stages(rng, np.ones(130)) for _ in range(50))


def test_a_loss_counts_if_it_is_clear_and_larger_than_the_margin():
    base = [0.90, 0.91, 0.92, 0.90, 0.93, 0.91, 0.92, 0.90, 0.91, 0.92]
    wobble = [0.002, -0.002, 0.001, -0.001, 0.003, -0.003, 0.002, -0.002, 0.0, 0.0]
    losses = {"clear": 0.03, "small": 0.008, "none": 0.0}
    heads = {
        name: [value - loss + off for value, off in zip(base, wobble, strict=True)]
        for name, loss in losses.items()
    }
    unclear = [value - off for value, off in zip(base, [0.2, -0.1] * 5, strict=True)]
    before = [row for name in [*heads, "unclear"] for row in scores(base, name)]
    after = [row for name, values in {**heads, "unclear": unclear}.items() for row in scores(values, name)]
    table = judge_scores(before, after).set_index("fusion")
    assert table["worse"].to_dict() == {"clear": True, "unclear": False, "small": False, "none": False}
    assert table.loc["small", "p_holm"] < ALPHA  # only the margin speaks against it
    assert table.loc["unclear", "loss"] > 0.01  # only the test does
    assert ("d", "clear") in screen_scores(before, after)
    assert ("d", "none") not in screen_scores(before, after)


def test_the_same_numbers_are_never_worse_and_are_not_corrected_for():
    base = [0.9, 0.8, 0.7, 0.9, 0.8, 0.7]
    head = [0.86, 0.77, 0.66, 0.87, 0.76, 0.67]
    alone = judge_scores(scores(base), scores(head))
    others = [row for i in range(50) for row in scores(base, f"same{i}")]
    among = judge_scores(scores(base) + others, scores(head) + others)
    same = among[among["fusion"] != "f"]
    assert (same["p_holm"] == 1).all()
    assert not same["worse"].any()
    assert among.loc[among["fusion"] == "f", "p_holm"].item() == alone["p_holm"].item()


def test_a_loss_of_the_same_size_in_every_seed_is_left_to_the_sign_test():
    base = np.linspace(0.8, 0.9, 10)
    table = judge_scores(scores(base), scores(base - 0.03))
    assert table["p_value"].item() == 0.5**10
    assert table["worse"].item()
    assert not judge_scores(scores(base[:5]), scores(base[:5] - 0.03))["worse"].item()
    assert not judge_scores(scores(base), scores(base + 0.03))["worse"].item()


def test_less_of_an_error_is_better():
    error = [0.3, 0.31, 0.29, 0.3, 0.32, 0.3]
    more = [0.36, 0.36, 0.37, 0.35, 0.38, 0.37]
    assert judge_scores(scores(error, direction="minimize"), scores(more, direction="minimize"))[
        "worse"
    ].all()
    assert not judge_scores(scores(more, direction="minimize"), scores(error, direction="minimize"))[
        "worse"
    ].any()


@given(st.lists(st.integers(-60, 60), min_size=3, max_size=12), st.integers(0, 3))
def test_the_test_is_that_of_the_leaderboard(losses, shift):
    """At two-sided 5 % it rejects exactly where the leaderboard's paired interval excludes 0."""
    losses = np.array(losses) / 1000 + shift / 100
    if losses.max() - losses.min() < 1e-9:
        return
    index = pd.MultiIndex.from_product([["d"], range(len(losses))], names=["dataset", "seed"])
    interval = paired_intervals(pd.DataFrame({"loss": losses}, index))
    table = judge_scores(scores(np.full(len(losses), 0.8)), scores(0.8 - losses))
    assert (table["p_value"].item() < 0.025) == (find_side(interval).item() == 1)
    assert table["low"].item() == pytest.approx(interval["low"].item())


def test_a_single_seed_proves_nothing():
    table = judge_scores(scores([0.9]), scores([0.1]))
    assert table["p_value"].item() == 0.5
    assert not table["worse"].item()


def test_a_loss_of_three_points_is_found_with_ten_seeds():
    rng = np.random.default_rng(3)
    found = false = 0
    for _ in range(100):
        base = 0.9 + 0.01 * rng.standard_normal(10)
        wobble = 0.015 / sqrt(2) * rng.standard_normal((2, 10))
        found += judge_scores(scores(base), scores(base - 0.03 + wobble[0] - wobble[1]))["worse"].item()
        false += judge_scores(scores(base), scores(base + wobble[0] - wobble[1]))["worse"].item()
    assert found >= 90
    assert false <= 2
