import pandas as pd

from fusebench.results.records import validate
from fusebench.results.report.findings import find_findings
from fusebench.results.statistics.stats import condition_scores, find_sign
from fusebench.results.tables.leaderboard import build_leaderboard

from ..fixtures import make_records


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
    assert "early-mlp keeps least: 81\N{NO-BREAK SPACE}%." in told[MISSING]
    assert "that of late-weighted" in told[NOISE]
    assert "on fake-scenes tensor-fusion (-0.127" in told[HURT]
    assert "6 data sets and speak of new data sets" in told[REACH]
    assert "not done: gated-unit, tensor-fusion and multistream-hmm." in told[REACH]


def make_cheap(behind: float) -> pd.DataFrame:
    """Six data sets: `slow` leads; `fast`, the mean of which is so far behind, wins on every other one."""
    rows = []
    for number in range(6):
        swing = 0.3 if number % 2 else -0.3
        for fusion, score, seconds in (
            ("slow", 0.6, 8.0),
            ("fast", 0.6 - behind + swing, 0.1),
            ("poor", 0.2 + swing / 300, 0.05),
        ):
            about = {"dataset": f"data-{number}", "fusion": fusion, "fit_seconds": seconds}
            rows += [{**about, "seed": seed, "value": score + 0.001 * seed} for seed in range(3)]
    frame = pd.DataFrame(rows).assign(metric="accuracy", direction="maximize")
    return validate(
        frame.assign(family=frame["fusion"].map({"slow": "late", "fast": "early", "poor": "hybrid"}))
    )


def test_the_cheap_choice_is_the_fastest_that_is_as_good():
    told = answers(make_cheap(0.005))[CHEAP]
    assert told == (
        "Of those within 0.01 of slow (a fit takes 8.0 s), and not separable from it, the fastest is fast: "
        "100 ms, with accuracy 0.596 ± 0.001, 0.005 behind. The fastest of all is poor: 50 ms, with accuracy "
        "0.201 ± 0.001, 0.400 behind."
    )


def test_what_is_far_behind_is_no_cheap_choice_however_wide_its_interval():
    records = make_cheap(0.02)
    assert build_leaderboard(records).set_index("fusion")["tie"]["fast"] == 1
    told = answers(records[records["fusion"] != "poor"])[CHEAP]
    assert told == (
        "None that is within 0.01 of slow (a fit takes 8.0 s), and not separable from it, is faster. The "
        "fastest of all, though not separable from it, is fast: 100 ms, with accuracy 0.581 ± 0.001, "
        "0.020 behind."
    )


def test_a_lower_loss_is_not_behind():
    records = make_cheap(-0.005).assign(direction="minimize")
    told = answers(records[records["fusion"] != "poor"])[CHEAP]
    assert told.endswith("is fast: 100 ms, with accuracy 0.606 ± 0.001, 0.005 behind.")


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


def test_a_narrow_lead_has_as_many_decimals_as_show_it():
    rows = [
        {"fusion": fusion, "seed": seed, "value": value}
        for fusion, values in (("late-mean", (0.9, 0.91, 0.92)), ("early-mlp", (0.89833, 0.90728, 0.91623)))
        for seed, value in enumerate(values)
    ]
    records = pd.DataFrame(rows).assign(
        dataset="fake-digits", metric="accuracy", direction="maximize", family="late"
    )
    assert "early-mlp, behind by 0.0027 ± 0.0026 (paired" in answers(validate(records))[LEADER]


def test_one_is_not_many(whole):
    told = answers(whole[whole["fusion"].isin(["late-mean", "best-unimodal"])])
    assert "(1), 1 beats best-unimodal, 0 fall below it" in told[GAIN]


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
