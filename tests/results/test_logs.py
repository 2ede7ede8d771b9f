import pandas as pd

from fusebench.results.logs import LOG_COLUMNS, describe_not_scored, group_messages

LOGS = pd.DataFrame(
    [
        ("digits", "clean", "late-mean", 1, "", "UserWarning: not converged"),
        ("digits", "clean", "late-mean", 0, "", "UserWarning: not converged"),
        ("posts", "clean", "late-mean", 0, "", "UserWarning: not converged"),
        ("posts", "unpaired-3", "late-mean", 0, "", "UserWarning: something else"),
        ("posts", "clean", "early-mlp", 0, "missing-rate-5", "Too much is missing."),
        ("posts", "clean", "late-mean", 0, "missing-rate-5", "Too much is missing."),
        ("posts", "clean", "late-mean", 1, "missing-rate-5", "Far too much is missing."),
    ],
    columns=list(LOG_COLUMNS),
)


def test_a_message_is_told_once_with_all_cells_that_gave_it():
    assert group_messages(LOGS) == {
        "late-mean": [
            ("digits, seed 0, 1; posts, seed 0", "UserWarning: not converged"),
            ("posts [train: unpaired-3], seed 0", "UserWarning: something else"),
        ]
    }


def test_a_condition_is_told_once_for_all_fusions():
    assert [tuple(row) for row in describe_not_scored(LOGS)] == [
        ("missing-rate-5", "posts", "1", "Far too much is missing."),
        ("missing-rate-5", "posts", "0", "Too much is missing."),
    ]


def test_no_log_is_no_message():
    assert group_messages(LOGS.iloc[:0]) == {}
    assert describe_not_scored(LOGS.iloc[:0]) == []
