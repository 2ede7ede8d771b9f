"""A package to start a plugin from: what ``fusebench new`` writes."""

import re
from enum import StrEnum
from keyword import iskeyword
from pathlib import Path
from typing import Any

from ..errors import FusebenchError, StorageError
from ..registry import Registry

__all__ = ["PluginKind", "write_package"]


class PluginKind(StrEnum):
    """What a plugin adds; templates are called so, and with an "s" the groups of entry points."""

    FUSION = "fusion"
    DATASET = "dataset"
    SCENARIO = "scenario"


def write_package(kind: PluginKind, name: str, parent: Path) -> list[Path]:
    """Write an installable package with a working example and its test.

    Parameters
    ----------
    kind : PluginKind
        What it adds.
    name : str
        Under which name, in kebab-case; the new folder is called so, too.
    parent : Path
        Where that folder is made.

    Returns
    -------
    list of Path
        The files.

    Raises
    ------
    FusebenchError
        If the name is not in kebab-case or is taken, or the folder exists or cannot be written.

    Examples
    --------
    >>> from tempfile import TemporaryDirectory
    >>> with TemporaryDirectory() as parent:
    ...     files = write_package(PluginKind.FUSION, "late-median", Path(parent))
    ...     [path.relative_to(parent).as_posix() for path in files]
    ['late-median/pyproject.toml', 'late-median/README.md',
     'late-median/src/fusebench_late_median/__init__.py', 'late-median/tests/test_late_median.py']
    """
    if not re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        raise FusebenchError(
            f"The name {name!r} is not in kebab-case: small letters and digits, joined by single hyphens, "
            "such as 'late-median'."
        )
    if name in _registry_of(kind):
        raise FusebenchError(
            f"There is a {_registry_of(kind).what} named {name!r} already; choose another name."
        )
    folder = parent / name
    if folder.exists():
        raise FusebenchError(f"{folder} exists already; choose another name, or another place with --out.")
    identifier, class_name = name.replace("-", "_"), name.title().replace("-", "")
    words = {
        "kind": kind.value,
        "name": name,
        "identifier": identifier,
        "class_name": f"{class_name}_" if iskeyword(class_name) else class_name,
    }
    places = {
        "pyproject.toml": folder / "pyproject.toml",
        "README.md": folder / "README.md",
        f"{kind}.py": folder / "src" / f"fusebench_{identifier}" / "__init__.py",
        f"test_{kind}.py": folder / "tests" / f"test_{identifier}.py",
    }
    texts = {place: _render(f"{template}.j2", words) for template, place in places.items()}
    try:
        for place, text in texts.items():
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StorageError(f"Cannot write {folder}: {error.strerror}.") from error
    return list(texts)


def _registry_of(kind: PluginKind) -> Registry[Any]:
    if kind is PluginKind.FUSION:
        from ..fusions.registry import fusions

        return fusions
    if kind is PluginKind.DATASET:
        from ..datasets.registry import datasets

        return datasets
    from .scenarios.registry import scenarios

    return scenarios


def _render(template: str, words: dict[str, str]) -> str:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(  # noqa: S701  (Python and TOML, not HTML)
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        undefined=StrictUndefined,
        keep_trailing_newline=True,
    )
    return environment.get_template(template).render(words)
