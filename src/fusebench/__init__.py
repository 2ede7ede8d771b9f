"""Fusebench: which multimodal fusion strategy to use, and what it does when a modality is missing or noisy.

The public names are loaded when first used, so that ``import fusebench`` costs nothing.

Examples
--------
>>> import fusebench
>>> data = fusebench.load_dataset("synth-xor").features(seed=0)
>>> fusion = fusebench.make_fusion("low-rank-fusion", random_state=0).fit(data.train, data.validation)
>>> bool(fusion.score(data.test, data.test.labels) > 0.8)
True
"""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .bench.checks import check_fusion
    from .bench.metrics import register_metric
    from .bench.run import run
    from .bench.scenarios.registry import register_scenario
    from .datasets.data import Kind, Modality, MultimodalData, Splits
    from .datasets.registry import Dataset, load_dataset, register_dataset
    from .errors import FusebenchError
    from .fusions.base import FusionStrategy
    from .fusions.registry import make_fusion, register_fusion
    from .fusions.state import load_fusion, save_fusion

_HOME = {
    "Dataset": ".datasets.registry",
    "FusebenchError": ".errors",
    "FusionStrategy": ".fusions.base",
    "Kind": ".datasets.data",
    "Modality": ".datasets.data",
    "MultimodalData": ".datasets.data",
    "Splits": ".datasets.data",
    "check_fusion": ".bench.checks",
    "load_dataset": ".datasets.registry",
    "load_fusion": ".fusions.state",
    "make_fusion": ".fusions.registry",
    "register_dataset": ".datasets.registry",
    "register_fusion": ".fusions.registry",
    "register_metric": ".bench.metrics",
    "register_scenario": ".bench.scenarios.registry",
    "run": ".bench.run",
    "save_fusion": ".fusions.state",
}

__all__ = [
    "Dataset",
    "FusebenchError",
    "FusionStrategy",
    "Kind",
    "Modality",
    "MultimodalData",
    "Splits",
    "check_fusion",
    "load_dataset",
    "load_fusion",
    "make_fusion",
    "register_dataset",
    "register_fusion",
    "register_metric",
    "register_scenario",
    "run",
    "save_fusion",
]

__version__ = version("fusebench")


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'fusebench' has no attribute {name!r}")
    return getattr(import_module(_HOME[name], __name__), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
