"""The Python code of the README runs as it stands there."""

import re
import sys
import textwrap
from pathlib import Path
from types import ModuleType

import pytest

from fusebench.bench.run import run
from fusebench.datasets.inspection import inspect_dataset
from fusebench.datasets.registry import datasets, load_dataset
from fusebench.fusions.registry import fusions

README = Path(__file__).parents[1] / "README.md"


def python_of(section):
    """The first indented block of a section."""
    body = README.read_text(encoding="utf-8").split(f"## {section}\n", 1)[1]
    return textwrap.dedent(re.search(r"\n((?:    .*\n|\n)+)", body)[1])


@pytest.fixture
def namespace(tmp_path, monkeypatch):
    """An empty module in an empty folder; registrations are taken back."""
    monkeypatch.chdir(tmp_path)
    module = ModuleType("of_the_readme")
    monkeypatch.setitem(sys.modules, module.__name__, module)
    before = {registry: set(registry) for registry in (fusions, datasets)}
    yield vars(module)
    for registry, names in before.items():
        for name in set(registry) - names:
            registry.remove(name)


def test_your_own_strategy(namespace):
    exec(python_of("Your own strategy"), namespace)  # noqa: S102
    board = Path("runs/late-geometric/leaderboard.md").read_text()
    assert "late-geometric" in board


def test_your_own_data(namespace):
    exec(python_of("Your own data"), namespace)  # noqa: S102
    found = inspect_dataset(load_dataset("pets.npz"))
    kinds = {name: facts.kind for name, facts in found.modalities.items()}
    assert kinds == {"photo": "image", "sound": "sequence", "note": "text"}
    assert run(datasets=["pets.npz"], fusions=["late-mean"], seeds=1, out="run").failed == 0


def test_a_data_set_as_a_plugin(namespace):
    exec(python_of("A data set as a plugin"), namespace)  # noqa: S102
    assert "mine" in Path("runs/mine/results.csv").read_text()
