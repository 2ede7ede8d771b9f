import shlex

import pandas as pd
import pytest

from fusebench.results.records import validate
from fusebench.results.report.details import describe_fusions, identify, list_headings, repeat_command

from ..fixtures import make_records

PROVENANCE = {
    "command": "fusebench run --suite 'my suite.toml' --fusion=late-* --seeds 3 --quick",
    "strategies": {"late-mean": {"weights": "None", "imputer": "'mean'"}},
}


@pytest.fixture(scope="module")
def found(records):
    order = pd.Series(["late-mean", "tensor-fusion", "unimodal-text", "gated-unit"])
    told = describe_fusions(
        records, order, PROVENANCE, "accuracy", {"late-mean": [("fake-posts, seed 1", "No")]}
    )
    return {fusion.name: fusion for fusion in told}


def test_every_cell_has_a_row_with_its_clean_score(found, records):
    own = records[(records["fusion"] == "late-mean") & (records["metric"] == "accuracy")]
    clean = own[own["scenario"] == "clean"].set_index(["dataset", "seed"])
    cells = found["late-mean"].cells
    assert len(cells) == len(clean) == 18
    for cell in cells:
        row = clean.loc[(cell[0], int(cell[1]))]
        assert float(cell[2]) == pytest.approx(row["value"], abs=0.0005)
        assert cell[7:] == ("done", row["key"])


def test_what_failed_is_a_row_without_a_score(found):
    failed = [cell for cell in found["tensor-fusion"].cells if cell[7] != "done"]
    assert failed == [("fake-posts", "1", "–", "–", "–", "–", "–", "failed", "fake-posts/tensor-fusion/1")]


def test_parameters_come_from_the_provenance(found):
    assert found["late-mean"].parameters == {"weights": "None", "imputer": "'mean'"}
    assert found["gated-unit"].parameters == {}
    assert found["gated-unit"].absence == "native"


def test_seeds_and_warnings_are_told(found):
    assert found["late-mean"].seeds == "0, 1, 2"
    assert found["late-mean"].messages == [("fake-posts, seed 1", "No")]
    assert found["gated-unit"].messages == []


def test_the_command_keeps_all_but_strategy_and_folder(found):
    command = shlex.split(found["late-mean"].command)
    start = ["fusebench", "run", "--suite", "my suite.toml", "--seeds", "3", "--quick"]
    assert command == [*start, "--fusion", "late-mean", "--out", "repeat-late-mean"]
    assert "--fusion majority" in found["unimodal-text"].command  # no strategy has that name


@pytest.mark.parametrize("options", ["-f a -f 'b*' -o runs/x", "-fa --out=runs/x", "--fusion a --out runs/x"])
def test_options_are_replaced_however_they_are_written(options):
    command = repeat_command(f"fusebench run {options} --jobs 2", "late-mean")
    assert command == "fusebench run --jobs 2 --fusion late-mean --out repeat-late-mean"
    assert repeat_command(f"__main__.py run {options} --jobs 2", "late-mean") == command


@pytest.mark.parametrize("options", ["--plugin my.py", "--plugin=my.py --plugin other.py"])
def test_plugins_are_kept(options):
    told = repeat_command(f"fusebench {options} run -f a -d digits", "late-mean")
    assert told == f"fusebench {options} run -d digits --fusion late-mean --out repeat-late-mean"


@pytest.mark.parametrize(
    "command",
    [
        "",
        "None",
        "fusebench --plugin run",
        "python run",
        "fusebench",
        "fusebench report runs/x",
        "fusebench run 'x",
    ],
)
def test_what_is_no_run_has_no_command(command):
    assert repeat_command(command, "late-mean") == ""


def test_nothing_is_known_of_results_from_elsewhere():
    records = validate(make_records(datasets=["fake-posts"], fusions=["late-mean"], unimodal=False))
    fusion = describe_fusions(records, pd.Series(["late-mean"]), {"strategies": "?"}, "accuracy", {})[0]
    assert (fusion.parameters, fusion.command) == ({}, "")


def test_addresses_differ():
    assert identify("a b") != identify("a-b")


def test_what_a_cell_was_tuned_to_is_told_if_any_was(records):
    assert "tuned to" not in list_headings(records)
    tuned = records.assign(trials=8, chosen=records["fusion"].where(records["fusion"] != "late-mean", ""))
    order = pd.Series(["late-mean", "gated-unit"])
    late, gated = describe_fusions(tuned, order, PROVENANCE, "accuracy", {})
    headings = list_headings(tuned)
    assert headings[-1] == "tuned to"
    assert {len(cell) for cell in late.cells + gated.cells} == {len(headings)}
    assert {cell[-1] for cell in late.cells} == {"–"}
    assert {cell[-1] for cell in gated.cells} == {"gated-unit"}


def test_the_repeated_command_stops_no_seeds():
    assert "sequential" not in repeat_command("fusebench run --sequential --seeds 9 --tune 4", "early-mlp")
    assert "--tune 4" in repeat_command("fusebench run --sequential --seeds 9 --tune 4", "early-mlp")
