"""What a process that times benchmarks knows beside pytest-benchmark: a pytest plugin, run as a copy.

Like the workload it runs in the environment that is measured, and so imports by absolute names.
"""

import json
import sys
from pathlib import Path
from typing import Any

import pytest


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the name of a file that says what to do."""
    parser.addoption("--fusebench-probe", metavar="FILE", default=None)


def pytest_configure(config: pytest.Config) -> None:
    """Read what to do, and register the plugins of the person who asks."""
    path = config.getoption("fusebench_probe")
    if path is not None:
        task = json.loads(Path(path).read_text(encoding="utf-8"))
        config.option.fusebench_fusion = task["fusions"]
        config.pluginmanager.register(_Probe(task), "fusebench-probe-task")
        if task["plugins"]:
            from fusebench.bench.plugin_files import load_plugin_files

            load_plugin_files(task["plugins"])


def pytest_benchmark_generate_machine_info() -> dict[str, str]:
    """Spare the second that asking the processor takes: what asked for the times knows the machine."""
    return {}


class _Probe:
    """Keeps the benchmarks that are named, and writes down those that fail."""

    def __init__(self, task: dict[str, Any]) -> None:
        self._only = task["only"]
        self._packages = task["packages"]
        self._out = Path(task["out"])
        self._failed: dict[str, str] = {}

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        """Drop what was not asked for by its identifier."""
        if self._only is not None:
            wanted = set(self._only)
            config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in wanted])
            items[:] = [item for item in items if item.nodeid in wanted]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember why a benchmark failed, in one line."""
        if report.failed:
            crash = getattr(report.longrepr, "reprcrash", None)
            text = crash.message if crash is not None else str(report.longrepr)
            self._failed[report.nodeid] = text.strip().splitlines()[0]

    def pytest_sessionfinish(self) -> None:
        """Write which benchmarks failed, and from where what is measured was imported."""
        imported = [sys.modules[name] for name in self._packages if name in sys.modules]
        places = {module.__name__: module.__file__ or next(iter(module.__path__)) for module in imported}
        told = {"failed": self._failed, "places": places}
        self._out.write_text(json.dumps(told), encoding="utf-8")
