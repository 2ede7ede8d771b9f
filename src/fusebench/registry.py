"""A table of named things: fusion strategies, data sets, scenarios, metrics."""

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from importlib import import_module
from pkgutil import iter_modules
from typing import Generic, TypeVar

from .errors import UnknownNameError, did_you_mean

__all__ = ["Registry"]

T = TypeVar("T")


class Registry(Generic[T]):
    """Named entries, filled by the modules of a package when first asked.

    Parameters
    ----------
    what : str
        What an entry is called in messages, for example ``"fusion"``.
    package : str, optional
        Every module directly in this package is imported before the first look-up, so that a new file
        registers itself. Heavy libraries must therefore be imported inside functions there.

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

    def __init__(self, what: str, package: str | None = None) -> None:
        self.what = what
        self._package = package
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
        if self._package is None:
            return
        package, self._package = self._package, None
        for module in iter_modules(import_module(package).__path__, prefix=f"{package}."):
            import_module(module.name)
