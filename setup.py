"""List the packages; everything else is in ``pyproject.toml``."""

from setuptools import find_namespace_packages, setup

PARTS = ("bench", "fusions", "datasets", "results")

# Namespace packages too: folders that hold data only, such as bench/suites.
FOUND = [
    name
    for part in PARTS
    for name in (part, *(f"{part}.{sub}" for sub in find_namespace_packages(part, exclude=["*__pycache__*"])))
]

setup(packages=["fusebench", *(f"fusebench.{name}" for name in FOUND)])
