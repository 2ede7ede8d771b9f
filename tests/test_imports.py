"""What importing costs, and which way imports point."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import fusebench

HEAVY = {"torch", "pandas", "sklearn", "scipy", "xgboost", "matplotlib", "seaborn", "pyarrow", "hmmlearn"}

# A part may import itself, what stands after it here, and the names that all share.
ALLOWED = {
    "bench": {"bench", "fusions", "datasets", "results"},
    "fusions": {"fusions", "datasets"},
    "datasets": {"datasets"},
    "results": {"results"},
}
SHARED = {"errors", "plugins", "registry", "seeding"}


def modules_after(code):
    """Names of the top-level modules that a fresh process holds after running some code."""
    tail = "; import sys; print(*{name.partition('.')[0] for name in sys.modules})"
    done = subprocess.run(
        [sys.executable, "-P", "-c", code + tail], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split()[-2000:])


def test_help_imports_nothing_heavy():
    code = (
        "import sys; sys.argv = ['fusebench', '--help']\n"
        "from fusebench.__main__ import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "import sys"
    )
    assert not modules_after(code) & HEAVY


def test_import_of_the_package_imports_nothing_heavy():
    assert not modules_after("import fusebench") & (HEAVY | {"numpy", "rich", "typer", "pydantic"})


def test_listing_imports_no_library_that_only_fits_need():
    code = (
        "from fusebench.fusions.registry import fusions; from fusebench.datasets.registry import datasets; "
    )
    found = modules_after(code + "len(fusions), len(datasets)")
    assert not found & {"torch", "xgboost", "hmmlearn", "matplotlib"}


def test_public_names_are_there():
    for name in fusebench.__all__:
        assert getattr(fusebench, name).__doc__
    assert set(fusebench.__all__) <= set(dir(fusebench))
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = fusebench.nothing


@pytest.mark.parametrize("part", ALLOWED)
def test_imports_point_one_way(part):
    folder = Path(__import__(f"fusebench.{part}", fromlist=["x"]).__file__).parent
    for path in folder.rglob("*.py"):
        depth = len(path.relative_to(folder).parts)
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                assert not any(alias.name.startswith("fusebench") for alias in node.names), path
            if isinstance(node, ast.ImportFrom) and node.level > depth and node.module:
                first = node.module.partition(".")[0]
                assert first in ALLOWED[part] | SHARED, f"{path} imports {first}"
