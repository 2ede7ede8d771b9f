"""What git knows of the project in which a command is given."""

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from ...errors import FusebenchError

__all__ = ["check_out", "describe_commit", "find_project"]


def find_project(folder: Path) -> Path | None:
    """Find the top of the git checkout that holds a folder; None if there is none, or no git."""
    try:
        return Path(_git(folder, "rev-parse", "--show-toplevel"))
    except FusebenchError:
        return None


def describe_commit(project: Path, revision: str | None = None) -> dict[str, Any]:
    """Give the fields of a `Document` that tell a commit; without a revision, of the files as they are.

    Raises
    ------
    FusebenchError
        If there is no such revision.
    """
    commit = _git(project, "rev-parse", "--verify", "--quiet", f"{revision or 'HEAD'}^{{commit}}")
    time, subject = _git(project, "show", "--no-patch", "--format=%cI%n%s", commit).split("\n", 1)
    dirty = revision is None and bool(_git(project, "status", "--porcelain"))
    return {
        "commit": commit,
        "committed": datetime.fromisoformat(time),
        "subject": subject,
        "dirty": dirty,
    }


@contextmanager
def check_out(project: Path, revision: str | None, folder: Path) -> Iterator[Path]:
    """Put the files of a revision into a folder of their own while the block runs.

    Parameters
    ----------
    project : Path
        Top of a checkout; nothing in it is changed.
    revision : str, optional
        Without one, the files as they are: those that git tracks, and new ones that it does not ignore.
    folder : Path
        Must not exist.
    """
    commit = describe_commit(project, revision)["commit"]
    _git(project, "worktree", "add", "--quiet", "--detach", str(folder), commit)
    try:
        if revision is None:
            _copy_changes(project, folder)
        yield folder
    finally:
        _git(project, "worktree", "remove", "--force", str(folder))


def _copy_changes(project: Path, folder: Path) -> None:
    changed = _git(project, "diff", "--name-only", "--no-renames", "-z", "HEAD")
    new = _git(project, "ls-files", "--others", "--exclude-standard", "-z")
    for name in filter(None, (changed + "\0" + new).split("\0")):
        source, target = project / name, folder / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
        else:
            target.unlink(missing_ok=True)


def _git(folder: Path, *words: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603  (a fixed command)
            ["git", "-C", str(folder), *words],  # noqa: S607
            capture_output=True,
            text=True,
            check=False,
        )
    except OSError as error:
        raise FusebenchError(f"git cannot be run: {error.strerror}.") from error
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["there is no such revision"])[-1]
        raise FusebenchError(f"git {' '.join(words)} failed in {folder}: {reason}.")
    return done.stdout.rstrip("\n")
