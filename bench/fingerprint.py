"""Hashes of what a cell's numbers depend on."""

import ast
import inspect
import json
import sys
from functools import lru_cache
from hashlib import sha256
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import uuid4

__all__ = ["hash_json", "hash_source"]


def hash_json(value: Any) -> str:
    """Hash a JSON value, whatever the order of its keys; 16 hexadecimal digits.

    Examples
    --------
    >>> hash_json({"a": 1, "b": 2}) == hash_json({"b": 2, "a": 1})
    True
    """
    return sha256(json.dumps(value, sort_keys=True, default=str).encode()).hexdigest()[:16]


def hash_source(thing: Any) -> str:
    """Hash the source of a class or function: its module and all that this imports of its own package.

    Comments, docstrings and layout do not count. What is defined where there is no file (a notebook, an
    interactive session) gets a hash of its own every time, so that it is never mistaken for done.

    Examples
    --------
    >>> from fusebench.fusions.base import FusionStrategy
    >>> hash_source(FusionStrategy) == hash_source(FusionStrategy)
    True
    """
    module = inspect.getmodule(thing)
    if module is None or getattr(module, "__file__", None) is None:
        return uuid4().hex[:16]
    if module.__name__ == "__main__":
        return _hash_file(str(module.__file__))[0]
    return hash_json({name: _hash_module(name)[0] for name in sorted(_closure(module.__name__))})


@lru_cache(maxsize=4096)
def _closure(start: str) -> set[str]:
    """Names of the module and of what it imports, directly or not, of its own top-level package."""
    package = start.partition(".")[0]
    found, waiting = set(), [start]
    while waiting:
        name = waiting.pop()
        if name in found or name.partition(".")[0] != package:
            continue
        found.add(name)
        waiting += _hash_module(name)[1]
    return found


@lru_cache(maxsize=4096)
def _hash_module(name: str) -> tuple[str, tuple[str, ...]]:
    origin = _find_file(name)
    if origin is None:
        return "", ()
    digest, imports = _hash_file(origin)
    is_package = Path(origin).name == "__init__.py"
    return digest, tuple(_resolve(name, is_package, level, target) for level, target in imports)


def _find_file(name: str) -> str | None:
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
