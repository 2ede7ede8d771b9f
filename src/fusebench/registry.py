"""A table of named things: fusion strategies, data sets, scenarios, metrics."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fnmatch import fnmatchcase
from functools import partial
from importlib import import_module
from pkgutil import iter_modules
from typing import Generic, TypeVar

from .errors import UnknownNameError, did_you_mean
from .plugins import describe_plugin, find_plugins, load_or_warn

__all__ = ["Registry"]

T = TypeVar("T")


class Registry(Generic[T]):
    """Named entries, filled by the modules of a package and by plugins when first asked.

    Parameters
    ----------
    what : str
        What an entry is called in messages, for example ``"fusion"``.
    package : str, optional
        Every module directly in this package is imported before the first look-up, so that a new file
        registers itself. Heavy libraries must therefore be imported inside functions there.
    group : str, optional
        Entry points of installed packages, whose modules are imported next. One that fails, or that takes
        a name which is taken, is left out with a `PluginWarning`.

    Examples
    --------
    >>> colours = Registry[int]("colour")
    >>> colours.add("red", 1)
    >>> colours.add("green", 2)
    >>> colours["red"]
    1
    >>> colours.match(["*e*"])
    ['red', 'green']
    >>> colours["gren"]
    Traceback (most recent call last):
    ...
    fusebench.errors.UnknownNameError: There is no colour named 'gren'; did you mean green?
    """

    def __init__(self, what: str, package: str | None = None, group: str | None = None) -> None:
        self.what = what
        self._package = package
        self._group = group
        self._loaded = False
        self._entries: dict[str, T] = {}

    def add(self, name: str, entry: T) -> None:
        """Register an entry.

        Raises
        ------
        ValueError
            If the name is taken.
        """
        if name in self._entries:
            raise ValueError(f"The {self.what} {name!r} is registered twice.")
        self._entries[name] = entry

    def remove(self, name: str) -> None:
        """Forget an entry, for tests and notebooks that register the same name again."""
        del self._entries[self._known(name)]

    @contextmanager
    def restored_on_error(self) -> Iterator[None]:
        """Forget what was registered inside if that ends in an error."""
        self._load()
        before = dict(self._entries)
        try:
            yield
        except BaseException:
            self._entries = before
            raise

    def match(self, patterns: Iterable[str]) -> list[str]:
        """Names that match any of the globs, in the order of registration.

        Raises
        ------
        UnknownNameError
            If a pattern matches nothing.
        """
        self._load()
        chosen: set[str] = set()
        for pattern in patterns:
            found = [name for name in self._entries if fnmatchcase(name, pattern)]
            chosen.update(found or [self._known(pattern)])
        return [name for name in self._entries if name in chosen]

    def items(self) -> Iterator[tuple[str, T]]:
        """Names and entries, in the order of registration."""
        self._load()
        return iter(list(self._entries.items()))

    def __getitem__(self, name: str) -> T:
        return self._entries[self._known(name)]

    def __contains__(self, name: object) -> bool:
        self._load()
        return name in self._entries

    def __iter__(self) -> Iterator[str]:
        self._load()
        return iter(list(self._entries))

    def __len__(self) -> int:
        self._load()
        return len(self._entries)

    def _known(self, name: str) -> str:
        self._load()
        if name not in self._entries:
            raise UnknownNameError(
                f"There is no {self.what} named {name!r}; {did_you_mean(name, self._entries)}"
            )
        return name

    def _load(self) -> None:
        if self._loaded:
            return
        self._loaded = True
        if self._package is not None:
            for module in iter_modules(import_module(self._package).__path__, prefix=f"{self._package}."):
                import_module(module.name)
        # After what is built in, so that a plugin cannot take the name of anything that is.
        for point in find_plugins(self._group) if self._group is not None else []:
            load_or_warn(partial(self._load_plugin, point.module), describe_plugin(point))

    def _load_plugin(self, module: str) -> None:
        with self.restored_on_error():
            import_module(module)
