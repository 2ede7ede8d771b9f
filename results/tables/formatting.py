"""How numbers and lists are written: the same in the terminal, in Markdown and in the report."""

import math
from collections.abc import Iterable

__all__ = [
    "ABSENT",
    "count_noun",
    "format_bytes",
    "format_count",
    "format_interval",
    "format_number",
    "format_percent",
    "format_seconds",
    "format_signed",
    "join_words",
]

ABSENT = "–"
"""Stands for a number that there is not; never an empty place, never 0."""


def format_number(value: float) -> str:
    """Write three decimals.

    Examples
    --------
    >>> format_number(0.91249), format_number(float("nan"))
    ('0.912', '–')
    """
    return ABSENT if math.isnan(value) else f"{value:.3f}"


def format_signed(value: float) -> str:
    """Write three decimals with a sign.

    Examples
    --------
    >>> format_signed(0.0341), format_signed(-0.2), format_signed(-0.0001)
    ('+0.034', '-0.200', '+0.000')
    """
    return ABSENT if math.isnan(value) else f"{round(value, 3) + 0.0:+.3f}"


def format_interval(mean: float, low: float, high: float, *, signed: bool = False) -> str:
    """Write a mean and half the width of its symmetric interval.

    Examples
    --------
    >>> format_interval(0.912, 0.899, 0.925)
    '0.912 ± 0.013'
    >>> format_interval(0.912, float("nan"), float("nan"))  # a single seed
    '0.912 ± ?'
    """
    number = format_signed(mean) if signed else format_number(mean)
    if math.isnan(mean):
        return number
    return f"{number} ± {'?' if math.isnan(low) else format_number((high - low) / 2)}"


def format_seconds(value: float) -> str:
    """Write a time with a unit that suits it.

    Examples
    --------
    >>> [format_seconds(value) for value in (1e-7, 0.0001, 0.0123, 1.5, 90, 5400)]
    ['<1 µs', '100 µs', '12 ms', '1.5 s', '90 s', '90 min']
    """
    if math.isnan(value):
        return ABSENT
    if value < 0.5e-6:
        return "<1 µs"
    if value < 0.9995e-3:
        return f"{1e6 * value:.0f} µs"
    if value < 0.9995:
        return f"{1000 * value:.0f} ms"
    if value < 600:
        return f"{value:.1f} s" if value < 9.95 else f"{value:.0f} s"
    return f"{value / 60:.0f} min"


def format_percent(value: float) -> str:
    """Write a share of 1, rounded down, so that 100 % means all.

    Examples
    --------
    >>> format_percent(0.9996), format_percent(1.0)
    ('99 %', '100 %')
    """
    return ABSENT if math.isnan(value) else f"{math.floor(100 * value)} %"


def format_count(value: float) -> str:
    """Write a count in full up to 9999, then in thousands, millions or billions.

    Examples
    --------
    >>> [format_count(value) for value in (0, 9999, 35_652, 1_250_000, 7e9)]
    ['0', '9999', '35.7 k', '1.2 M', '7.0 G']
    """
    if math.isnan(value):
        return ABSENT
    if value < 9999.5:
        return f"{value:.0f}"
    unit, name = next(
        (u, n) for u, n in ((1e3, "k"), (1e6, "M"), (1e9, "G")) if value < 999.5 * u or n == "G"
    )
    return f"{value / unit:.1f} {name}"


def format_bytes(value: float) -> str:
    """Write an amount of memory in megabytes (10^6 bytes) or gigabytes.

    Examples
    --------
    >>> [format_bytes(value) for value in (2e5, 8.2e7, 1.25e9)]
    ['<1 MB', '82 MB', '1.2 GB']
    """
    if math.isnan(value):
        return ABSENT
    if value < 0.5e6:
        return "<1 MB"
    return f"{value / 1e6:.0f} MB" if value < 999.5e6 else f"{value / 1e9:.1f} GB"


def count_noun(number: int, noun: str) -> str:
    """Write how many there are of what.

    Examples
    --------
    >>> count_noun(0, "cell"), count_noun(1, "cell"), count_noun(2, "cell")
    ('0 cells', '1 cell', '2 cells')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"


def join_words(words: Iterable[str]) -> str:
    """Write a list as in a sentence; there must be at least one word.

    Examples
    --------
    >>> join_words(["early-mlp"]), join_words(["gmu", "film"]), join_words(["gmu", "film", "3 more"])
    ('early-mlp', 'gmu and film', 'gmu, film and 3 more')
    """
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last
