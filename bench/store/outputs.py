"""The tables, the report and the ``run.json`` that stand in the folder of a run."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ...datasets.storage import hash_files
from ...results.files import write_atomically

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["OUTPUTS", "write_outputs"]

OUTPUTS = ("results.parquet", "results.csv", "leaderboard.csv", "leaderboard.md", "report.html")


def write_outputs(records: "pd.DataFrame", provenance: dict[str, Any], folder: Path) -> None:
    """Write all of them; the leaderboard and the report only if any cell is done.

    Parameters
    ----------
    records : pandas.DataFrame
        Validated.
    provenance : dict
        For ``run.json``, which also gets the hashes of the other files; ``metric`` ranks.
    folder : Path
        Where.
    """
    from ...results.records import write_records
    from ...results.report.report import write_report
    from ...results.tables.leaderboard import write_leaderboard
    from .fits import read_fits
    from .predictions import read_outcomes

    # Gone while the others are written, and the last to be: it says that they belong to this plan.
    (folder / "run.json").unlink(missing_ok=True)
    write_records(records, folder)
    if (records["status"] == "done").any():
        write_leaderboard(records, folder, metric=provenance["metric"])
        told = {"outcomes": read_outcomes(folder, records), **read_fits(folder, records)._asdict()}
        write_report(records, provenance, folder / "report.html", metric=provenance["metric"], **told)
    files = hash_files(path for name in OUTPUTS if (path := folder / name).is_file())
    content = json.dumps({**provenance, "files": files}, indent=2) + "\n"
    write_atomically(folder / "run.json", content.encode())
