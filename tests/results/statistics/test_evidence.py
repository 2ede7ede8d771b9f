import numpy as np
import pandas as pd
import pytest

from fusebench.results.statistics.bayes import compare_bayesian
from fusebench.results.statistics.evidence import tabulate_evidence, weigh_evidence
from fusebench.results.statistics.stats import clean_scores, condition_scores, dataset_means


@pytest.fixture(scope="module")
def scores(whole) -> pd.DataFrame:
    return clean_scores(condition_scores(whole, "accuracy"))


@pytest.fixture(scope="module")
def evidence(scores):
    return weigh_evidence(scores, 1, "best-unimodal")


def test_the_planted_order_is_found(evidence):
    names = list(evidence.table.index)
    assert names[0] == "cross-attention"
    assert names[-1] == "majority"
    assert evidence.test.p_value < 1e-6
    assert list(evidence.wins.index) == list(evidence.effects.columns) == names
    assert evidence.wins.loc["cross-attention", "majority"] == 1
    assert evidence.effects.loc["majority", "cross-attention"] == -1


def test_controls_of_one_modality_that_some_data_sets_lack_are_left_out(evidence):
    assert not any(name.startswith("unimodal-") for name in evidence.table.index)


def test_probabilities_are_of_the_gain_over_the_baseline(evidence, scores):
    means = dataset_means(scores)
    found = evidence.table.loc["late-mean", ["worse", "equal", "better"]]
    assert tuple(found) == compare_bayesian(means["late-mean"] - means["best-unimodal"])
    assert evidence.table.loc["best-unimodal", ["worse", "equal", "better"]].isna().all()
    assert evidence.table.loc["late-product", "equal"] > 0.9  # planted as equal


def test_less_is_better_for_a_loss(whole):
    losses = clean_scores(condition_scores(whole, "log-loss"))
    table = weigh_evidence(losses, -1, "best-unimodal").table
    assert table.index[0] == "cross-attention"
    assert table.loc["cross-attention", "better"] > 0.9
    assert table.loc["majority", "worse"] > 0.9


def test_few_data_sets_give_no_probabilities_and_say_why(scores):
    few = weigh_evidence(scores.loc[["fake-digits", "fake-words"]], 1, "best-unimodal")
    assert few.table[["worse", "equal", "better"]].isna().all(axis=None)
    assert few.test.describe().startswith("Not testable with 2 data sets")
    assert np.isfinite(few.wins.loc["late-mean", "majority"])


def test_without_the_baseline_there_are_no_probabilities(scores):
    table = weigh_evidence(scores.drop(columns="best-unimodal"), 1, "best-unimodal").table
    assert table["better"].isna().all()


def test_with_nothing_done_everywhere_there_is_nothing_to_say(scores):
    holed = scores.copy()
    holed.loc[("fake-words", 0)] = np.nan
    found = weigh_evidence(holed, 1, "best-unimodal")
    assert found.table.empty
    assert "Not testable: fewer than two fusions" in found.test.describe()
    assert tabulate_evidence(found, "best-unimodal")["rows"] == []


def test_rows_of_the_table_are_as_long_as_its_heading(evidence, scores):
    shown = tabulate_evidence(evidence, "best-unimodal")
    assert {len(row) for row in shown["rows"]} == {len(shown["columns"])}
    assert shown["rows"][0][:2] == ["cross-attention", "1.0 ± 0.0"]
    baseline = next(row for row in shown["rows"] if row[0] == "best-unimodal")
    assert baseline[-3:] == ["–"] * 3
    few = tabulate_evidence(weigh_evidence(scores.loc[["fake-words"]], 1, "best-unimodal"), "best-unimodal")
    assert few["rows"][0][1] == "1.0 ± ?"
