"""What the user asked for: data sets, strategies, scenarios, seeds. Built in, from a file, or by flags."""

import json
import tomllib
from importlib.resources import files
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..errors import FusebenchError, did_you_mean
from ..results.location import open_folder

__all__ = ["Suite", "find_suites", "load_suite"]


class Suite(BaseModel):
    """A declared experiment.

    Attributes
    ----------
    name, description : str
        For people; the name is kebab-case.
    datasets, fusions, scenarios : tuple of str
        Names or globs. The controls and the clean scenario are always added.
    training : tuple of str
        What is done to training and validation data, each in a fit of its own: globs of a scenario's name,
        modality and severity, such as ``label-noise-3`` or ``noise-*-audio-5``. Clean is always added.
    seeds : int
        Number of seeds: 0, 1, ...
    metric : str, optional
        The primary metric, declared before the run; that of the task when left out: accuracy, mean average
        precision where several labels may apply, or R squared.
    dataset_options, fusion_options : dict
        Options by name, where they differ from the defaults.
    tune : int
        How many trials every strategy may make to tune its parameters on validation, see
        `fusebench.fusions.tuning`; 0 for none.
    sequential : bool
        Whether a data set gets no further seeds when every gain on it is decided, see
        `fusebench.bench.sequential`.
    temper : bool
        Whether the class probabilities of every strategy are tempered on validation, see
        `fusebench.fusions.calibration`.
    quick : bool
        Smoke mode: at most two seeds and a few hundred samples. Its numbers mean nothing.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=False)

    name: str = Field(default="custom", pattern=r"^[a-z0-9][a-z0-9-]*$")
    description: str = ""
    datasets: tuple[str, ...] = Field(min_length=1)
    fusions: tuple[str, ...] = ("*",)
    scenarios: tuple[str, ...] = ("*",)
    training: tuple[str, ...] = ("clean",)
    seeds: int = Field(default=3, ge=1, le=10_000)
    metric: str | None = None
    dataset_options: dict[str, dict[str, Any]] = {}
    fusion_options: dict[str, dict[str, Any]] = {}
    tune: int = Field(default=0, ge=0, le=10_000)
    sequential: bool = False
    temper: bool = False
    quick: bool = False


def find_suites() -> dict[str, str]:
    """Names of the built-in suites, with the text of their files."""
    folder = files(__package__) / "suites"
    found = sorted(
        (item for item in folder.iterdir() if item.name.endswith(".toml")), key=lambda item: item.name
    )
    return {item.name.removesuffix(".toml"): item.read_text(encoding="utf-8") for item in found}


def load_suite(name: str | Path = "default", **changes: Any) -> Suite:
    """Load a suite and change what was asked for beside it.

    Parameters
    ----------
    name : str or Path
        A built-in name, a TOML file, or the ``plan.json`` of a run.
    **changes
        Fields to replace, as flags of the command line do; None leaves a field as it is.

    Returns
    -------
    Suite

    Raises
    ------
    FusebenchError
        If there is no such suite, or the file cannot be parsed, has an unknown field or a wrong value.

    Examples
    --------
    >>> load_suite("default", datasets=("synth-xor",), seeds=1).datasets
    ('synth-xor',)
    """
    text, origin = _read(name)
    try:
        fields = json.loads(text)["suite"] if Path(name).suffix == ".json" else tomllib.loads(text)
        fields = dict(fields)
    except (ValueError, KeyError, TypeError) as error:  # of TOML they are ValueErrors too
        kind = "the plan of a run" if Path(name).suffix == ".json" else "valid TOML"
        raise FusebenchError(f"The suite {origin} is not {kind}: {error}.") from error
    fields = {key.replace("-", "_"): value for key, value in fields.items()}
    asked = {key: value for key, value in changes.items() if value is not None}
    try:
        return Suite.model_validate({**fields, **asked})
    except ValidationError as error:
        raise FusebenchError(_explain(error, origin)) from error


def _read(name: str | Path) -> tuple[str, str]:
    built_in = find_suites()
    if str(name) in built_in:
        return built_in[str(name)], repr(str(name))
    path = open_folder(name)
    if path.suffix not in (".toml", ".json"):
        raise FusebenchError(
            f"There is no suite named {str(name)!r}; {did_you_mean(str(name), built_in)} "
            "A file of your own ends in .toml."
        )
    try:
        return path.read_text(encoding="utf-8"), str(path)
    except (OSError, UnicodeDecodeError) as error:
        raise FusebenchError(f"The suite {path} cannot be read: {error}.") from error


def _explain(error: ValidationError, origin: str) -> str:
    # An unknown field first: the one that lacks is often the same one, misspelt.
    first = min(error.errors(), key=lambda item: item["type"] != "extra_forbidden")
    field = ".".join(str(part) for part in first["loc"])
    if first["type"] == "extra_forbidden":
        hint = did_you_mean(field, Suite.model_fields)
        return f"The suite {origin} has an unknown field {field!r}; {hint}"
    if first["type"] == "missing":
        return f"The suite {origin} lacks the field {field!r}."
    message = first["msg"].replace("tuple", "list").replace("Tuple", "List")  # as it is called in a file
    return f"The suite {origin} has a wrong value for {field!r} ({first['input']!r}): {message}."
