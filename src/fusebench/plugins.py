"""Code of others that registers itself: which packages have some, and what happens when it is broken."""

import warnings
from collections.abc import Callable
from importlib.metadata import EntryPoint, entry_points

__all__ = ["PluginWarning", "describe_plugin", "find_plugins", "load_or_warn", "plugin_packages"]


class PluginWarning(UserWarning):
    """A plugin that cannot be loaded; all else works without it."""


def find_plugins(group: str) -> list[EntryPoint]:
    """List the entry points of a group, by package and name, so that the order is that of no folder.

    Examples
    --------
    >>> find_plugins("fusebench.nothing")
    []
    """
    return sorted(entry_points(group=group), key=lambda point: (_package_of(point), point.name))


def plugin_packages() -> frozenset[str]:
    """Give the import packages that entry points of Fusebench lead into."""
    points = entry_points()
    groups = [group for group in points.groups if group.startswith("fusebench.")]
    return frozenset(
        point.module.partition(".")[0] for group in groups for point in points.select(group=group)
    )


def load_or_warn(load: Callable[[], object], plugin: str) -> bool:
    """Load a plugin; if that fails, warn and tell so.

    Parameters
    ----------
    load : callable
        Imports it.
    plugin : str
        Its name in the warning.

    Warns
    -----
    PluginWarning
        If it cannot be imported, whatever it raises.
    """
    try:
        load()
    except (Exception, SystemExit) as error:  # a script may end itself when it is imported
        first = str(error).strip().split("\n", 1)[0]
        reason = f"{type(error).__name__}: {first}" if first else type(error).__name__
        warnings.warn(f"{plugin} is left out: {reason}", PluginWarning, stacklevel=2)
        return False
    return True


def describe_plugin(point: EntryPoint) -> str:
    """Say which plugin of which package an entry point is."""
    return f"The plugin {point.name!r} ({point.module}) of the package {_package_of(point)!r}"


def _package_of(point: EntryPoint) -> str:
    return "" if point.dist is None else point.dist.name
