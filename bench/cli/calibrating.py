"""``fusebench calibrate``: what severity 1 to 5 are on a data set."""

from typing import Annotated

import typer

from .running import DataDirOption, EncoderOption, LabelOption

__all__ = ["calibrate"]


def calibrate(
    data: Annotated[
        str,
        typer.Argument(
            metavar="DATASET", help="Name, or path of an .npz, .csv or .parquet file or a folder."
        ),
    ],
    label: LabelOption = None,
    encoder: EncoderOption = None,
    data_dir: DataDirOption = None,
) -> None:
    """Find the levels at which severities 1 to 5 cost a model of one modality the same on every data set.

    They are written beside one's own file as NAME.severities.json, or into the installed package, and used by
    every run from then on.
    """
    from threadpoolctl import threadpool_limits

    from ...datasets.calibration import Row, write_calibration
    from ...datasets.registry import load_dataset
    from ..scenarios.calibrate import LEAST_MARGIN
    from ..scenarios.calibrate import calibrate as find_levels

    given = {"label": label, "encoder": encoder}
    options = {option: value for option, value in given.items() if value is not None}
    dataset = load_dataset(data, data_dir=data_dir, **options)

    def say(key: str, row: Row) -> None:
        pairs = zip(row.levels, row.costs, strict=True)
        typer.echo(f"{key}: " + ", ".join(f"{level:g} ({cost:.0%})" for level, cost in pairs))

    typer.echo("Levels of severities 1 to 5, and the share of the margin over chance that each costs:")
    with threadpool_limits(limits=1):
        found = find_levels(dataset, say)
    for modality, margin in found.margins.items():
        if margin < LEAST_MARGIN:
            typer.echo(f"{modality} alone is at chance: severities on it stay those of the scenarios.")
    path = dataset.calibration_file
    if path is not None:
        write_calibration(found, path)
        typer.echo(f"Written: {path}")
