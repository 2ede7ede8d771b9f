"""What may be tuned: the values among which each parameter of a strategy is searched."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

__all__ = ["Choice", "Dimension", "Integer", "Real", "SearchSpace"]


@dataclass(frozen=True)
class Real:
    """A number from `low` to `high`, both included; searched on a logarithmic scale if `log` says so.

    Examples
    --------
    >>> print(Real(1e-4, 0.1, log=True))
    0.0001 to 0.1, logarithmic
    >>> 0.2 in Real(1e-4, 0.1)
    False
    """

    low: float
    high: float
    log: bool = False

    @property
    def ends(self) -> tuple[float, float]:
        """The least and the greatest value."""
        return self.low, self.high

    def __contains__(self, value: Any) -> bool:
        return isinstance(value, int | float) and self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.low:g} to {self.high:g}{', logarithmic' if self.log else ''}"


@dataclass(frozen=True)
class Integer:
    """A whole number from `low` to `high`, both included.

    Examples
    --------
    >>> print(Integer(2, 8)), 2.5 in Integer(2, 8)
    2 to 8
    (None, False)
    """

    low: int
    high: int

    @property
    def ends(self) -> tuple[int, int]:
        """The least and the greatest value."""
        return self.low, self.high

    def __contains__(self, value: Any) -> bool:
        return isinstance(value, int) and self.low <= value <= self.high

    def __str__(self) -> str:
        return f"{self.low} to {self.high}"


@dataclass(frozen=True)
class Choice:
    """One of several values: numbers, words or None.

    Examples
    --------
    >>> print(Choice((16, 32, 64)))
    16, 32 or 64
    """

    options: tuple[Any, ...]

    @property
    def ends(self) -> tuple[Any, Any]:
        """The first and the last value."""
        return self.options[0], self.options[-1]

    def __contains__(self, value: Any) -> bool:
        return value in self.options

    def __str__(self) -> str:
        *others, last = map(str, self.options)
        return f"{', '.join(others)} or {last}" if others else last


Dimension = Real | Integer | Choice
SearchSpace = Mapping[str, Dimension]
