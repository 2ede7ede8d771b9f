"""Small git projects to measure: a package with work to time, and a file with a strategy to score."""

import subprocess
import sys
from pathlib import Path

import pytest

FILES = {
    ".gitignore": "__pycache__/",
    "pyproject.toml": """
        [build-system]
        requires = ["setuptools"]
        build-backend = "setuptools.build_meta"
        [project]
        name = "planted"
        version = "1"
        [tool.setuptools]
        packages = ["planted"]
        """,
    "planted/__init__.py": "",
    "planted/work.py": """
        N = 60_000
        def work():
            return sum(i * i for i in range(N))
        """,
    "mine.py": """
        import numpy as np
        import fusebench
        from fusebench.fusions.late import LateMean
        WRONG = 0.0
        @fusebench.register_fusion("mine")
        class Mine(LateMean):
            def _predict_outputs(self, data):
                outputs = super()._predict_outputs(data)
                wrong = np.random.default_rng(len(data)).random(len(data)) < WRONG
                outputs[wrong] = outputs[wrong][:, ::-1]
                return outputs
        """,
}

BENCHMARK = """
from planted.work import work

def test_work(benchmark):
    benchmark.pedantic(work, rounds=10, warmup_rounds=1)
"""


def git(project: Path, *words: str) -> str:
    options = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "init.defaultBranch=main"]
    command = ["git", *options, *words]
    done = subprocess.run(command, cwd=project, capture_output=True, text=True, check=True)
    return done.stdout.strip()


def write(project: Path, name: str, text: str) -> None:
    lines = text.strip("\n").split("\n")
    indent = len(lines[0]) - len(lines[0].lstrip())
    path = project / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join(line[indent:] for line in lines) + "\n")


def commit(project: Path, subject: str) -> str:
    git(project, "add", "--all")
    git(project, "commit", "--quiet", "--message", subject)
    return git(project, "rev-parse", "HEAD")


def replace(project: Path, name: str, old: str, new: str) -> None:
    path = project / name
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def make_project(folder: Path) -> Path:
    """A project with one commit, tagged "good"."""
    if sys.platform == "win32":
        pytest.skip("paths of git worktrees")
    folder.mkdir()
    for name, text in FILES.items():
        write(folder, name, text)
    git(folder, "init", "--quiet")
    commit(folder, "Do good work")
    git(folder, "tag", "good")
    return folder
