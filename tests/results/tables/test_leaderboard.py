import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pandas.testing import assert_frame_equal

from fusebench.errors import FusebenchError
from fusebench.results.tables.leaderboard import build_leaderboard, by_dataset, write_leaderboard

from ..fixtures import DATASETS, FUSIONS, N_TEST, make_records

# What a fusion's row says of it alone; ranks and ties depend on the others.
OWN = ["score", "low", "high", "gain", "gain_low", "gain_high", "beats_unimodal", "mra_missing", "mra_noise"]
OWN += ["worst", "ece", "fit_seconds", "predict_seconds", "latency", "n_parameters", "fit_bytes", "coverage"]

COSTS = [1.1, 1 / 50 / N_TEST, 1000, 1e7]  # of a fusion in the fixture, in parts of its cost


@pytest.fixture(scope="module")
def board(records):
    return build_leaderboard(records).set_index("fusion")


def test_planted_effects_are_found(board):
    assert board.index[0] == "cross-attention"
    above = ["early-logistic", "early-mlp", "late-mean", "late-weighted", "cross-attention", "kernel-average"]
    assert set(board.loc[above, "beats_unimodal"]) == {"yes"}
    assert board.loc["late-product", "beats_unimodal"] == "unclear"
    assert board.loc["majority", "beats_unimodal"] == "no"
    assert board.loc["cross-attention", "gain"] == pytest.approx(0.10, abs=0.01)
    assert board.loc["late-weighted", "mra_noise"] > board.loc["early-mlp", "mra_noise"]
    assert board.loc["majority", ["mra_missing", "mra_noise"]].to_list() == [1, 1]


def test_each_kind_of_fault_has_its_own_mean(whole):
    some = whole[whole["dataset"].isin(["fake-posts", "fake-digits"])]
    turned = some.replace({"mechanism": {"noise": "misalignment"}})
    plain, other = (build_leaderboard(each).set_index("fusion") for each in (some, turned))
    pd.testing.assert_series_equal(other["mra_misalignment"], plain["mra_noise"], check_names=False)
    assert other["mra_noise"].isna().all()
    assert plain["mra_misalignment"].isna().all()


def test_scores_are_means_over_data_sets(board, records):
    clean = records[(records["metric"] == "accuracy") & (records["scenario"] == "clean")]
    expected = clean[clean["fusion"] == "late-mean"].groupby("dataset")["value"].mean().mean()
    assert board.loc["late-mean", "score"] == pytest.approx(expected)
    assert board.loc["late-mean", "low"] < expected < board.loc["late-mean", "high"]


def test_costs_are_means_of_a_cell(board, records):
    costs = ["fit_seconds", "latency", "n_parameters", "fit_bytes"]
    own = {name: FUSIONS["early-mlp"][5] * factor for name, factor in zip(costs, COSTS, strict=True)}
    assert board.loc["early-mlp", costs].to_dict() == pytest.approx(own)
    older = build_leaderboard(records.drop(columns=["n_parameters", "fit_bytes"]).assign(n_test=0))
    assert older[["latency", "n_parameters", "fit_bytes"]].isna().all(axis=None)
    assert older["fit_seconds"].notna().any()


def test_the_incomplete_come_last_without_a_rank(board):
    ranked = board["rank"].notna()
    assert ranked.to_list() == [True] * 9 + [False] * 7
    incomplete = board[~ranked]
    assert list(incomplete.index[:3]) == ["gated-unit", "tensor-fusion", "multistream-hmm"]
    means = ["score", "low", "gain", "mra_missing", "worst", "mean_rank", "ece", "fit_seconds", "tie"]
    assert incomplete[means].isna().all(axis=None)
    assert (incomplete["beats_unimodal"] == "").all()
    assert (incomplete["coverage"] < 1).all()


def test_with_every_cell_done_all_are_ranked_but_single_modalities_of_some_data_sets(whole):
    board = build_leaderboard(whole)
    assert set(board.loc[board["rank"].isna(), "fusion"]) == {
        "unimodal-audio",
        "unimodal-video",
        "unimodal-image",
        "unimodal-text",
    }


def test_lower_is_better_for_a_loss(records, board):
    """The loss in the fixture falls as accuracy rises, so the order stays and every sign with it."""
    loss = build_leaderboard(records, metric="log-loss").set_index("fusion")
    assert list(loss.index) == list(board.index)
    assert loss["beats_unimodal"].to_list() == board["beats_unimodal"].to_list()
    assert loss["score"].iloc[0] < loss["score"].iloc[8]
    assert loss.loc["cross-attention", "gain"] > 0
    assert loss.loc["early-mlp", "mra_noise"] < 1
    assert loss.loc["early-mlp", "worst"] > loss.loc["early-mlp", "score"]


def test_one_seed_leaves_intervals_unknown():
    board = build_leaderboard(make_records(seeds=[0], datasets=["fake-digits", "fake-words"]))
    scored = board[board["score"].notna()]
    assert scored[["low", "high", "gain_low", "gain_high"]].isna().all(axis=None)
    assert set(scored["tie"]) == {1}
    judged = scored[scored["gain"].notna()]
    assert set(judged["beats_unimodal"]) == {"unclear"}


def test_without_a_baseline_there_is_no_gain(records):
    rest = records[records["fusion"] != "best-unimodal"]
    board = build_leaderboard(rest)
    assert board[["gain", "gain_low", "gain_high"]].isna().all(axis=None)
    assert set(board["beats_unimodal"]) == {""}
    assert board["score"].notna().sum() == 8


def test_the_basis_of_gains_is_named(whole):
    assert set(build_leaderboard(whole)["gain_basis"]) == {"new data sets"}
    five = whole[whole["dataset"] != "fake-words"]
    assert set(build_leaderboard(five)["gain_basis"]) == {"same data sets, new seeds"}


def test_equal_scores_share_a_rank():
    frame = pd.DataFrame({"fusion": list("abc"), "value": [0.5, 0.7, 0.7]})
    board = build_leaderboard(
        frame.assign(dataset="d", seed=0, metric="r2", direction="maximize"), metric="r2"
    )
    assert board["fusion"].to_list() == ["b", "c", "a"]
    assert board["rank"].to_list() == [1, 1, 3]
    assert board["mean_rank"].to_list() == [1.5, 1.5, 3]


def test_an_undefined_score_is_not_averaged_away(whole):
    hole = (whole["fusion"] == "late-mean") & (whole["dataset"] == "fake-posts") & (whole["seed"] == 1)
    board = build_leaderboard(whole.assign(value=whole["value"].mask(hole))).set_index("fusion")
    assert board.loc["late-mean", ["rank", "score"]].isna().all()
    assert board.loc["late-mean", "coverage"] == 1


def test_an_unknown_metric_is_named(records):
    with pytest.raises(FusebenchError, match=r"did you mean log-loss?"):
        build_leaderboard(records, metric="logloss")


@settings(max_examples=8)
@given(st.integers(0, 10**6))
def test_the_order_of_rows_changes_nothing(records, board, seed):
    shuffled = records.sample(frac=1, random_state=seed)
    assert_frame_equal(build_leaderboard(shuffled).set_index("fusion"), board)


@settings(max_examples=8)
@given(st.sets(st.sampled_from([name for name in FUSIONS if name != "best-unimodal"]), min_size=1))
def test_other_strategies_do_not_change_a_row(records, board, kept):
    fewer = build_leaderboard(records[records["fusion"].isin({*kept, "best-unimodal"})]).set_index("fusion")
    # Data sets and seeds are the same, whoever is in the table.
    assert_frame_equal(fewer[OWN].sort_index(), board.loc[sorted(fewer.index), OWN])


def test_scores_by_data_set(records):
    pivot = by_dataset(records)
    assert pivot.shape == (16, len(DATASETS))
    assert np.isnan(pivot.loc["tensor-fusion", "fake-posts"])
    assert np.isnan(pivot.loc["unimodal-text", "fake-digits"])
    clean = records[(records["metric"] == "accuracy") & (records["scenario"] == "clean")]
    own = clean[(clean["fusion"] == "early-mlp") & (clean["dataset"] == "fake-words")]
    assert pivot.loc["early-mlp", "fake-words"] == pytest.approx(own["value"].mean())
    with pytest.raises(FusebenchError, match="no metric 'f1'"):
        by_dataset(records, "f1")


def test_both_files_are_written(tmp_path, records):
    write_leaderboard(records, tmp_path, notice=["QUICK MODE: a smoke test"])
    csv = pd.read_csv(tmp_path / "leaderboard.csv", keep_default_na=False, na_values={"score": ""})
    board = build_leaderboard(records)
    assert list(csv.columns) == [*board.columns, "note"]
    assert set(csv["note"]) == {"QUICK MODE: a smoke test"}
    assert csv["score"].to_list() == pytest.approx(board["score"].to_list(), abs=0, nan_ok=True)
    text = (tmp_path / "leaderboard.md").read_text(encoding="utf-8")
    assert "> **QUICK MODE: a smoke test**" in text
    assert text.count("\n| ") == 2 + len(board)
    assert "3 cells skipped: multistream-hmm on fake-recipes" in text
    write_leaderboard(records, tmp_path)
    assert list(pd.read_csv(tmp_path / "leaderboard.csv").columns) == list(board.columns)


def test_equal_differences_on_a_few_seeds_prove_nothing():
    rows = [("fused", 0, 0.81), ("fused", 1, 0.85), ("best-unimodal", 0, 0.80), ("best-unimodal", 1, 0.84)]
    records = pd.DataFrame(rows, columns=["fusion", "seed", "value"]).assign(
        dataset="digits", metric="accuracy", direction="maximize"
    )
    board = build_leaderboard(records).set_index("fusion")
    assert board.loc["fused", "beats_unimodal"] == "unclear"
    assert board["tie"].nunique() == 1
