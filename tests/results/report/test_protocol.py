"""What the report tells of the scenarios that were run."""

import pandas as pd

from fusebench.results.report.protocol import describe_scenarios


def test_a_severity_of_several_levels_tells_the_least_and_the_largest():
    row = {"status": "done", "mechanism": "noise", "scenario": "hiss", "level_name": "dB"}
    records = pd.DataFrame(
        [
            {**row, "dataset": "x", "modality": "a", "severity": 2, "level": 10.0},
            {**row, "dataset": "x", "modality": "a", "severity": 1, "level": 20.0},
            {**row, "dataset": "y", "modality": "b", "severity": 1, "level": 20.0},
            {**row, "dataset": "y", "modality": "b", "severity": 2, "level": -5.5},
        ]
    )
    assert describe_scenarios(records) == [("hiss", "noise", "a, b", "1: 20, 2: -5.5 to 10 (dB)")]
