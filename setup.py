"""List the packages; everything else is in ``pyproject.toml``."""

from setuptools import find_packages, setup

PARTS = ("bench", "fusions", "datasets", "results")
FOUND = [name for part in PARTS for name in (part, *(f"{part}.{sub}" for sub in find_packages(part)))]

setup(packages=["fusebench", *(f"fusebench.{name}" for name in FOUND)])
