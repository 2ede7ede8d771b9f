"""How checks are bound to what they check, and what a broken one raises."""

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import TypeVar

__all__ = ["Check", "bind", "raise_broken"]

Check = tuple[str, Callable[[], None]]
S = TypeVar("S")


def bind(checks: Iterable[Callable[[S], None]], subject: S) -> Iterator[Check]:
    """Give every check as (title, function without arguments)."""
    for check in checks:
        yield check.__name__, partial(check, subject)


def raise_broken(name: str, checks: Iterable[Check]) -> None:
    """Run checks up to the first that fails.

    Raises
    ------
    AssertionError
        Saying which promise `name` breaks.
    """
    for title, check in checks:
        try:
            check()
        except AssertionError as error:
            raise AssertionError(f"{name} breaks {title}: {error}") from error
