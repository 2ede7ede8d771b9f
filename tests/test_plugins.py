"""Installed packages that register themselves: loaded once, after the built-in ones, left out if broken."""

import sys
import types

import pytest

from fusebench.bench.planning.fingerprint import forget_sources, hash_source
from fusebench.plugins import PluginWarning, find_plugins, plugin_packages
from fusebench.registry import Registry

GROUP = "fusebench.tests"


def install(folder, package, source, names=("plugin",), group=GROUP):
    """Put a module into a folder, with the entry points that pip would write for it."""
    (folder / f"{package}.py").write_text(source)
    info = folder / f"{package}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    points = "\n".join(f"{name} = {package}" for name in names)
    (info / "entry_points.txt").write_text(f"[{group}]\n{points}\n")


@pytest.fixture
def site(tmp_path, monkeypatch):
    """A folder of installed packages; what they imported is forgotten."""
    folder = tmp_path / "site-packages"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    before = set(sys.modules)
    yield folder
    for name in set(sys.modules) - before:
        if getattr(sys.modules[name], "__file__", "").startswith(str(folder)):
            del sys.modules[name]


@pytest.fixture
def colours(monkeypatch):
    """A registry that plugins can reach, with a package of one module that is built in."""
    home = types.ModuleType("home_of_colours")
    monkeypatch.setitem(sys.modules, "home_of_colours", home)
    home.colours = Registry("colour", group=GROUP)
    home.colours.add("red", "built in")
    return home.colours


ADD = "from home_of_colours import colours\ncolours.add({name!r}, __name__)\n"


def test_plugins_are_loaded_once_when_first_asked(site, colours):
    install(site, "second", ADD.format(name="green"))
    install(site, "first", ADD.format(name="blue"), names=("a", "b"))
    assert not {"first", "second"} & set(sys.modules)
    assert list(colours) == ["red", "blue", "green"]
    assert colours["blue"] == "first"
    assert colours.match(["*e*"]) == ["red", "blue", "green"]


def test_another_group_is_not_loaded(site, colours):
    install(site, "elsewhere", "raise RuntimeError", group="fusebench.others")
    assert list(colours) == ["red"]
    assert [point.name for point in find_plugins("fusebench.others")] == ["plugin"]
    assert "elsewhere" in plugin_packages()


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import no_such_library", "ModuleNotFoundError: No module named 'no_such_library'"),
        ("def oops(:", "SyntaxError"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        (ADD.format(name="half") + "raise ValueError('one line\\nand more')", "ValueError: one line$"),
        (
            ADD.format(name="half") + ADD.format(name="red"),
            "ValueError: The colour 'red' is registered twice",
        ),
        (ADD.format(name="green"), "ValueError: The colour 'green' is registered twice"),
    ],
)
def test_a_broken_plugin_warns_and_is_left_out(site, colours, source, reason):
    install(site, "broken", source, names=("mine",))
    install(site, "a_good_one", ADD.format(name="green"))
    with pytest.warns(
        PluginWarning, match=f"'mine' \\(broken\\) of the package 'broken' is left out: {reason}"
    ):
        assert list(colours) == ["red", "green"]
    assert colours["red"] == "built in"
    assert colours["green"] == "a_good_one"
    assert list(colours) == ["red", "green"]


def test_the_source_of_an_installed_plugin_counts(site):
    install(site, "counted", "from uncounted import weight\nclass Mine: x = 1\n")
    (site / "uncounted.py").write_text("weight = 1\n")
    mine = __import__("counted").Mine

    def hash_now():
        forget_sources()
        return hash_source(mine)

    before = hash_now()
    (site / "uncounted.py").write_text("weight = 2\n")
    assert hash_now() == before  # another library, whose version is recorded
    (site / "counted.py").write_text("from uncounted import weight\nclass Mine: x = 2\n")
    assert hash_now() != before
