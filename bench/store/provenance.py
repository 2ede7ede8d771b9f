"""Where numbers come from: version, commit, packages, hardware, command."""

import json
import os
import platform
import shlex
import subprocess
import sys
from collections.abc import Iterable
from importlib import import_module, metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlparse

if TYPE_CHECKING:
    from ..planning.plan import Cell

__all__ = ["collect_provenance", "describe_data", "read_provenance"]

_PACKAGES = (
    "numpy",
    "pandas",
    "pyarrow",
    "python-crfsuite",
    "scikit-learn",
    "scipy",
    "seaborn",
    "torch",
    "xgboost",
    "espeakng-loader",
)


def collect_provenance() -> dict[str, Any]:
    """Describe this installation and machine, as JSON.

    Returns
    -------
    dict
        ``version``, ``commit`` and ``dirty`` (null where what is installed is not the content of a git
        checkout), ``python``, ``packages``, ``hardware``, ``command``.
    """
    commit, dirty = _find_commit()
    return {
        "version": metadata.version("fusebench"),
        "commit": commit,
        "dirty": dirty,
        "python": platform.python_version(),
        "packages": {name: _find_version(name) for name in _PACKAGES},
        "hardware": _describe_hardware(),
        "command": shlex.join([Path(sys.argv[0]).name, *sys.argv[1:]]),
    }


def describe_data(cells: Iterable["Cell"]) -> dict[str, dict[str, Any]]:
    """Say of each data set what has to be the same where scores of two runs are put in one table.

    Returns
    -------
    dict
        By data set: ``protocol`` (version of the way from raw data to scores), ``data`` (fingerprint of the
        content) and ``sizes`` (largest splits; null for all samples).
    """
    bundles = {cell.dataset: cell.bundle.ingredients for cell in cells}
    return {
        name: {key: ingredients[key] for key in ("protocol", "data", "sizes")}
        for name, ingredients in bundles.items()
    }


def read_provenance(folder: Path) -> dict[str, Any]:
    """Read the ``run.json`` of a run; empty if there is none or it is damaged."""
    try:
        written = json.loads((folder / "run.json").read_bytes())
    except (OSError, ValueError):
        return {}
    return written if isinstance(written, dict) else {}


def _find_version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _describe_hardware() -> dict[str, Any]:
    import psutil

    return {
        "system": f"{platform.system()} {platform.machine()}",
        "processor": _find_processor(),
        "cores": os.cpu_count(),
        "memory_gib": round(psutil.virtual_memory().total / 2**30, 1),
    }


def _find_processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def _find_commit() -> tuple[str | None, bool | None]:
    """Commit of the checkout that was installed from, and whether files differ from it."""
    recorded = metadata.distribution("fusebench").read_text("direct_url.json")
    if recorded is None:
        return None, None
    url = urlparse(json.loads(recorded).get("url", ""))
    folder = unquote(url.path)
    if url.scheme != "file" or not (Path(folder) / ".git").exists() or not _is_installed_from(Path(folder)):
        return None, None
    commit = _ask_git(folder, "rev-parse", "HEAD")
    status = _ask_git(folder, "status", "--porcelain")
    return commit, None if status is None else bool(status)


def _is_installed_from(checkout: Path) -> bool:
    """Tell whether the installed files are those of the checkout, which may have moved on since."""
    for part in ("bench", "fusions", "datasets", "results"):
        installed = Path(import_module(f"fusebench.{part}").__path__[0])
        for path in installed.rglob("*.py"):
            original = checkout / part / path.relative_to(installed)
            if not original.is_file() or original.read_bytes() != path.read_bytes():
                return False
    return True


def _ask_git(folder: str, *words: str) -> str | None:
    try:
        asked = subprocess.run(  # noqa: S603  (a fixed command)
            ["git", "-C", folder, *words],  # noqa: S607
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return asked.stdout.strip()
