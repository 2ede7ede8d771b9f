"""``fusebench run --profile``: where the time went."""

from time import time

import psutil
from rich.console import Console
from rich.table import Table

from ...results.tables.formatting import count_noun
from ..profile import Profile

__all__ = ["print_profile", "seconds_since_start"]

_STAGES = {
    "start": "start, import and plan",
    "look": "find what is done",
    "run": "run cells",
    "write": "write tables and report",
}


def seconds_since_start() -> float:
    """Give the age of this process."""
    born: float = psutil.Process().create_time()
    return time() - born


def print_profile(profile: Profile) -> None:
    """Show the stages of a run, what its workers did, and what of it is overhead."""
    stages = Table("stage", "seconds", "share", title=f"{profile.total:.1f} s", title_justify="left")
    for name, seconds in profile.stages.items():
        stages.add_row(_STAGES[name], f"{seconds:.1f}", f"{seconds / profile.total:.1%}")
    console = Console()
    console.print(stages)
    if not profile.workers:
        console.print("No cell was run.")
        return
    there = profile.workers * profile.stages["run"]
    idle = there - sum(profile.work.values())
    many = count_noun(profile.workers, "worker")
    work = Table("work", "seconds", "share", title=f"{many} while cells ran", title_justify="left")
    for name, seconds in {**profile.work, "idle, or starting": idle}.items():
        work.add_row(name, f"{seconds:.1f}", f"{seconds / there:.1%}")
    console.print(work)
    console.print(
        f"Workers were busy {profile.busy:.1%} of the time that cells ran. Overhead: {profile.overhead:.1%} "
        "of the run would be left if features, fits and predictions cost nothing."
    )
