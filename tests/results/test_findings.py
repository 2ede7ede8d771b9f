import pandas as pd

from fusebench.results.findings import find_findings
from fusebench.results.leaderboard import build_leaderboard
from fusebench.results.stats import condition_scores, find_sign

from .fixtures import make_records


def answers(records: pd.DataFrame, metric: str = "accuracy") -> dict[str, str]:
    board = build_leaderboard(records, metric=metric)
    boards = {name: build_leaderboard(own, metric=metric) for name, own in records.groupby("dataset")}
    scores = condition_scores(records, metric)
    found = find_findings(scores, find_sign(records, metric), board, boards, "best-unimodal")
    return {finding.question: finding.answer for finding in found}


LEADER = "Which one leads?"
GAIN = "Does fusion beat the best single modality?"
MISSING = "What holds up when a modality is missing?"
NOISE = "What holds up under noise?"
HURT = "Who is hurt by fusing?"
CHEAP = "What is the cheap choice?"
REACH = "How far does this reach?"


def test_planted_effects_are_told(records):
    told = answers(records)
    assert told[LEADER].startswith("cross-attention leads with accuracy 0.882 ± 0.006. It leads alone;")
    assert "late-weighted, behind by 0.040" in told[LEADER]
    assert "(7), 6 beat best-unimodal, 0 fall below it and 1 cannot be told apart" in told[GAIN]
    assert "that of cross-attention: +0.103" in told[GAIN]
    assert "that of cross-attention" in told[MISSING]
    assert "early-mlp loses most" in told[MISSING]
    assert "that of late-weighted" in told[NOISE]
    assert "on fake-scenes tensor-fusion (-0.127" in told[HURT]
    assert "6 data sets and speak of new data sets" in told[REACH]
    assert "not done: gated-unit, tensor-fusion and multistream-hmm." in told[REACH]


def test_the_cheap_choice_is_the_fastest_that_is_as_good(whole):
    told = answers(whole)[CHEAP]
    assert told.startswith("Of those that cannot be told apart from cross-attention (a fit takes 23 s), ")
    assert told.endswith("the fastest is tensor-fusion: 7.1 s, with accuracy 0.823 ± 0.004.")


def test_the_fastest_of_all_is_named_beside_one_that_leads_alone(whole):
    told = answers(whole[whole["fusion"] != "tensor-fusion"])[CHEAP]
    assert told.startswith("None that is as good is faster than cross-attention (a fit takes 23 s).")
    assert "The fastest of all is early-logistic: 88 ms, with accuracy 0." in told


def test_without_times_there_is_no_cheap_choice(whole):
    assert CHEAP not in answers(whole.assign(fit_seconds=float("nan")))


def test_a_loss_is_told_the_same_way(records):
    told = answers(records, "log-loss")
    assert told[LEADER].startswith("cross-attention leads with log-loss")
    assert "that of late-weighted" in told[NOISE]


def test_who_cannot_be_told_apart_is_named(whole):
    twins = whole[whole["fusion"].isin(["late-product", "best-unimodal", "majority"])]
    told = answers(twins)
    assert told[LEADER].startswith("late-product leads")
    assert (
        "cannot be told apart from best-unimodal; the first that is separable from it is majority"
        in told[LEADER]
    )


def test_a_leading_control_is_called_one(whole):
    told = answers(whole[whole["fusion"].isin(["multistream-hmm", "best-unimodal"])])
    assert told[LEADER].startswith("best-unimodal (a control) leads")
    assert "Below: multistream-hmm." in told[GAIN]


def test_one_seed_separates_nothing():
    told = answers(make_records(seeds=[0], datasets=["fake-digits"]))
    assert told[LEADER].startswith("Nothing is separable: cross-attention has the best mean")
    assert "with one seed there are no intervals" in told[LEADER]
    assert told[HURT].startswith("Not testable")
    assert "not testable with 1 (6 are needed)" in told[REACH]


def test_nobody_hurt_is_said(whole):
    told = answers(whole[whole["fusion"].isin(["late-mean", "best-unimodal"])])
    assert told[HURT].startswith("None that can be shown")


def test_without_a_baseline_the_gain_is_not_known(whole):
    told = answers(whole[whole["fusion"].isin(["late-mean", "early-mlp"])])
    assert told[GAIN].startswith("Not known: best-unimodal")
    assert told[HURT].startswith("Not testable")


def test_nothing_complete_is_said(records):
    told = answers(records[records["fusion"].isin(["multistream-hmm", "tensor-fusion", "gated-unit"])])
    assert told[LEADER].startswith("Nothing is ranked")


def test_without_scenarios_nothing_is_said_of_them(whole):
    told = answers(whole[whole["mechanism"] == "clean"])
    assert MISSING not in told
    assert NOISE not in told


def test_equal_scores_are_not_separable(whole):
    told = answers(whole.assign(value=whole["value"].where(whole["metric"] != "accuracy", 0.5)))
    assert told[LEADER].startswith("Nothing is separable")
    assert "every interval includes 0" in told[LEADER]


def test_long_lists_are_cut(whole):
    cell = (whole["dataset"] == "fake-digits") & (whole["seed"] == 0) & (whole["family"] != "control")
    assert answers(whole[~cell])[REACH].endswith("gated-unit, kernel-average, late-mean and 4 more.")
