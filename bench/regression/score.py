"""Score strategies as the leaderboard does; run as a script in the environment that is measured.

It takes a file that says what to do and where to write the scores. Like the workload it imports by absolute
names.
"""

import json
import sys
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from fusebench import run
from fusebench.bench.plugin_files import load_plugin_files
from fusebench.errors import FusebenchError
from fusebench.fusions.registry import fusions

COLUMNS = ("dataset", "fusion", "family", "seed", "metric", "direction", "value", "status", "reason")


def main() -> None:
    """Run what is asked for, and write its clean scores."""
    task = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    load_plugin_files(task["plugins"])
    # A strategy that only one of two revisions has is no error: it is missing in the scores of the other.
    known = [name for name in fusions if any(fnmatchcase(name, pattern) for pattern in task["fusions"])]
    summary = run(
        datasets=task["datasets"],
        fusions=known,
        scenarios=["clean"],
        seeds=task["seeds"],
        jobs=task["jobs"],
        out=task["folder"],
    )
    rows = summary.records[summary.records["metric"].isin([summary.metric, ""])]
    rows = rows[rows["status"] != "skipped"].assign(
        reason=rows["reason"].astype(str).str.partition("\n")[0], metric=summary.metric
    )
    scores: list[dict[str, Any]] = json.loads(
        rows[list(COLUMNS)].to_json(orient="records", double_precision=15)
    )
    Path(task["out"]).write_text(json.dumps(scores), encoding="utf-8")


if __name__ == "__main__":
    try:
        main()
    except FusebenchError as error:
        sys.exit(str(error))
