"""A plan of a hundred thousand cells, and a folder in which all of them are finished."""

import json
import os
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path

import pytest

from fusebench.bench import records, summary
from fusebench.bench.cost import read_peak
from fusebench.bench.planning.plan import make_plan
from fusebench.bench.run import run_plan
from fusebench.bench.store.cells import CellResult, Store, _checksum
from fusebench.bench.store.outputs import OUTPUTS
from fusebench.bench.store.status import read_status
from fusebench.bench.suite import Suite
from fusebench.datasets.storage import hash_files
from fusebench.results import records as tables

SUITE = Suite(datasets=("synth-*",), scenarios=("missing-*",), seeds=368)
OLD = 1_000_000_000  # long ago, in nanoseconds


def prepare(folder):
    """Write the cells, all with the same result, and let a run index them; its tables are left out."""
    cells, store = make_plan(SUITE), Store(folder)
    scores = [
        {"scenario": c.scenario.name, "modality": c.modality, "severity": c.severity, "predict_seconds": 0.1}
        | {metric.name: 0.5 for metric in cells[0].metrics}
        for c in cells[0].bundle.conditions
    ]
    result = CellResult("done", scores=scores, fit_seconds=1.0)
    document = {"ingredients": cells[0].ingredients, "result": asdict(result)}
    content = json.dumps({**document, "checksum": _checksum(json.loads(json.dumps(document)))})
    for cell in cells:
        path = store.path(cell)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content)
        os.utime(path, ns=(OLD, OLD))
    records.make_records = lambda results, _: sum(1 for _ in results)
    tables.validate = lambda found: found
    summary.write_outputs = write_outputs
    return {"cells": run_plan(SUITE, cells, out=folder).written}


def write_outputs(_, provenance, folder):
    paths = [folder / name for name in OUTPUTS]
    for path in paths:
        path.write_text("made")
    (folder / "run.json").write_text(json.dumps({**provenance, "files": hash_files(paths)}))


def resume(folder):
    """Run the same again, and ask for the status."""
    reads = []
    load = Store.load
    Store.load = lambda store, cell: reads.append(cell) or load(store, cell)
    again = run_plan(SUITE, make_plan(SUITE), out=folder)
    finished = len(read_status(folder).results)
    return {
        "ran": again.ran,
        "done": again.done,
        "finished": finished,
        "reads": len(reads),
        "peak": read_peak(),
    }


def execute(stage, folder):
    """Call one of the above in a process of its own, whose memory is that of nothing else."""
    command = [sys.executable, "-P", __file__, stage, str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.slow
def test_a_hundred_thousand_finished_cells_are_found_without_reading_them(tmp_path):
    number = execute("prepare", tmp_path)["cells"]
    assert number > 100_000
    found = execute("resume", tmp_path)
    assert (found["ran"], found["done"], found["finished"], found["reads"]) == (0, number, number, 0)
    assert not found["peak"] > 500 * 2**20  # NaN where it cannot be measured


if __name__ == "__main__":
    print(json.dumps({"prepare": prepare, "resume": resume}[sys.argv[1]](Path(sys.argv[2]))))
