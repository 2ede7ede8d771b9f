"""What is stored of one measurement: times, scores, and where they come from; one JSON file."""

from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ...errors import FusebenchError
from ...results.files import write_atomically

__all__ = ["Benchmark", "Document", "Score", "read_document", "write_document"]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Benchmark(_Strict):
    """Times of one benchmark.

    Attributes
    ----------
    name : str
        Of the test, such as ``test_fit[late-mean]``; of one's own file with its path.
    group : str
        "fit", "predict", "harness"; of one's own whatever its group is.
    fusion, family : str
        Of what strategy; empty if of none.
    rounds : list of list of float
        Seconds. A list for each process that measured it, with every timing of that process.
    """

    name: str
    group: str = ""
    fusion: str = ""
    family: str = ""
    rounds: list[list[float]] = Field(min_length=1)

    @property
    def fastest(self) -> list[float]:
        """The fastest timing of each process: what else the machine does can only add to a time."""
        return [min(timings) for timings in self.rounds]


class Score(_Strict):
    """The score of one strategy on the clean test split of one data set, with one seed.

    Attributes
    ----------
    value : float, optional
        None if the cell is not done; `status` and `reason` then say why.
    """

    dataset: str
    fusion: str
    family: str = "custom"
    seed: int
    metric: str
    direction: str = "maximize"
    value: float | None
    status: str = "done"
    reason: str = ""


class Document(_Strict):
    """One measurement.

    Attributes
    ----------
    created : datetime
        When it was made.
    commit, subject : str
        Of what was measured; empty where it is no git checkout.
    committed : datetime, optional
        Time of the commit.
    dirty : bool
        Whether files differed from the commit.
    version, python : str
        Of Fusebench and Python.
    machine : dict
        Host, system, processor, cores, memory. Times of two documents are compared only if these agree.
    packages : dict
        Versions of libraries.
    workload : str
        Hash of the file of benchmarks: times of different ones are not compared.
    benchmarks : list of Benchmark
        Times.
    scores : list of Score
        Qualities.
    failed : dict of str to str
        Benchmarks that raised, with the first line of the error.
    """

    schema_version: Literal[1] = 1
    created: datetime
    commit: str = ""
    subject: str = ""
    committed: datetime | None = None
    dirty: bool = False
    version: str = ""
    python: str = ""
    machine: dict[str, Any] = {}
    packages: dict[str, str | None] = {}
    workload: str = ""
    benchmarks: list[Benchmark] = []
    scores: list[Score] = []
    failed: dict[str, str] = {}

    @property
    def label(self) -> str:
        """The commit in short, with a plus if files differed from it; else the time."""
        if not self.commit:
            return f"{self.created:%Y-%m-%d %H:%M}"
        return self.commit[:9] + ("+" if self.dirty else "")

    def times(self) -> dict[str, list[float]]:
        """Give the fastest timing of each process, by benchmark, in seconds."""
        return {benchmark.name: benchmark.fastest for benchmark in self.benchmarks}


def read_document(path: str | Path) -> Document:
    """Read a stored measurement.

    Raises
    ------
    FusebenchError
        If the file cannot be read, or is not one that ``fusebench track`` wrote.

    Examples
    --------
    >>> read_document("nowhere.json")
    Traceback (most recent call last):
    ...
    fusebench.errors.FusebenchError: The measurement nowhere.json cannot be read: No such file or directory.
    """
    try:
        return Document.model_validate_json(Path(path).read_bytes())
    except OSError as error:
        raise FusebenchError(f"The measurement {path} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        first = error.errors()[0]
        field = ".".join(str(part) for part in first["loc"]) or "the file"
        raise FusebenchError(
            f"{path} is no measurement that `fusebench track` wrote ({field}: {first['msg']})."
        ) from error


def write_document(document: Document, path: str | Path) -> None:
    """Write a measurement; the file is replaced as a whole."""
    write_atomically(Path(path), (document.model_dump_json(indent=1) + "\n").encode())
