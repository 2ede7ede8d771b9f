"""Where something is measured: the environment of this process, or one made for a revision."""

import os
import subprocess
import sys
import sysconfig
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ...errors import FusebenchError
from ..store.provenance import collect_provenance
from .git import check_out, describe_commit, find_project

__all__ = ["Environment", "open_here", "open_revision"]

_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")
_BUILD_FILES = ("pyproject.toml", "setup.py")

# Tells for each importable thing where Python finds it.
_FIND = """
import importlib.util, sys
for name in sys.argv[1:]:
    spec = importlib.util.find_spec(name)
    print((spec.origin or next(iter(spec.submodule_search_locations))) if spec else "nowhere")
"""


@dataclass(frozen=True)
class Environment:
    """An interpreter with what is measured installed.

    Parameters
    ----------
    name : str
        For people: "base", "head", "here".
    python : Path
        The interpreter.
    folder : Path
        For files that the measurement needs.
    plugins : tuple of Path
        Files of ``--plugin``, as they are in this revision.
    source : dict
        The fields of a `Document` that tell the commit.
    site : Path, optional
        Where the revision is installed. ``PYTHONPATH`` is then kept away, which would win over it.
    packages : tuple of str
        What was installed there, by the names under which it is imported.
    """

    name: str
    python: Path
    folder: Path
    plugins: tuple[Path, ...] = ()
    source: Mapping[str, Any] = field(default_factory=dict)
    site: Path | None = None
    packages: tuple[str, ...] = ()

    @property
    def label(self) -> str:
        """The commit in short, with a plus if files differ from it; without one, the name."""
        commit = str(self.source.get("commit", ""))
        return commit[:9] + ("+" if self.source["dirty"] else "") if commit else self.name

    def execute(
        self, words: Sequence[str | Path], cwd: Path, variables: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run Python with these arguments, on one thread, and with these variables beside those of now."""
        given = variables or {}
        outer = "" if self.site else os.environ.get("PYTHONPATH", "")
        path = os.pathsep.join(filter(None, [given.get("PYTHONPATH", ""), outer]))
        # pytest-benchmark times nothing where pytest-xdist seems to be at work.
        here = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_XDIST")}
        return subprocess.run(  # noqa: S603  (the same interpreter, fixed words)
            [str(self.python), "-P", *map(str, words)],
            capture_output=True,
            text=True,
            check=False,
            cwd=cwd,
            env={**here, **dict.fromkeys(_ONE_THREAD, "1"), **given, "PYTHONPATH": path},
        )

    def check_places(self, places: Mapping[str, str]) -> None:
        """Refuse what was imported from elsewhere than the revision that was installed.

        Parameters
        ----------
        places : mapping of str to str
            Files, by the names of packages.

        Raises
        ------
        FusebenchError
            If one is not of this revision.
        """
        for name, place in places.items():
            if self.site is not None and not Path(place).resolve().is_relative_to(self.site.resolve()):
                raise FusebenchError(
                    f"The {self.name} imports {name!r} from {place}, not from the revision that was "
                    "installed for it."
                )


def open_here(folder: Path, plugins: Sequence[Path], paths: Sequence[Path] = ()) -> Environment:
    """Take the environment of this process, with what is installed in it.

    Parameters
    ----------
    folder : Path
        Must not exist.
    plugins, paths : sequence of Path
        Plugins and benchmarks of one's own. What is measured is then their commit; else that of Fusebench,
        if it is installed from a checkout; else that of the current folder.
    """
    folder.mkdir(parents=True)
    project = _find_source([*plugins, *paths])
    source = {} if project is None else describe_commit(project)
    return Environment("here", Path(sys.executable), folder, tuple(plugins), source)


def _find_source(own: Sequence[Path]) -> Path | None:
    if own:
        return find_project(own[0] if own[0].is_dir() else own[0].parent)
    commit = collect_provenance()["commit"]
    checkout = find_project(Path(__file__).parent)
    # An environment that lies in a checkout of something else has not been installed from it.
    if commit and checkout is not None and describe_commit(checkout)["commit"] == commit:
        return checkout
    return find_project(Path.cwd())


@contextmanager
def open_revision(
    name: str, folder: Path, project: Path, revision: str | None, plugins: Sequence[Path]
) -> Iterator[Environment]:
    """Install a revision of a project into an environment of its own, which shares all other libraries.

    Parameters
    ----------
    name : str
        For people.
    folder : Path
        Must not exist.
    project : Path
        Top of a checkout.
    revision : str, optional
        Without one, the files as they are.
    plugins : sequence of Path
        Files of plugins; those within the project are taken from the revision.

    Raises
    ------
    FusebenchError
        If the revision or a plugin in it does not exist, it cannot be installed, or something else than
        what was installed would be imported.
    """
    folder.mkdir(parents=True)
    with check_out(project, revision, folder / "tree") as tree:
        python, site = _make_venv(folder / "venv")
        source = describe_commit(project, revision)
        own = tuple(_plugin_of(plugin, project, tree, revision) for plugin in plugins)
        environment = Environment(name, python, folder, own, source, site)
        if any((tree / file).exists() for file in _BUILD_FILES):
            environment = replace(environment, packages=_install(tree, site, name))
            found = environment.execute(["-c", _FIND, *environment.packages], cwd=folder)
            places = dict(zip(environment.packages, found.stdout.splitlines(), strict=True))
            environment.check_places(places)
        yield environment


def _make_venv(folder: Path) -> tuple[Path, Path]:
    """Make an environment without anything, from which the libraries of this one are seen."""
    import venv

    venv.EnvBuilder(symlinks=os.name != "nt").create(folder)
    paths = sysconfig.get_paths("venv", {"base": str(folder), "platbase": str(folder)})
    site = Path(paths["purelib"])
    # They are searched last: even a library that is installed as editable comes after what is in `site`.
    lines = [f"import site; site.addsitedir({path!r})" for path in _library_folders() if Path(path) != site]
    (site / "libraries-of-fusebench.pth").write_text("\n".join(lines) + "\n", encoding="utf-8")
    return Path(paths["scripts"]) / Path(sys.executable).name, site


def _library_folders() -> list[str]:
    """List the folders of installed libraries that this process sees."""
    named = {str(Path(path).resolve()) for path in os.environ.get("PYTHONPATH", "").split(os.pathsep) if path}
    return [
        path
        for path in sys.path
        if Path(path).name in ("site-packages", "dist-packages") or str(Path(path).resolve()) in named
    ]


def _plugin_of(plugin: Path, project: Path, tree: Path, revision: str | None) -> Path:
    if not plugin.resolve().is_relative_to(project.resolve()):
        return plugin.resolve()
    there = tree / plugin.resolve().relative_to(project.resolve())
    if not there.is_file():
        raise FusebenchError(f"The plugin {plugin} does not exist in the revision {revision}.")
    return there


def _install(tree: Path, site: Path, name: str) -> tuple[str, ...]:
    """Install without what it depends on; give the names under which it is imported."""
    before = set(site.iterdir())
    words = ["-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    done = subprocess.run(  # noqa: S603  (the interpreter of this process)
        [sys.executable, *words, "--disable-pip-version-check", "--target", str(site), str(tree)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tree.parent,
    )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["pip says nothing"])[-1]
        raise FusebenchError(f"The {name} cannot be installed: {reason}")
    installed = [path for path in set(site.iterdir()) - before if path.is_dir() or path.suffix == ".py"]
    return tuple(sorted(path.stem for path in installed if path.stem.isidentifier() and path.stem != "bin"))
