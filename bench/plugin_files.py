"""Plugins that are one file each, as ``--plugin FILE`` names them."""

import re
import sys
from collections.abc import Iterable
from contextlib import ExitStack
from functools import partial
from importlib.machinery import SourceFileLoader
from pathlib import Path
from types import ModuleType
from typing import Any

from ..datasets.registry import datasets
from ..errors import FusebenchError
from ..fusions.registry import fusions
from ..plugins import load_or_warn
from ..registry import Registry
from .metrics import metrics
from .scenarios.registry import scenarios

__all__ = ["load_plugin_files", "loaded_plugin_files"]

_REGISTRIES: tuple[Registry[Any], ...] = (fusions, datasets, scenarios, metrics)

_loaded: dict[str, Path] = {}  # by the name of the module


def load_plugin_files(paths: Iterable[str | Path]) -> None:
    """Import files that register strategies, data sets, scenarios or metrics.

    Each becomes the module ``fusebench_plugin_<stem>``: a name that is the same in every process, by which
    worker processes find its classes again, and from which the source is hashed.

    Parameters
    ----------
    paths : iterable of path
        Python files. One that was loaded already is passed over.

    Raises
    ------
    FusebenchError
        If there is no such file, or two would be the same module.

    Warns
    -----
    PluginWarning
        If a file cannot be imported, or takes a name that is taken; nothing that it registered is kept.

    Examples
    --------
    >>> load_plugin_files(["nowhere.py"])
    Traceback (most recent call last):
    ...
    fusebench.errors.FusebenchError: There is no Python file 'nowhere.py' to load as a plugin.
    """
    for registry in _REGISTRIES:
        len(registry)  # loads what is built in and installed, so that a file takes no name of theirs
    for path in map(Path, paths):
        if path.suffix != ".py" or not path.is_file():
            raise FusebenchError(f"There is no Python file {str(path)!r} to load as a plugin.")
        name, place = "fusebench_plugin_" + re.sub(r"\W", "_", path.stem), path.resolve()
        known = _loaded.setdefault(name, place)
        if known != place:
            raise FusebenchError(f"The plugins {known} and {place} have the same name; rename one.")
        if name not in sys.modules and not load_or_warn(partial(_import, name, place), f"The plugin {path}"):
            del _loaded[name]


def loaded_plugin_files() -> list[Path]:
    """List the files whose plugins are in use, for worker processes to load."""
    return list(_loaded.values())


def _import(name: str, path: Path) -> None:
    module = ModuleType(name)
    module.__file__ = str(path)
    with ExitStack() as stack:
        for registry in _REGISTRIES:
            stack.enter_context(registry.restored_on_error())
        sys.modules[name] = module
        try:
            SourceFileLoader(name, str(path)).exec_module(module)
        except BaseException:
            del sys.modules[name]
            raise
