"""Hashes of what a cell's numbers depend on."""

import ast
import inspect
import json
import sys
import sysconfig
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any
from uuid import uuid4

from ...plugins import plugin_packages

__all__ = ["forget_sources", "hash_json", "hash_source", "hash_texts", "write_json"]

_STANDARD_LIBRARY = Path(sysconfig.get_path("stdlib")).resolve()


def hash_json(value: Any) -> str:
    """Hash a JSON value, whatever the order of its keys; 16 hexadecimal digits.

    Examples
    --------
    >>> hash_json({"a": 1, "b": 2}) == hash_json({"b": 2, "a": 1})
    True
    """
    return _digest(write_json(value))


def write_json(value: Any) -> str:
    """Write a JSON value in the form that is hashed."""
    return json.dumps(value, sort_keys=True, default=str)


def hash_texts(members: Mapping[str, str]) -> str:
    """Hash a JSON object whose members are written already, for other objects too, as `hash_json` would.

    Examples
    --------
    >>> hash_texts({"b": write_json([1]), "a": write_json("x")}) == hash_json({"a": "x", "b": [1]})
    True
    """
    return _digest("{" + ", ".join(f"{json.dumps(name)}: {members[name]}" for name in sorted(members)) + "}")


def _digest(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:16]


def hash_source(thing: Any) -> str:
    """Hash the source of a class or function: its module, those of its bases, and all that these import.

    The standard library and installed packages other than Fusebench and its plugins do not count, nor do
    comments, docstrings and layout. What is defined where there is no file (a notebook, an interactive
    session) gets a hash of its own every time, so that it is never mistaken for done.

    Examples
    --------
    >>> from fusebench.fusions.base import FusionStrategy
    >>> hash_source(FusionStrategy) == hash_source(FusionStrategy)
    True
    """
    digests: dict[str, str] = {}
    for part in thing.__mro__ if isinstance(thing, type) else (thing,):
        module = inspect.getmodule(part)
        if module is None or (getattr(module, "__file__", None) is None and not _is_built_in(module)):
            return uuid4().hex[:16]
        digests |= {name: _hash_module(name)[0] for name in _closure(module.__name__)}
    return hash_json(digests)


def forget_sources() -> None:
    """Read the files again when next asked, since they may have changed."""
    for remembered in (_closure, _hash_module, _hash_file, _own_packages):
        remembered.cache_clear()


@lru_cache(maxsize=4096)
def _closure(start: str) -> frozenset[str]:
    """Names of the module and of what it imports, directly or not, unless these are installed packages."""
    found, waiting = set(), [start]
    while waiting:
        name = waiting.pop()
        if name not in found and _hash_module(name)[0]:
            found.add(name)
            waiting += _hash_module(name)[1]
    return frozenset(found)


def _is_built_in(module: ModuleType) -> bool:
    return module.__name__ in sys.builtin_module_names


@lru_cache(maxsize=1)
def _own_packages() -> frozenset[str]:
    return plugin_packages() | {"fusebench"}


def _is_own(origin: str, name: str) -> bool:
    """Tell code under study from the libraries around it, whose versions are recorded instead."""
    if name.partition(".")[0] in _own_packages():
        return True
    path = Path(origin).resolve()
    return not (
        {"site-packages", "dist-packages"} & set(path.parts) or path.is_relative_to(_STANDARD_LIBRARY)
    )


@lru_cache(maxsize=4096)
def _hash_module(name: str) -> tuple[str, tuple[str, ...]]:
    origin = _find_file(name)
    if origin is None or not origin.endswith(".py") or not _is_own(origin, name):
        return "", ()
    digest, imports = _hash_file(origin)
    is_package = Path(origin).name == "__init__.py"
    return digest, tuple(_resolve(name, is_package, level, target) for level, target in imports)


def _find_file(name: str) -> str | None:
    if name in sys.modules:  # "__main__" has a file, but no spec
        return getattr(sys.modules[name], "__file__", None)
    spec = _find_spec(name)
    return spec.origin if spec is not None and spec.has_location else None


def _find_spec(name: str) -> ModuleSpec | None:
    """Find a module without importing anything, its parents included, since these may import torch."""
    if name in sys.modules:
        return sys.modules[name].__spec__
    parent = name.rpartition(".")[0]
    if parent and parent not in sys.modules:
        above = _find_spec(parent)
        places = above.submodule_search_locations if above is not None else None
        return None if places is None else PathFinder.find_spec(name, places)
    try:
        return find_spec(name)
    except ModuleNotFoundError:  # a class or function: its parent is no package
        return None


@lru_cache(maxsize=4096)
def _hash_file(path: str) -> tuple[str, tuple[tuple[int, str], ...]]:
    """Hash of a file's syntax tree without docstrings, and its imports as (level, dotted name)."""
    tree = ast.parse(Path(path).read_bytes())
    imports: list[tuple[int, str]] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            imports += [(0, alias.name) for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            imports.append((node.level, node.module or ""))
            # `from . import encoders` imports a module; names that are no module are ignored later.
            imports += [(node.level, ".".join(filter(None, [node.module, a.name]))) for a in node.names]
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Module):
            first = node.body[0] if node.body else None
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant):
                node.body = node.body[1:]
    return sha256(ast.dump(tree).encode()).hexdigest()[:16], tuple(imports)


def _resolve(module: str, is_package: bool, level: int, target: str) -> str:
    """Absolute name of an import; ``from . import x`` counts as the package, whose file says the rest."""
    if level == 0:
        return target
    parts = module.split(".")
    base = parts if is_package else parts[:-1]
    return ".".join(filter(None, [*base[: len(base) - level + 1], target]))
