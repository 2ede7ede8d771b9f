from itertools import permutations

import numpy as np
import pandas as pd
import pytest

from fusebench.results.records import validate
from fusebench.results.statistics.patterns import modality_values, pattern_scores
from fusebench.results.statistics.stats import condition_scores
from fusebench.seeding import make_generator

MODALITIES = ("audio", "image", "text")
SETS = ["", "audio", "image", "text", "audio+image", "audio+text", "image+text"]  # what is absent


def make_patterns(worth, fusion="late-mean", seeds=(0, 1), direction="maximize"):
    """Records of one fusion and the majority; `worth(absent, seed)` gives the score."""
    rows = []
    for name in (fusion, "majority"):
        for seed in seeds:
            for absent in SETS:
                value = 0.1 + 0.01 * seed if name == "majority" else worth(absent, seed)
                rows.append(
                    {
                        "dataset": "d",
                        "fusion": name,
                        "scenario": "missing-pattern" if absent else "clean",
                        "mechanism": "missing" if absent else "clean",
                        "modality": absent,
                        "severity": 5 if absent else 0,
                        "seed": seed,
                        "metric": "accuracy",
                        "direction": direction,
                        "value": value,
                    }
                )
    return pd.DataFrame(rows)


def tabulate(frame):
    return condition_scores(validate(frame), "accuracy")


def random_worth(absent, seed):
    return make_generator("worth", absent, seed).uniform(0.2, 1)


def values_of(frame, sign=1, fusion="late-mean"):
    found = modality_values(tabulate(frame), sign)
    return found[found["fusion"] == fusion].set_index("modality")


def by_permutations(seed):
    """The mean over all orders in which modalities may arrive of what each adds: the definition."""
    added = dict.fromkeys(MODALITIES, 0.0)
    for order in permutations(MODALITIES):
        for position, modality in enumerate(order):
            scores = []
            for there in (order[:position], order[: position + 1]):
                absent = "+".join(name for name in MODALITIES if name not in there)
                scores.append(random_worth(absent, seed) if there else 0.1 + 0.01 * seed)
            added[modality] += (scores[1] - scores[0]) / 6
    return added


def test_values_are_the_mean_over_all_orders_of_arrival():
    found = values_of(make_patterns(random_worth))
    for modality in MODALITIES:
        each = np.array([by_permutations(seed)[modality] for seed in (0, 1)])
        half = 12.7062047 * each.std(ddof=1) / np.sqrt(2)  # Student's t for two seeds
        expected = [each.mean(), each.mean() - half, each.mean() + half]
        assert found.loc[modality, ["mean", "low", "high"]].to_list() == pytest.approx(expected)


def test_values_add_up_to_the_clean_score_less_the_majority():
    found = values_of(make_patterns(random_worth))
    clean = np.mean([random_worth("", seed) for seed in (0, 1)])
    assert found.loc[list(MODALITIES), "mean"].sum() == pytest.approx(clean - 0.105)


def test_synergy_is_the_clean_score_less_the_best_single_modality():
    alone = {"image+text": 0.5, "audio+text": 0.6, "audio+image": 0.3, "": 0.9}
    found = values_of(make_patterns(lambda absent, seed: alone.get(absent, 0.7) + 0.1 * seed))
    assert found.loc["", "mean"] == pytest.approx(0.3)


def test_a_modality_that_is_never_used_is_worth_nothing():
    def worth(absent, seed):
        there = set(MODALITIES) - set(absent.split("+"))
        return 0.1 + 0.01 * seed + 0.4 * ("image" in there) + 0.2 * ("audio" in there)

    found = values_of(make_patterns(worth))
    assert found.loc[list(MODALITIES), "mean"].to_list() == pytest.approx([0.2, 0.4, 0.0])


def test_more_is_better_where_a_lower_score_is():
    higher = values_of(make_patterns(random_worth))
    turned = make_patterns(random_worth, direction="minimize").assign(value=lambda rows: 1 - rows["value"])
    assert values_of(turned, sign=-1)["mean"].to_list() == pytest.approx(higher["mean"].to_list())


@pytest.mark.parametrize("absent", ["audio+text", "image"])
def test_nothing_is_said_unless_every_pattern_is_there(absent):
    frame = make_patterns(random_worth)
    assert modality_values(tabulate(frame[frame["modality"] != absent]), 1).empty
    lacking = frame[(frame["modality"] != absent) | (frame["fusion"] != "late-mean") | (frame["seed"] != 1)]
    assert set(modality_values(tabulate(lacking), 1)["fusion"]) == {"majority"}


def test_nothing_is_said_where_a_modality_is_never_absent():
    frame = make_patterns(random_worth)
    rest = frame[~frame["modality"].str.contains("text")]
    assert set(rest["modality"]) == {"", "audio", "image", "audio+image"}
    assert modality_values(tabulate(rest), 1).empty


def test_nothing_is_said_without_the_majority_or_with_one_modality():
    frame = make_patterns(random_worth)
    assert modality_values(tabulate(frame[frame["fusion"] != "majority"]), 1).empty
    assert modality_values(tabulate(frame[frame["modality"] == ""]), 1).empty


def test_a_share_of_absent_samples_is_no_pattern(whole):
    some = whole[(whole["scenario"] == "missing-modality") & (whole["dataset"] == "fake-posts")]
    milder = pd.concat([whole, some.assign(severity=3, level=0.5, value=some["value"] + 0.05)])
    plain = pattern_scores(condition_scores(whole, "accuracy"))
    pd.testing.assert_frame_equal(pattern_scores(condition_scores(milder, "accuracy")), plain)


def test_single_modalities_taken_by_both_scenarios_count_once(whole):
    scores = condition_scores(whole, "accuracy")
    twice = pd.concat(
        [
            whole,
            whole[whole["scenario"] == "missing-modality"].replace(
                {"scenario": {"missing-modality": "missing-pattern"}}
            ),
        ]
    )
    pd.testing.assert_frame_equal(
        modality_values(condition_scores(twice, "accuracy"), 1), modality_values(scores, 1)
    )
    patterns = pattern_scores(scores)
    assert set(patterns.loc["fake-posts"].index.unique("absent")) == {"", "image", "text"}
