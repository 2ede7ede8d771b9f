"""Every example in a docstring runs."""

import doctest
from importlib import import_module
from pkgutil import walk_packages

import pytest

import fusebench

MODULES = sorted(
    module.name for module in walk_packages(fusebench.__path__, "fusebench.") if not module.name.endswith("__main__")
)


@pytest.mark.parametrize("name", ["fusebench", *MODULES])
def test_examples_run(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    failed, _ = doctest.testmod(import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert failed == 0


def test_the_walk_finds_all_four_parts():
    assert {name.split(".")[1] for name in MODULES} >= {"bench", "fusions", "datasets", "results"}
