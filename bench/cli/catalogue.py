"""``fusebench list``, ``show`` and ``check``: what there is, and whether it keeps its promises."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer

from ...errors import DataNotFoundError, FusebenchError, UnknownNameError, did_you_mean
from .running import DataDirOption

__all__ = ["check", "list_names", "show"]


class Catalogue(StrEnum):
    """What can be listed."""

    FUSIONS = "fusions"
    DATASETS = "datasets"
    SCENARIOS = "scenarios"
    METRICS = "metrics"
    PUBLISHED = "published"


JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]


def list_names(
    what: Annotated[Catalogue, typer.Argument(help="What to list.")], as_json: JsonOption = False
) -> None:
    """List fusions, datasets, scenarios, metrics or published results."""
    entries = {name: describe() for name, describe in _catalogue(what).items()}
    if as_json:
        _print_json([{"name": name, **entry} for name, entry in entries.items()])
        return
    from rich.console import Console
    from rich.table import Column, Table

    columns = _COLUMNS[what]
    table = Table(Column("name", no_wrap=True), *columns, caption=_CAPTIONS.get(what, ""), show_lines=False)
    for name, entry in entries.items():
        table.add_row(name, *(_say(entry[column]).replace(_ALL_TASKS, "all") for column in columns))
    Console().print(table)


_ALL_TASKS = "classification, multilabel, regression"

_COLUMNS = {
    Catalogue.FUSIONS: (
        "family",
        "views",
        "tasks",
        "modalities",
        "absence",
        "streams",
        "reference",
        "settings",
    ),
    Catalogue.DATASETS: ("modalities", "embedded", "summary"),
    Catalogue.SCENARIOS: ("mechanism", "applies_to", "summary"),
    Catalogue.METRICS: ("direction", "summary"),
    Catalogue.PUBLISHED: ("datasets", "strategies", "seeds", "version", "date"),
}

_CAPTIONS = {
    Catalogue.FUSIONS: "tasks: all are classification, multilabel and regression. absence: how an absent "
    "modality is handled. streams: whether data may be larger than memory. settings: defaults of "
    "parameters, less those that all networks share. `fusebench show NAME` says what a strategy does.",
    Catalogue.PUBLISHED: "`--json` has the commit, the number of records and where they come from.",
}


def show(
    name: Annotated[str, typer.Argument(help="Name of a fusion, data set, scenario, metric or suite.")],
    as_json: JsonOption = False,
) -> None:
    """Show all that is known of one name: the card of a data set, the parameters of a strategy."""
    described = _describe(name)
    if as_json:
        _print_json({"name": name, **described})
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(show_header=False, box=None, title=name, title_justify="left")
    table.add_column(style="bold", no_wrap=True)
    table.add_column(overflow="fold")
    for field, value in described.items():
        if value not in (None, "", [], {}):
            table.add_row(field, Text(_say(value)))
    Console().print(table)


def check(
    names: Annotated[
        list[str] | None, typer.Argument(help="Names of fusions or data sets.", show_default=False)
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="All fusions, and the data sets whose files are there.")
    ] = False,
    data_dir: DataDirOption = None,
) -> None:
    """Check that strategies and data sets keep the promises of their kind; exit code 1 if one breaks any."""
    from ...datasets.registry import datasets
    from ...fusions.registry import fusions

    if not names and not everything:
        raise FusebenchError("Say what to check: a name of a fusion or data set, or --all.")
    chosen = [*fusions, *datasets] if everything else names or []
    broken = [name for name in chosen if not _check_one(name, data_dir, skip_absent=everything)]
    if broken:
        typer.secho(f"Broken promises: {', '.join(broken)}.", fg=typer.colors.RED)
        raise typer.Exit(1)


def _check_one(name: str, data_dir: Path | None, *, skip_absent: bool) -> bool:
    """Run the checks of one name and say what was found; tell whether all hold."""
    from ..checks import find_checks

    kept = True
    typer.secho(name, bold=True)
    for title, run_check in find_checks(name, data_dir):
        try:
            run_check()
        except DataNotFoundError as error:  # says nothing of the promises
            if not skip_absent:
                raise
            typer.echo(f"  skipped  {error}")
            return True
        except Exception as error:
            kept = False
            first = str(error).strip().split("\n", 1)[0]
            typer.secho(f"  failed   {title}: {first or type(error).__name__}", fg=typer.colors.RED)
        else:
            typer.echo(f"  ok       {title}")
    return kept


def _catalogue(what: Catalogue) -> dict[str, Any]:
    """Give, by name, functions that describe the entries."""
    if what is Catalogue.FUSIONS:
        from ...fusions.registry import FAMILIES, fusions

        ordered = sorted(fusions.items(), key=lambda item: FAMILIES.index(item[1].family))
        return {name: (lambda info=info: _describe_fusion(info)) for name, info in ordered}
    if what is Catalogue.DATASETS:
        from ...datasets.registry import datasets

        return {name: (lambda cls=cls: _describe_dataset(cls)) for name, cls in datasets.items()}
    if what is Catalogue.SCENARIOS:
        from ..scenarios.registry import scenarios

        return {name: (lambda entry=entry: _describe_scenario(entry)) for name, entry in scenarios.items()}
    if what is Catalogue.PUBLISHED:
        from ...results.publications import find_publications

        return {name: (lambda name=name: _describe_publication(name)) for name in find_publications()}
    from ..metrics import metrics

    return {
        name: (lambda entry=entry: {"direction": entry.direction, "summary": entry.summary})
        for name, entry in metrics.items()
    }


def _describe(name: str) -> dict[str, Any]:
    known: list[str] = []
    for what in Catalogue:
        # Published results bear the name of their suite, which says more.
        entries = _catalogue(what) if what is not Catalogue.PUBLISHED else {}
        if name in entries:
            return {"kind": what.value.removesuffix("s"), **entries[name]()}
        known += entries
    from ..suite import find_suites, load_suite

    suites = find_suites()
    if name in suites:
        return {"kind": "suite", **load_suite(name).model_dump(mode="json")}
    raise UnknownNameError(f"Nothing is named {name!r}; {did_you_mean(name, [*known, *suites])}")


def _describe_fusion(info: Any) -> dict[str, Any]:
    from ...fusions.base import describe_number
    from ...fusions.neural.estimator import NeuralFusion

    options = {**dict.fromkeys(info.estimator._get_param_names()), **_defaults(info.estimator), **info.params}
    shared = _defaults(NeuralFusion) if issubclass(info.estimator, NeuralFusion) else {"random_state": 0}
    settings = {key: value for key, value in options.items() if key not in shared or shared[key] != value}
    return {
        "family": info.family,
        "summary": info.summary,
        "views": list(info.estimator.views),
        "tasks": [task.value for task in info.estimator.tasks],
        "modalities": describe_number(info.estimator.n_modalities),
        "absence": info.make().absence_handled,
        "streams": info.estimator.streams,
        "control": info.control,
        "parameters": options,
        "settings": settings,
        "search_space": {name: str(values) for name, values in info.estimator.search_space.items()},
        "reference": info.reference,
    }


def _describe_dataset(cls: Any) -> dict[str, Any]:
    dataset = cls()
    card = dataset.card
    return {
        "summary": card.title,
        "description": card.description,
        "modalities": {name: kind.value for name, kind in card.modalities.items()},
        "views": {name: list(views) for name, views in card.views.items()},
        "classes": list(card.classes),
        "synthetic": list(card.synthetic),
        "embedded": card.embedded,
        "bayes_accuracy": card.bayes_accuracy,
        "options": cls.options(),
        "severities": dataset.severities,
        "licence": card.licence,
        "citation": card.citation,
        "source": card.source,
    }


def _describe_scenario(entry: Any) -> dict[str, Any]:
    return {
        "mechanism": entry.mechanism,
        "applies_to": entry.applies_to,
        "summary": entry.summary,
        "levels": entry.levels,
        "level_name": entry.level_name,
        "modalities": None if entry.kinds is None else sorted(kind.value for kind in entry.kinds),
    }


def _describe_publication(name: str) -> dict[str, Any]:
    from ...results.publications import read_publication

    publication = read_publication(name)
    told, records = publication.provenance, publication.records
    return {
        "version": told["version"],
        "commit": str(told["commit"] or "not known")[:10],
        "date": str(told["started"])[:10],
        "datasets": sorted(told["data"]),
        "strategies": records["fusion"].nunique(),
        "seeds": sorted(records["seed"].unique().tolist()),
        "records": len(records),
    }


def _defaults(cls: type) -> dict[str, Any]:
    from inspect import signature

    return {p.name: p.default for p in signature(cls).parameters.values() if p.default is not p.empty}


def _say(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key}: {_say(item)}" for key, item in value.items())
    if isinstance(value, list | tuple):
        return ", ".join(map(_say, value))
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:g}"
    return str(value)


def _print_json(value: Any) -> None:
    import json

    typer.echo(json.dumps(value, indent=2, default=str))
