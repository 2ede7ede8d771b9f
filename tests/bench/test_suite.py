"""Suites: built in, from files, and the sentences about wrong ones."""

from fnmatch import fnmatchcase

import pytest

from fusebench import FusebenchError
from fusebench.bench.planning.plan import make_plan
from fusebench.bench.suite import find_suites, load_suite


def write(tmp_path, text):
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return path


def test_every_built_in_suite_loads():
    for name in find_suites():
        assert load_suite(name).name == name


def test_the_built_in_suites_are_those_of_the_documentation_and_say_what_they_are_for():
    assert set(find_suites()) == {
        "all-fusions",
        "audiovisual",
        "default",
        "full",
        "misalignment",
        "missing",
        "noise",
        "quick",
        "tabular",
        "text-image",
        "training",
    }
    assert all(load_suite(name).description for name in find_suites())


@pytest.mark.parametrize("name", find_suites())
def test_every_built_in_suite_can_be_planned(name):
    suite = load_suite(name, seeds=1, fusions=("late-mean",))
    cells = make_plan(suite)
    assert {cell.dataset for cell in cells} == set(suite.datasets)
    scored = {condition.scenario.name for cell in cells for condition in cell.bundle.conditions}
    for pattern in suite.scenarios:
        assert any(fnmatchcase(scenario, pattern) for scenario in scored)


def test_a_new_scenario_does_not_lengthen_the_suites_whose_time_is_stated():
    for name in ("default", "all-fusions"):
        assert not any("*" in scenario for scenario in load_suite(name).scenarios)


def test_a_file_is_read_and_flags_win(tmp_path):
    path = write(
        tmp_path, 'datasets = ["synth-xor"]\nseeds = 5\n[fusion-options.early-mlp]\nmax_epochs = 3\n'
    )
    assert load_suite(path).seeds == 5
    assert load_suite(path).fusion_options == {"early-mlp": {"max_epochs": 3}}
    assert load_suite(path, seeds=2, datasets=None).seeds == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("datasets = [", "is not valid TOML"),
        ('dataset = ["synth-xor"]', r"unknown field 'dataset'; did you mean datasets"),
        ('datasets = ["synth-xor"]\nseeds = 0', r"wrong value for 'seeds' \(0\)"),
        ('datasets = ["synth-xor"]\nseeds = "many"', r"wrong value for 'seeds' \('many'\)"),
        ("seeds = 3", "lacks the field 'datasets'"),
        ("datasets = []", "wrong value for 'datasets'"),
        ('datasets = "synth-xor"', r"value for 'datasets' \('synth-xor'\): Input should be a valid list"),
        ('name = "../elsewhere"\ndatasets = ["synth-xor"]', "wrong value for 'name'"),
    ],
)
def test_a_wrong_file_gets_one_sentence(tmp_path, text, message):
    with pytest.raises(FusebenchError, match=message) as caught:
        load_suite(write(tmp_path, text))
    assert "\n" not in str(caught.value)


def test_an_unknown_suite_gets_a_suggestion(tmp_path):
    with pytest.raises(FusebenchError, match="did you mean default"):
        load_suite("defualt")
    with pytest.raises(FusebenchError, match="cannot be read"):
        load_suite(tmp_path / "absent.toml")
