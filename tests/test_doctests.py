"""Every example in a docstring runs."""

import doctest
from importlib import import_module
from pkgutil import walk_packages

import pytest

PARTS = ("bench", "fusions", "datasets", "results")

# Part by part, since in an editable install the folder of the package holds none of them.
MODULES = [
    module.name
    for part in PARTS
    for module in walk_packages(import_module(f"fusebench.{part}").__path__, f"fusebench.{part}.")
]
SHARED = ["fusebench", "fusebench.errors", "fusebench.plugins", "fusebench.registry", "fusebench.seeding"]


@pytest.mark.parametrize("name", [*SHARED, *MODULES])
def test_examples_run(name, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    failed, _ = doctest.testmod(import_module(name), optionflags=doctest.NORMALIZE_WHITESPACE)
    assert failed == 0


def test_the_walk_finds_all_four_parts():
    assert {name.split(".")[1] for name in MODULES} == set(PARTS)
